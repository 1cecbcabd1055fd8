using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Holdfast.Components.Queues.Redis;

/// <summary>
/// Reads a list page by page, from the newest item to the oldest, without changing it. Others may push and pop meanwhile: taking
/// from the far end moves nothing, and what is pushed at the near end moves everything by as much, which the overlap of the pages
/// shows. So an item that stays in the list is read once, and one that comes or goes at most once. One item is in memory at a time.
/// No more items are read than the list had when its first page had come, whatever is added behind them, and for an hour at most.
/// </summary>
internal sealed class ListPages(RedisConnection redis, RedisWord key)
{
    /// <summary>Items by which pages overlap: so many that are alike in a row are not met by chance. Of large ones two are enough.</summary>
    private const int Overlap = 16, SmallestOverlap = 2;

    /// <summary>
    /// Items of a page at most, of the first one, and the size of a page in bytes as far as the page before it shows: Redis holds a whole page in its
    /// buffer. Pages grow by doubling, because large items may follow small ones.
    /// </summary>
    private const int LargestPage = 512, FirstPage = 16, PageBytes = 4 << 20;

    private static readonly TimeSpan _longest = TimeSpan.FromHours(1);

    private int _size = FirstPage;
    private int _overlap = Overlap;

    /// <summary>The number of bytes that were requested from Redis a second time: the cost of overlaps.</summary>
    public long BytesReadAgain { get; private set; }

    /// <summary>The largest page that was asked for, in bytes.</summary>
    public long LargestPageBytes { get; private set; }

    public async IAsyncEnumerable<byte[]> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var last = Array.Empty<UInt128>();
        var (unread, pass) = ((long)FirstPage, redis.BeginPass("LRANGE", _longest));
        for (var from = 0L; ;)
        {
            var asked = last.Length + _size;
            var (count, bytes, largest, isBehind) = (0, 0L, 1, last.Length == 0);
            var window = new Queue<UInt128>(Overlap + 1);
            await foreach (var text in redis.StreamAsync(ReplyBudget.Values(asked), ["LRANGE", key, from, from + asked - 1], cancellation))
            {
                pass();
                var item = text ?? throw RedisProblem.Strange("LRANGE", redis.Place);
                (count, bytes, largest) = (count + 1, bytes + item.Length, Math.Max(largest, item.Length));
                window.Enqueue(Mark(item));
                if (window.Count > Overlap) window.Dequeue();
                if (isBehind && unread-- > 0) yield return item;
                else isBehind |= EndsIn(window, last);
                if (!isBehind || count <= last.Length) BytesReadAgain += item.Length;
            }
            LargestPageBytes = Math.Max(LargestPageBytes, bytes);
            // When what was read last is nowhere, it was taken, and all behind it was taken before.
            if (count < asked) yield break;
            if (last.Length == 0) unread = (await redis.CallAsync(cancellation, "LLEN", key)).Integer - count;
            if (unread <= 0) yield break;
            if (!isBehind)
            {
                from += count - last.Length + 1; // more than a page was pushed meanwhile: look further on
                continue;
            }
            _size = (int)Math.Clamp(PageBytes / largest, 1, Math.Min(LargestPage, 2 * _size));
            _overlap = Math.Clamp(PageBytes / 4 / largest, SmallestOverlap, Overlap);
            last = [.. window.TakeLast(_overlap)];
            from += count - last.Length;
        }
    }

    private static bool EndsIn(Queue<UInt128> window, UInt128[] last) => window.Count >= last.Length && window.TakeLast(last.Length).SequenceEqual(last);

    private static UInt128 Mark(byte[] item)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(item, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
