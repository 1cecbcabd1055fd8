using System.Runtime.CompilerServices;

namespace Holdfast.Components.Queues;

/// <summary>
/// Reads a list page by page, from the newest item to the oldest, without changing it. Others may push and pop meanwhile: taking
/// from the far end moves nothing, and what is pushed at the near end moves everything by as much, which the overlap of the pages
/// shows. So an item that stays in the list is read once, and one that comes or goes at most once.
/// </summary>
internal sealed class ListPages(RedisConnection redis, string key)
{
    /// <summary>Items by which pages overlap: so many that are alike in a row are not met by chance.</summary>
    private const int Overlap = 16;

    /// <summary>Items of a page at most, and its size in bytes as far as earlier pages tell: memory stays the same whatever the list is.</summary>
    private const int LargestPage = 1000, PageBytes = 4 << 20;

    private int _size = 100;

    public async IAsyncEnumerable<byte[]> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var last = new List<byte[]>();
        for (var from = 0L; ;)
        {
            var asked = last.Count + _size;
            var page = await LoadAsync(from, asked, cancellation);
            var behind = Behind(last, page);
            foreach (var item in page.Skip(behind ?? page.Count)) yield return item;
            // When what was read last is nowhere, it was taken, and all behind it was taken before.
            if (page.Count < asked) yield break;
            if (behind is null)
            {
                from += page.Count - last.Count + 1; // more than a page was pushed meanwhile: look further on
                continue;
            }
            last = [.. page.TakeLast(Overlap)];
            from += page.Count - last.Count;
            _size = (int)Math.Clamp(PageBytes / Math.Max(1, page.Max(item => item.Length)), 1, LargestPage);
        }
    }

    private async Task<IReadOnlyList<byte[]>> LoadAsync(long from, int count, CancellationToken cancellation)
    {
        var reply = await redis.CallAsync(cancellation, "LRANGE", key, from, from + count - 1);
        return [.. reply.Items.Select(item => item.Bytes!)];
    }

    /// <summary>Where in the page the items begin that follow those read last; null when those are not in it.</summary>
    private static int? Behind(List<byte[]> last, IReadOnlyList<byte[]> page)
    {
        if (last.Count == 0) return 0;
        for (var at = 0; at + last.Count <= page.Count; at++)
            if (Fits(last, page, at)) return at + last.Count;
        return null;
    }

    private static bool Fits(List<byte[]> last, IReadOnlyList<byte[]> page, int at)
    {
        for (var i = 0; i < last.Count; i++)
            if (!page[at + i].AsSpan().SequenceEqual(last[i])) return false;
        return true;
    }
}
