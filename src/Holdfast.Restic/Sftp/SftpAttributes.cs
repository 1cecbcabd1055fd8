namespace Holdfast.Restic.Sftp;

/// <summary>What a server says of a file; null for what it does not say. Source: draft-ietf-secsh-filexfer-02, section 5.</summary>
/// <param name="Size">In bytes.</param>
/// <param name="Mode">As of stat(2), with the type.</param>
/// <param name="Modified">By the server's clock, to the second.</param>
internal readonly record struct SftpAttributes(long? Size, uint? Mode, DateTimeOffset? Modified)
{
    private const uint TypeMask = 0xF000, RegularFile = 0x8000, Folder = 0x4000, GroupRead = 0x20, GroupKept = 0x400;

    public bool IsFolder => (Mode & TypeMask) == Folder;

    /// <summary>True for a file, and for what the server tells no type of.</summary>
    public bool IsFile => Mode is not { } mode || (mode & TypeMask) is RegularFile or 0;

    /// <summary>The group may read it.</summary>
    public bool IsReadByGroup => (Mode & GroupRead) != 0;

    /// <summary>A folder that hands its group down, which may read it.</summary>
    public bool IsSharedFolder => (Mode & (GroupRead | GroupKept)) == (GroupRead | GroupKept);
}
