namespace Holdfast.Restic.Sftp;

/// <summary>Packet types. Source: draft-ietf-secsh-filexfer-02, section 3.</summary>
internal enum SftpType : byte
{
    Init = 1,
    Version = 2,
    Open = 3,
    Close = 4,
    Read = 5,
    Write = 6,
    FileStatus = 8,
    SetStatus = 9,
    SetFileStatus = 10,
    OpenFolder = 11,
    ReadFolder = 12,
    Remove = 13,
    MakeFolder = 14,
    Stat = 17,
    Rename = 18,
    Status = 101,
    Handle = 102,
    Data = 103,
    Name = 104,
    Attributes = 105,
    Extended = 200,
    ExtendedReply = 201,
}

/// <summary>Status codes. Source: draft-ietf-secsh-filexfer-02, section 7.</summary>
internal enum SftpStatus : uint
{
    Ok = 0,
    EndOfFile = 1,
    NoSuchFile = 2,
    PermissionDenied = 3,
    Failure = 4,
    Unsupported = 8,
}

/// <summary>Flags for opening a file. Source: draft-ietf-secsh-filexfer-02, section 6.3.</summary>
[Flags]
internal enum SftpOpen : uint
{
    Read = 1,
    Write = 2,
    Create = 8,
    Exclusive = 32,
}

/// <summary>Names of extensions. Source: OpenSSH, PROTOCOL, section 4.</summary>
internal static class SftpExtension
{
    public const string PosixRename = "posix-rename@openssh.com", Flush = "fsync@openssh.com",
        FileSystem = "statvfs@openssh.com", Limits = "limits@openssh.com";
}
