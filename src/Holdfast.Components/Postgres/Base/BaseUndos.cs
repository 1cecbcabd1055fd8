using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Running;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.Base;

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
        if (Environment.IsPrivilegedProcess && TrustedPath.LinkedBy(folder, out var link) is not null) throw Lost(folder, $"{link} is a link that another user has made");
        using (TrustedPath.ActAsKeeper(folder))
        {
            if (FileFacts.TryFind(folder) is not { } found) return Task.CompletedTask;
            if (!found.IsFolder) throw Lost(folder, "it is no folder");
        }
        try
        {
            if (undo.Arguments.TryGetValue(Inode, out var inode)) Empty(folder, (inode, undo.Arguments[Device]));
            else if (LocalEntries.Names(folder).Count > 0) throw Lost(folder, "something is in it that the restore has not written");
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
    private static void Empty(string folder, (string Inode, string Device) made)
    {
        using var opened = ClusterFolder.Open(folder);
        var facts = FileFacts.Of(opened);
        if (made != ($"{facts.Inode}", $"{facts.Device}")) throw Lost(folder, "another folder is in its place");
        var isPrivate = facts.User == 0 || !Environment.IsPrivilegedProcess;
        using (ActingUser.As(isPrivate ? null : (facts.User, facts.Group)))
            foreach (var entry in new DirectoryInfo(isPrivate ? $"/proc/self/fd/{opened.DangerousGetHandle()}/" : folder).EnumerateFileSystemInfos().ToList())
                if (entry is DirectoryInfo { LinkTarget: null } inner) inner.Delete(recursive: true);
                else entry.Delete();
    }
}
