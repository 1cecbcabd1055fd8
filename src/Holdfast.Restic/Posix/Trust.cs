namespace Holdfast.Restic.Posix;

/// <summary>
/// Whom a place may belong to so that nobody but root and the running user can change what a name in it leads to. As systemd's CHASE_SAFE and
/// the kernel's fs.protected_symlinks, but for every folder.
/// </summary>
internal static class Trust
{
    private const uint GroupMayWrite = 0x10, OthersMayWrite = 0x2, Sticky = 0x200;

    /// <summary>True when it belongs to root or to the running user.</summary>
    public static bool IsOurs(in FileStatus status) => status.Uid == 0 || status.Uid == Accounts.EffectiveUser;

    /// <summary>
    /// True when only root and the running user can rename what these two own in the folder: nobody else may write, or it is sticky, as /tmp is.
    /// </summary>
    public static bool Protects(in FileStatus folder) => IsOurs(folder) && (!MayBeWritten(folder) || (folder.Mode & Sticky) != 0);

    /// <summary>True when the group or all others may write; the group of root is root's.</summary>
    public static bool MayBeWritten(in FileStatus folder) =>
        (folder.Mode & OthersMayWrite) != 0 || ((folder.Mode & GroupMayWrite) != 0 && folder.Gid != 0);
}
