using System.Buffers;
using Holdfast.Components.Postgres.Format;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>Compares a file with the map of how it is stored, page by page.</summary>
internal sealed class PageChanges(PageMap map, PageList? before)
{
    /// <summary>When more pages than one in so many have changed, the file is stored whole: from there on it costs less, over many captures, to begin anew.</summary>
    private const int Share = 4;

    private const int Buffer = 256 << 10;

    /// <summary>Finds the pages that have changed; null when they are too many.</summary>
    /// <param name="open">Opens the file, with what else is to be done with its pages.</param>
    /// <param name="length">Bytes of the file.</param>
    /// <param name="cancellation">Stops it.</param>
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

    /// <summary>What was in the last list and is as it was then comes first, in the order of then: so its chunks are found again.</summary>
    private List<ChangedPage> InOrder(Dictionary<uint, ulong> changed)
    {
        var order = new List<ChangedPage>(changed.Count);
        foreach (var page in before?.Pages ?? [])
            if (changed.TryGetValue(page.Block, out var hash) && hash == page.Hash && changed.Remove(page.Block)) order.Add(page);
        order.AddRange(changed.Select(page => new ChangedPage(page.Key, page.Value)).OrderBy(page => page.Block));
        return order;
    }
}

/// <summary>The changed pages of a file, one after the other. One that has been cut off since is zeroes; the WAL says that it is gone.</summary>
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
