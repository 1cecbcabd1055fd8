using Holdfast.Engine.Planning;
using Holdfast.Engine.Running;

namespace Holdfast.Components.Postgres.Base;

/// <summary>What a restore of files may owe: folders in which files grow, until they change places with the old ones.</summary>
internal sealed class BaseUndos(string cluster) : IUndoHandler
{
    private const string Folder = "folder", Mark = ".holdfast-incomplete";

    public string Kind => $"postgres/{cluster}.remove-incomplete";

    /// <summary>Where a folder grows, beside its place.</summary>
    public static string Incomplete(string place, string suffix) => place + Mark + suffix;

    /// <summary>Where the contents of a folder grow, in it: it may be a file system of its own.</summary>
    public static string Inside(string place, string suffix) => $"{place}/{Mark}{suffix}";

    public Undo RemoveIncomplete(string folder) =>
        new(Kind, $"Removes the incomplete folder {folder}.", new Dictionary<string, string>(StringComparer.Ordinal) { [Folder] = folder });

    /// <summary>Only a folder whose name a restore made up is ever removed, whatever stands in the journal.</summary>
    public Task UndoAsync(Undo undo, CancellationToken cancellation)
    {
        var folder = undo.Arguments[Folder];
        if (!Path.GetFileName(folder).Contains(Mark, StringComparison.Ordinal)) throw new InvalidDataException($"'{folder}' is not the name of an incomplete folder.");
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true); // links in it are removed, not followed
        return Task.CompletedTask;
    }
}
