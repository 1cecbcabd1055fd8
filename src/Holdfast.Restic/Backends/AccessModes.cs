using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Backends;

/// <summary>
/// Who may read what is added to a repository. Its owner alone, unless the repository shows that a group shares it: by a config that the group may
/// read, which is what restic goes by (restic 0.14, internal/backend/util, "DeriveModesFromFileInfo"), or by a root that hands its group down
/// (set-group-ID) and that the group may read. Modes are set on descriptors, whatever the umask is.
/// </summary>
internal sealed class AccessModes(string root)
{
    private const UnixFileMode FolderBits = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.SetGroup;

    private readonly Lazy<bool> _isShared = new(() => IsShared(root));

    /// <summary>Gives a new file its mode: 0400, or 0440 in a shared repository.</summary>
    public void Apply(SafeFileHandle file)
    {
        if (_isShared.Value) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead);
    }

    /// <summary>Makes a folder for its owner alone (0700), or with the rights of the one that it lies in when the repository is shared; one that exists is left alone.</summary>
    public void MakeFolder(string path)
    {
        if (Directory.Exists(path)) return;
        Folder.Create(path);
        if (!_isShared.Value || Path.GetDirectoryName(path) is not { } parent) return;
        using var handle = Folder.Open(path);
        File.SetUnixFileMode(handle, File.GetUnixFileMode(parent) & FolderBits);
    }

    private static bool IsShared(string root)
    {
        if (!FileStatus.TryFind(root, out var folder)) return false;
        const uint handedDown = (uint)(UnixFileMode.SetGroup | UnixFileMode.GroupRead);
        return (folder.Mode & handedDown) == handedDown
            || (FileStatus.TryFind(Path.Combine(root, "config"), out var config) && (config.Mode & (uint)UnixFileMode.GroupRead) != 0);
    }
}
