namespace Holdfast.Restic.Sftp;

/// <summary>
/// The attributes of a file from a server; null for those that it did not send. Source: draft-ietf-secsh-filexfer-02,
/// section 5.
/// </summary>
/// <param name="Size">The size in bytes.</param>
/// <param name="Mode">The mode as in stat(2), including the type.</param>
/// <param name="Modified">The modification time by the server's clock, in seconds.</param>
internal readonly record struct SftpAttributes(long? Size, uint? Mode, DateTimeOffset? Modified)
{
    private const uint TypeMask = 0xF000, RegularFile = 0x8000, Folder = 0x4000, GroupRead = 0x20, GroupKept = 0x400;

    public bool IsFolder => (Mode & TypeMask) == Folder;

    /// <summary>True for a regular file, and for an entry whose type the server did not send.</summary>
    public bool IsFile => Mode is not { } mode || (mode & TypeMask) is RegularFile or 0;

    /// <summary>True when the group may read it.</summary>
    public bool IsReadByGroup => (Mode & GroupRead) != 0;

    /// <summary>True for a set-group-ID directory that the group may read.</summary>
    public bool IsSharedFolder => (Mode & (GroupRead | GroupKept)) == (GroupRead | GroupKept);
}
