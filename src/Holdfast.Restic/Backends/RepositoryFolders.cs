using System.Collections.Concurrent;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Backends;

/// <summary>
/// The directories of a local repository, each resolved once. A symbolic link in a path is followed only where root or
/// the running user alone could have created it. A directory in which another user can replace entries is held open and
/// used by its descriptor, so that replacing it has no effect. May be used from several threads.
/// </summary>
internal sealed class RepositoryFolders(string root)
{
    private const int NotADirectory = 20; // ENOTDIR

    private readonly ConcurrentDictionary<string, Found> _found = new(StringComparer.Ordinal);

    /// <summary>A directory whose path no other user can redirect.</summary>
    /// <param name="Path">The path of the directory.</param>
    /// <param name="Held">
    /// The open directory, where another user can replace entries in it; then no file in it may be a symbolic link.
    /// Null where only root and the running user can.
    /// </param>
    public sealed record Found(string Path, OpenFolder? Held);

    /// <summary>Returns the directory with a path below the root; the root itself for an empty path.</summary>
    /// <exception cref="DirectoryNotFoundException">The directory does not exist.</exception>
    /// <exception cref="IOException">
    /// Another user could have created a symbolic link in its path, or the path is a file.
    /// </exception>
    public Found Find(string relative)
    {
        if (_found.TryGetValue(relative, out var known) && known.Held?.Status.Links != 0) return known; // an open directory without links was removed
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
