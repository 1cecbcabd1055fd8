using System.Buffers.Binary;
using System.Text;

namespace Holdfast.Restic.Sftp;

/// <summary>
/// A buffer of packets that are sent together. Source: draft-ietf-secsh-filexfer-02, sections 3 and 5.
/// </summary>
internal sealed class SftpWriter
{
    private const uint WithMode = 4;

    private byte[] _bytes = new byte[64 << 10];
    private int _begin;
    private int _end;

    /// <summary>The content of the buffer.</summary>
    public ReadOnlyMemory<byte> Packets => _bytes.AsMemory(0, _end);

    public void Clear() => _end = 0;

    /// <summary>Begins a packet.</summary>
    public SftpWriter Begin(SftpType type)
    {
        _begin = _end;
        Number(0); // its length, filled in at the end
        Room(1)[0] = (byte)type;
        return this;
    }

    public void End() => BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(_begin), _end - _begin - sizeof(int));

    public SftpWriter Number(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Room(sizeof(uint)), value);
        return this;
    }

    public SftpWriter LongNumber(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(Room(sizeof(long)), value);
        return this;
    }

    /// <summary>Writes bytes, preceded by their length.</summary>
    public SftpWriter Bytes(ReadOnlySpan<byte> value)
    {
        Number((uint)value.Length);
        value.CopyTo(Room(value.Length));
        return this;
    }

    public SftpWriter Text(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Number((uint)length);
        Encoding.UTF8.GetBytes(value, Room(length));
        return this;
    }

    /// <summary>Writes attributes with only the mode; without any for null.</summary>
    public SftpWriter Mode(uint? mode) => mode is { } bits ? Number(WithMode).Number(bits) : Number(0);

    private Span<byte> Room(int count)
    {
        if (_bytes.Length - _end < count) Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _end + count));
        _end += count;
        return _bytes.AsSpan(_end - count, count);
    }
}
