using Holdfast.Components.Postgres.Format;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>What is done with each page that is read.</summary>
/// <param name="page">The page, whole.</param>
/// <param name="block">Its number in the file.</param>
/// <param name="isLast">True when it will not be read again.</param>
/// <returns>False when the page is torn or damaged: then it is read again, and told the last time.</returns>
internal delegate bool PageVisitor(ReadOnlySpan<byte> page, uint block, bool isLast);

/// <summary>
/// A file of pages, read in whole pages up to the size that it had. A page that the server writes at that very moment may be torn: it is
/// read again, so that what is stored is a page as it was written. What the file has grown by is in the WAL.
/// </summary>
internal sealed class PageStream(LocalFile file, int pageSize, PageVisitor visit, TimeProvider clock) : ReadOnlyStream, IHoles
{
    /// <summary>A write of a page takes microseconds; a hundred times as long, ten times over, is damage.</summary>
    private const int Attempts = 10;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(1);

    /// <summary>What all streams of a copy read together; null for no limit.</summary>
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

    /// <summary>Pages of a hole are visited without being read. A page of zeros is one that the server has not written yet, and has no checksum.</summary>
    public void Skip(long bytes)
    {
        var (end, page) = (_offset + bytes, new byte[pageSize]);
        for (; _offset + pageSize <= end; _offset += pageSize) visit(page, Block(0), isLast: false);
        _offset = end;
    }

    /// <summary>Reads whole pages, and the rest of a file that ends in the middle of one.</summary>
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
            if (file.Read(page.Span, _offset + at) < pageSize) return; // it was cut off meanwhile, which the WAL tells
            if (visit(page.Span, Block(at), isLast: attempt == Attempts)) return;
        }
    }

    private uint Block(int at) => (uint)((_offset + at) / pageSize);
}
