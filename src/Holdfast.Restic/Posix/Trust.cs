namespace Holdfast.Restic.Posix;

/// <summary>
/// Decides whether only root and the running user can change what a name in a directory refers to. Similar to systemd's
/// CHASE_SAFE and the kernel's fs.protected_symlinks, but for every directory.
/// </summary>
internal static class Trust
{
    private const uint GroupMayWrite = 0x10, OthersMayWrite = 0x2, Sticky = 0x200;

    /// <summary>Returns true when the entry belongs to root or to the running user.</summary>
    public static bool IsOurs(in FileStatus status) => status.Uid == 0 || status.Uid == Accounts.EffectiveUser;

    /// <summary>
    /// Returns true when only root and the running user can rename their entries in the directory: no other user may
    /// write, or it is sticky, as /tmp is.
    /// </summary>
    public static bool Protects(in FileStatus folder) => IsOurs(folder) && (!MayBeWritten(folder) || (folder.Mode & Sticky) != 0);

    /// <summary>Returns true when the group or all others may write; root's group counts as root.</summary>
    public static bool MayBeWritten(in FileStatus folder) =>
        (folder.Mode & OthersMayWrite) != 0 || ((folder.Mode & GroupMayWrite) != 0 && folder.Gid != 0);
}
