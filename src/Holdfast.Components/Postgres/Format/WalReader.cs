using System.Buffers.Binary;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Format;

/// <summary>
/// Finds the records that recovery can stop at in pages of WAL, read one after the other over any number of segments.
/// Source: PostgreSQL, src/include/access/xlog_internal.h (XLogPageHeaderData) and
/// src/backend/access/transam/xlogreader.c.
/// </summary>
/// <param name="log">The header of a segment of the WAL.</param>
/// <param name="visit">Receives each of these records that is complete.</param>
/// <param name="pass">
/// Receives the beginning of each complete record of any kind, and the LSN at which the next one may begin.
/// </param>
internal sealed class WalReader(WalHeader log, Action<StopRecord> visit, Action<NpgsqlLogSequenceNumber, NpgsqlLogSequenceNumber>? pass = null)
{
    private const int PageHeader = 24, LongPageHeader = 40, Alignment = 8;
    private const ushort Continued = 1, Long = 2;

    private byte[] _record = new byte[128];
    private NpgsqlLogSequenceNumber _start;
    private int _length, _left, _needed, _copied;

    /// <param name="pages">Whole pages.</param>
    /// <param name="address">The LSN at which the first of them begins.</param>
    public void Read(ReadOnlySpan<byte> pages, NpgsqlLogSequenceNumber address)
    {
        for (var at = 0; at + log.PageSize <= pages.Length; at += log.PageSize)
            ReadPage(pages.Slice(at, log.PageSize), (ulong)address + (ulong)at);
    }

    private void ReadPage(ReadOnlySpan<byte> page, ulong address)
    {
        // A record whose rest was never written was abandoned: after a crash, other data follows in its place.
        if (!TryEnter(page, address, out var at, out var rest) || rest != _left) _left = 0;
        if (at == 0) return;
        at = _left > 0 ? Take(page, at, address) : at + Math.Min(rest, page.Length - at);
        while ((at = Align(at)) + 4 <= page.Length && BinaryPrimitives.ReadUInt32LittleEndian(page[at..]) is >= StopRecord.HeadSize and <= int.MaxValue and var length)
        {
            (_start, _length, _left, _needed, _copied) = (new NpgsqlLogSequenceNumber(address + (ulong)at), (int)length, (int)length, StopRecord.HeadSize, 0);
            at = Take(page, at, address);
        }
    }

    /// <summary>Skips a page's header; false when the page was not written, so that reading cannot go on.</summary>
    /// <param name="page">The page.</param>
    /// <param name="address">The LSN at which it should begin.</param>
    /// <param name="at">The offset after the header.</param>
    /// <param name="rest">The number of bytes that complete a record from the pages before.</param>
    private bool TryEnter(ReadOnlySpan<byte> page, ulong address, out int at, out int rest)
    {
        (at, rest) = (0, 0);
        if (BinaryPrimitives.ReadUInt16LittleEndian(page) != log.Magic || BinaryPrimitives.ReadUInt64LittleEndian(page[8..]) != address) return false;
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(page[2..]);
        at = (flags & Long) != 0 ? LongPageHeader : PageHeader;
        if ((flags & Continued) != 0) rest = (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(page[16..]));
        return true;
    }

    /// <summary>Takes the part of the record that is on the page, and returns where that part ends.</summary>
    private int Take(ReadOnlySpan<byte> page, int at, ulong address)
    {
        var count = Math.Min(_left, page.Length - at);
        var bytes = page.Slice(at, count);
        while (_copied < _needed && !bytes.IsEmpty) bytes = Copy(bytes);
        _left -= count;
        at += count;
        if (_left > 0) return at;
        var end = new NpgsqlLogSequenceNumber(address + (ulong)Align(at));
        pass?.Invoke(_start, end);
        if (_copied > StopRecord.HeadSize && StopRecord.Read(_record.AsSpan(0, _copied), log.Version, _start, end) is { } found) visit(found);
        return at;
    }

    /// <summary>
    /// Keeps as much of a record as is needed; its header states how much that is. Memory grows with the bytes that
    /// exist, never with what a header claims: a forged one may claim 64 MiB.
    /// </summary>
    private ReadOnlySpan<byte> Copy(ReadOnlySpan<byte> bytes)
    {
        var count = Math.Min(_needed - _copied, bytes.Length);
        if (_copied + count > _record.Length) Array.Resize(ref _record, Math.Max(_copied + count, _record.Length * 2));
        bytes[..count].CopyTo(_record.AsSpan(_copied));
        _copied += count;
        if (_copied == StopRecord.HeadSize) _needed = StopRecord.Needs(_record, _length);
        return bytes[count..];
    }

    private static int Align(int at) => (at + Alignment - 1) / Alignment * Alignment;
}
