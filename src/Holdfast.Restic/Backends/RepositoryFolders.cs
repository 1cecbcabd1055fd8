using System.Collections.Concurrent;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Backends;

/// <summary>
/// The folders of a local repository, each found once. A link on the way to one is followed only where root or the running user alone could have made it.
/// Where another user can exchange what is in a folder, the folder is held open and used by its descriptor: what is put in its place leads nowhere.
/// May be used from several threads.
/// </summary>
internal sealed class RepositoryFolders(string root)
{
    private const int NotADirectory = 20; // ENOTDIR

    private readonly ConcurrentDictionary<string, Found> _found = new(StringComparer.Ordinal);

    /// <summary>A folder by a path that no other user can lead elsewhere.</summary>
    /// <param name="Path">The path.</param>
    /// <param name="Held">The open folder, where another user can exchange what is in it; then no file in it may be a link. Null where only root and the running user can.</param>
    public sealed record Found(string Path, OpenFolder? Held);

    /// <summary>The folder with a path below the root; the root itself for an empty one.</summary>
    /// <exception cref="DirectoryNotFoundException">It is not there.</exception>
    /// <exception cref="IOException">Another user could have made a link on the way to it, or a file is there.</exception>
    public Found Find(string relative)
    {
        if (_found.TryGetValue(relative, out var known) && known.Held?.Status.Links != 0) return known; // without a name it was removed
        return _found[relative] = Open(relative.Length == 0 ? root : Path.Combine(root, relative));
    }

    private static Found Open(string path)
    {
        try
        {
            if (TrustedPath.Open(path, make: null) is not { } opened)
                throw File.Exists(path) ? new IOException($"'{path}' is no folder.", NotADirectory) : new DirectoryNotFoundException($"'{path}' is not there.");
            if (!opened.IsTrusted) return new Found($"/proc/self/fd/{opened.Folder.Handle.DangerousGetHandle()}", opened.Folder);
            opened.Folder.Dispose();
            return new Found(path, null);
        }
        catch (PosixException refused)
        {
            throw refused.Errno switch
            {
                Errno.EACCES => new UnauthorizedAccessException(refused.Message, refused),
                Errno.ENOENT => new DirectoryNotFoundException(refused.Message, refused),
                Errno.ELOOP => new IOException($"{refused.Message}.", (int)refused.Errno),
                _ => new IOException($"{refused.Message}.", refused),
            };
        }
    }
}
