using System.Buffers.Binary;
using System.Text;

namespace Holdfast.Restic.Sftp;

/// <summary>
/// Parses one packet, whose bytes are untrusted. Source: draft-ietf-secsh-filexfer-02, sections 3 and 5.
/// </summary>
/// <param name="bytes">The packet without its length.</param>
internal ref struct SftpReader(ReadOnlySpan<byte> bytes)
{
    private const uint WithSize = 1, WithOwner = 2, WithMode = 4, WithTimes = 8, WithMore = 0x8000_0000;

    /// <summary>The limit for characters of a server's message.</summary>
    private const int LongestMessage = 200;

    private ReadOnlySpan<byte> _left = bytes;

    public readonly bool IsAtEnd => _left.IsEmpty;

    public SftpType Type() => (SftpType)Take(1)[0];

    public uint Number() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public ulong LongNumber() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    /// <summary>Reads a text or other bytes, preceded by their length.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        var length = Number();
        return length <= (uint)_left.Length ? Take((int)length) : throw Short();
    }

    public string Text() => Encoding.UTF8.GetString(Bytes());

    public SftpAttributes Attributes()
    {
        var flags = Number();
        long? size = (flags & WithSize) != 0 ? Size() : null;
        if ((flags & WithOwner) != 0) Take(8);
        uint? mode = (flags & WithMode) != 0 ? Number() : null;
        DateTimeOffset? modified = (flags & WithTimes) != 0 ? Times() : null;
        if ((flags & WithMore) != 0) SkipExtensions();
        return new SftpAttributes(size, mode, modified);
    }

    /// <summary>Reads the code and the message of a status; control characters are removed.</summary>
    public SftpFailure Failure()
    {
        var status = (SftpStatus)Number();
        var words = IsAtEnd ? "" : Text(); // servers of version 2 send no message
        var plain = string.Concat(words.Take(LongestMessage).Select(letter => char.IsControl(letter) ? ' ' : letter)).Trim();
        return new SftpFailure(status, plain.Length > 0 ? plain : $"status {(uint)status}");
    }

    private long Size() => LongNumber() is var size and <= long.MaxValue ? (long)size : throw new SftpViolation("a file is larger than any can be");

    private DateTimeOffset Times()
    {
        Take(4);
        return DateTimeOffset.FromUnixTimeSeconds(Number());
    }

    private void SkipExtensions()
    {
        for (var count = Number(); count > 0; count--)
        {
            Bytes();
            Bytes();
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _left.Length) throw Short();
        var taken = _left[..count];
        _left = _left[count..];
        return taken;
    }

    private static SftpViolation Short() => new("a packet is shorter than what it holds");
}
