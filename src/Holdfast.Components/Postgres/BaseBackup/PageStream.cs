using Holdfast.Components.Postgres.Format;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>Processes each page that is read.</summary>
/// <param name="page">The whole page.</param>
/// <param name="block">The block number of the page in the file.</param>
/// <param name="isLast">True when the page will not be read again.</param>
/// <returns>False when the page is torn or damaged: then it is read again, and passed a last time.</returns>
internal delegate bool PageVisitor(ReadOnlySpan<byte> page, uint block, bool isLast);

/// <summary>
/// Reads a file in whole pages, up to the size that it had. A page that the server is writing at the same time may be
/// torn: it is read again, so that the stored page is complete. Pages added to the file since are in the WAL.
/// </summary>
internal sealed class PageStream(LocalFile file, int pageSize, PageVisitor visit, TimeProvider clock) : ReadOnlyStream, IHoles
{
    /// <summary>
    /// How often a page is read, 1 ms apart: writing a page takes microseconds, so one that is torn in every reading is
    /// damaged.
    /// </summary>
    private const int Attempts = 10;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(1);

    /// <summary>The limit of what all streams of a copy read together; null for no limit.</summary>
    public ReadBudget? Budget { get; init; }

    private readonly long _size = file.Size;
    private readonly byte[] _page = new byte[pageSize];
    private ReadOnlyMemory<byte> _rest;
    private long _offset;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_rest.IsEmpty && buffer.Length >= pageSize) return await FillAsync(buffer[..(buffer.Length / pageSize * pageSize)], cancellationToken);
        if (_rest.IsEmpty) _rest = _page.AsMemory(0, await FillAsync(_page, cancellationToken));
        var count = Math.Min(_rest.Length, buffer.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    public long Ahead() => _rest.IsEmpty ? file.HoleAt(_offset) : 0;

    /// <summary>
    /// Visits the pages of a hole without reading them. A page of zeroes has not been written by the server yet, and
    /// has no checksum.
    /// </summary>
    public void Skip(long bytes)
    {
        var (end, page) = (_offset + bytes, new byte[pageSize]);
        for (; _offset + pageSize <= end; _offset += pageSize) visit(page, Block(0), isLast: false);
        _offset = end;
    }

    /// <summary>Reads whole pages, and the rest of a file that ends within a page.</summary>
    private async ValueTask<int> FillAsync(Memory<byte> pages, CancellationToken cancellation)
    {
        pages = pages[..(int)Math.Min(pages.Length, _size - _offset)];
        var filled = 0;
        while (filled < pages.Length && file.Read(pages.Span[filled..], _offset + filled) is var count and > 0)
        {
            Budget?.Spend(count);
            filled += count;
        }
        for (var at = 0; at + pageSize <= filled; at += pageSize)
            if (!visit(pages.Span.Slice(at, pageSize), Block(at), isLast: false)) await AgainAsync(pages.Slice(at, pageSize), at, cancellation);
        _offset += filled;
        return filled;
    }

    private async ValueTask AgainAsync(Memory<byte> page, int at, CancellationToken cancellation)
    {
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            if (attempt > 1) await Task.Delay(_pause, clock, cancellation);
            if (file.Read(page.Span, _offset + at) < pageSize) return; // the file was truncated, which is in the WAL
            if (visit(page.Span, Block(at), isLast: attempt == Attempts)) return;
        }
    }

    private uint Block(int at) => (uint)((_offset + at) / pageSize);
}
