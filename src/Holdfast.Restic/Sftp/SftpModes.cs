namespace Holdfast.Restic.Sftp;

/// <summary>
/// The permissions of what is added to a repository on a server: for its owner alone, or for a group too, as in a local
/// repository (<see cref="Backends.AccessModes"/>). May be used by several threads.
/// </summary>
internal sealed class SftpModes(SftpPaths paths)
{
    /// <summary>
    /// The default mode of files, restic's on such a server: not every server renames a read-only file. 0600.
    /// </summary>
    public const uint OwnersFile = 0x180; // 0600

    public const uint OwnersFolder = 0x1C0; // 0700

    private const uint SharedFile = 0x1A0; // 0640

    /// <summary>The permission bits of owner and group, and set-group-ID.</summary>
    private const uint HandedDown = 0x5F8; // 02770

    private bool? _isShared;

    /// <summary>
    /// Returns the mode of a new file, and whether it must be set regardless of the umask of the server.
    /// </summary>
    public async Task<(uint Mode, bool IsExact)> OfFilesAsync(SftpFiles files)
    {
        var isShared = await IsSharedAsync(files);
        return (isShared ? SharedFile : OwnersFile, isShared);
    }

    /// <summary>Creates missing directories, parents first.</summary>
    public async Task MakeFoldersAsync(SftpFiles files, IReadOnlyList<string> folders)
    {
        var there = await IsSharedAsync(files) ? await files.StatAsync(folders) : null;
        await files.MakeFoldersAsync(folders, OwnersFolder);
        for (var i = 0; i < there?.Length; i++)
        {
            if (there[i] is not null) continue;
            var parent = await files.StatAsync(folders[i][..folders[i].LastIndexOf('/')]);
            if (parent is [{ Mode: { } mode }]) await files.SetModeAsync(folders[i], mode & HandedDown);
        }
    }

    private async Task<bool> IsSharedAsync(SftpFiles files)
    {
        if (_isShared is { } known) return known;
        var found = await files.StatAsync(paths.Root, paths.Of("config"));
        _isShared = found is [{ IsSharedFolder: true }, _] or [_, { IsReadByGroup: true }];
        return _isShared.Value;
    }
}
