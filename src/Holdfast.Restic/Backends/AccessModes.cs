using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Backends;

/// <summary>
/// The permissions of what is added to a repository. Only the owner has access, unless the repository shows that a
/// group shares it: by a config that is readable by the group, which is restic's criterion (restic 0.14,
/// internal/backend/util, "DeriveModesFromFileInfo"), or by a root directory that is set-group-ID and readable by the
/// group. Modes are set on descriptors, independently of the umask.
/// </summary>
internal sealed class AccessModes(string root)
{
    private const UnixFileMode FolderBits = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.SetGroup;

    private readonly Lazy<bool> _isShared = new(() => IsShared(root));

    /// <summary>Sets the mode of a new file: 0400, or 0440 in a shared repository.</summary>
    public void Apply(SafeFileHandle file)
    {
        if (_isShared.Value) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead);
    }

    /// <summary>
    /// Creates a directory with mode 0700, or with the permissions of its parent directory when the repository is
    /// shared; an existing directory is left unchanged.
    /// </summary>
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
