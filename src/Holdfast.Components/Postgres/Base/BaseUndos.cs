using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
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
        if (Environment.IsPrivilegedProcess && TrustedPath.LinkedBy(folder, out var link) is not null) throw Lost(folder, $"{link} is a link that another user has made");
        using (TrustedPath.ActAsKeeper(folder))
        {
            if (FileFacts.TryFind(folder) is not { } found) return Task.CompletedTask;
            if (!found.IsFolder) throw Lost(folder, "it is no folder");
        }
        try
        {
            Empty(folder);
            using (TrustedPath.ActAsKeeper(folder)) Directory.Delete(folder);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw Lost(folder, refused.Message.TrimEnd('.'));
        }
        return Task.CompletedTask;
    }

    /// <summary>Who owns the folder above can make it so for ever, and nothing of it is followed: then a person has to look.</summary>
    private static ProblemException Lost(string folder, string why) => Catalogue.UndoLost.Throwable(
        $"The incomplete folder {folder} of a restore was not removed: {why}.", $"Look at {folder} and what lies beside it, and remove what is there with '{Mark}' in its name, and the folder of root's that it may have become.");

    /// <summary>Until it is handed over only root can enter it, and it is emptied by what was opened; after that, as its owner. Links in it are removed, not followed.</summary>
    private static void Empty(string folder)
    {
        using var opened = ClusterFolder.Open(folder);
        var facts = FileFacts.Of(opened);
        var isPrivate = facts.User == 0 || !Environment.IsPrivilegedProcess;
        using (ActingUser.As(isPrivate ? null : (facts.User, facts.Group)))
            foreach (var entry in new DirectoryInfo(isPrivate ? $"/proc/self/fd/{opened.DangerousGetHandle()}/" : folder).EnumerateFileSystemInfos().ToList())
                if (entry is DirectoryInfo { LinkTarget: null } inner) inner.Delete(recursive: true);
                else entry.Delete();
    }
}
