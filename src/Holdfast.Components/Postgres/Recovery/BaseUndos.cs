using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>What a restore of files may owe: folders in which files grow, until they change places with the old ones.</summary>
internal sealed class BaseUndos(string cluster) : IUndoHandler
{
    private const string Folder = "folder", Inode = "inode", Device = "device", Mark = ".holdfast-incomplete";

    public string Kind => $"postgres/{cluster}.remove-incomplete";

    /// <summary>Where a folder grows, beside its place.</summary>
    public static string Incomplete(string place, string suffix) => place + Mark + suffix;

    /// <summary>Where the contents of a folder grow, in it: it may be a file system of its own.</summary>
    public static string Inside(string place, string suffix) => $"{place}/{Mark}{suffix}";

    /// <summary>Registered before the folder is made, and again with what it is once it was made.</summary>
    /// <param name="folder">Its path.</param>
    /// <param name="made">The folder itself, which its owner's user cannot make another one into; null while it is not made, and then it is removed only when it is empty.</param>
    public Undo RemoveIncomplete(string folder, FileFacts? made = null)
    {
        var words = new Dictionary<string, string>(StringComparer.Ordinal) { [Folder] = folder };
        if (made is { } facts) (words[Inode], words[Device]) = ($"{facts.Inode}", $"{facts.Device}");
        return new(Kind, $"Removes the incomplete folder {folder}.", words);
    }

    /// <summary>Only a folder whose name a restore made up, and which that restore has made, is ever emptied.</summary>
    public Task UndoAsync(Undo undo, CancellationToken cancellation)
    {
        var folder = undo.Arguments[Folder];
        if (!Path.GetFileName(folder).Contains(Mark, StringComparison.Ordinal)) throw new InvalidDataException($"'{folder}' is not the name of an incomplete folder.");
        PrivateTree.Remove(folder, Mark, undo.Arguments.TryGetValue(Inode, out var inode) ? (inode, undo.Arguments[Device]) : null);
        return Task.CompletedTask;
    }
}
