namespace Holdfast.Restic.Sftp;

/// <summary>The free space of a file system. Source: OpenSSH, PROTOCOL, section 4.4.</summary>
/// <param name="Free">Bytes that this user may still write.</param>
/// <param name="FreeFiles">Files that may still be created; null where there is no such limit.</param>
/// <param name="IsReadOnly">Whether the file system is read-only.</param>
internal sealed record SftpRoom(decimal Free, ulong? FreeFiles, bool IsReadOnly)
{
    private const ulong ReadOnlyFlag = 1;

    /// <summary>Parses an answer: eleven numbers of statvfs(3).</summary>
    public static SftpRoom Read(SftpReader answer)
    {
        answer.LongNumber(); // f_bsize
        var unit = answer.LongNumber();
        answer.LongNumber(); // f_blocks
        answer.LongNumber(); // f_bfree
        var free = answer.LongNumber();
        var files = answer.LongNumber();
        answer.LongNumber(); // f_ffree
        var freeFiles = answer.LongNumber();
        answer.LongNumber(); // f_fsid
        var flags = answer.LongNumber();
        return new SftpRoom((decimal)free * unit, files == 0 ? null : freeFiles, (flags & ReadOnlyFlag) != 0);
    }

    /// <summary>Returns true when a file of this size does not fit.</summary>
    public bool IsTooSmallFor(long bytes) => Free < bytes || FreeFiles == 0;
}
