using System.Buffers;
using Holdfast.Components.Postgres.Format;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>Compares a file page by page with the map of its stored content.</summary>
internal sealed class PageChanges(PageMap map, PageList? before)
{
    /// <summary>
    /// The share of changed pages, one in so many, above which the file is stored whole: over many captures this costs
    /// less.
    /// </summary>
    private const int Share = 4;

    private const int Buffer = 256 << 10;

    /// <summary>Finds the pages that have changed; null when there are too many.</summary>
    /// <param name="open">Opens the file with an additional visitor of its pages.</param>
    /// <param name="length">The size of the file in bytes.</param>
    /// <param name="cancellation">Cancels the comparison.</param>
    public async Task<PageList?> FindAsync(Func<PageVisitor, PageStream> open, long length, CancellationToken cancellation)
    {
        var changed = new Dictionary<uint, ulong>();
        await using var pages = open((page, block, _) =>
        {
            var hash = map.Hash(page);
            if (map[block] == hash) changed.Remove(block);
            else changed[block] = hash;
            return true;
        });
        var most = Math.Max(length / map.PageSize, map.Count) / Share;
        var buffer = ArrayPool<byte>.Shared.Rent(Buffer);
        try
        {
            while (await pages.ReadAsync(buffer.AsMemory(0, Buffer), cancellation) > 0)
                if (changed.Count > most) return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return changed.Count > most ? null : new PageList(map.PageSize, length, InOrder(changed));
    }

    /// <summary>
    /// Returns the changed pages: first those that are the same as in the previous list, in its order, so that their
    /// chunks are found again.
    /// </summary>
    private List<ChangedPage> InOrder(Dictionary<uint, ulong> changed)
    {
        var order = new List<ChangedPage>(changed.Count);
        foreach (var page in before?.Pages ?? [])
            if (changed.TryGetValue(page.Block, out var hash) && hash == page.Hash && changed.Remove(page.Block)) order.Add(page);
        order.AddRange(changed.Select(page => new ChangedPage(page.Key, page.Value)).OrderBy(page => page.Block));
        return order;
    }
}

/// <summary>
/// The changed pages of a file, one after the other. A page that was truncated in the meantime is read as zeroes; the
/// WAL holds the truncation.
/// </summary>
internal sealed class ChangedPageStream(LocalFile file, PageList list) : ReadOnlyStream
{
    private readonly byte[] _page = new byte[list.PageSize];
    private int _next;
    private ReadOnlyMemory<byte> _rest;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_rest.IsEmpty && _next < list.Pages.Count)
        {
            var read = file.Read(_page, (long)list.Pages[_next++].Block * list.PageSize);
            _page.AsSpan(read).Clear();
            _rest = _page;
        }
        var count = Math.Min(_rest.Length, buffer.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return ValueTask.FromResult(count);
    }
}
