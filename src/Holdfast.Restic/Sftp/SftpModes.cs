namespace Holdfast.Restic.Sftp;

/// <summary>
/// Who may read what is added to a repository on a server: its owner alone, or a group too, as a local repository has it
/// (<see cref="Backends.AccessModes"/>). May be used by several threads.
/// </summary>
internal sealed class SftpModes(SftpPaths paths)
{
    /// <summary>What restic gives on such a server: not every server renames a file that nobody may write. 0600.</summary>
    public const uint OwnersFile = 0x180; // 0600

    public const uint OwnersFolder = 0x1C0; // 0700

    private const uint SharedFile = 0x1A0; // 0640

    /// <summary>The rights of owner and group, and set-group-ID.</summary>
    private const uint HandedDown = 0x5F8; // 02770

    private bool? _isShared;

    /// <summary>The mode of a new file, and whether it has to be set whatever the mask of the server is.</summary>
    public async Task<(uint Mode, bool IsExact)> OfFilesAsync(SftpFiles files)
    {
        var isShared = await IsSharedAsync(files);
        return (isShared ? SharedFile : OwnersFile, isShared);
    }

    /// <summary>Makes folders that are not there yet, each in one that is.</summary>
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
