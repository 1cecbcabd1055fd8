using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Holdfast.Components.Queues.Redis;

/// <summary>Digests of lists, item by item in order, so that long ones can be compared without being held.</summary>
internal sealed class ListDigests : IDisposable
{
    private readonly Dictionary<string, IncrementalHash> _lists = new(StringComparer.Ordinal);

    public bool IsEmpty => _lists.Count == 0;

    public void Add(string list, ReadOnlySpan<byte> item)
    {
        if (!_lists.TryGetValue(list, out var hash)) _lists[list] = hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, item.Length);
        hash.AppendData(length);
        hash.AppendData(item);
    }

    /// <summary>The lists that have the same items in both.</summary>
    public IReadOnlyList<string> SameAs(ListDigests other) =>
        [.. _lists.Where(list => other._lists.TryGetValue(list.Key, out var hash) && hash.GetCurrentHash().AsSpan().SequenceEqual(list.Value.GetCurrentHash())).Select(list => list.Key)];

    public void Dispose()
    {
        foreach (var hash in _lists.Values) hash.Dispose();
    }
}
