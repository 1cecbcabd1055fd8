using System.Collections.Concurrent;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic;

/// <summary>Reads blobs from the local cache where there is one, and from any pack with an undamaged copy.</summary>
public sealed partial class Repository
{
    /// <summary>
    /// The largest pack of trees that is read completely for one of them: restic's largest is 128 MiB, Holdfast's 16.
    /// </summary>
    private const int LargestWholePack = 32 << 20;

    // A pack is fetched once, however many of its trees are requested at the same time, and not again when the cache
    // has no room for it: then its trees are read one by one. At most two packs are in memory.
    private readonly SemaphoreSlim[] _packTurns = [new(1), new(1)];
    private readonly ConcurrentDictionary<Id, bool> _fetched = new();

    /// <summary>Why the local cache is disabled; null while it is in use, and where there is none.</summary>
    public string? CacheTrouble => _files.Cache?.Trouble;

    internal LocalCache? Cache => _files.Cache;

    /// <summary>
    /// Returns the verified plaintext of a blob, from any pack with an undamaged copy. Damaged when there is none.
    /// </summary>
    internal async Task<byte[]> LoadBlobAsync(Id id, BlobType type, CancellationToken cancellation)
    {
        var blob = (await LoadIndexAsync(cancellation)).Find(id, type);
        try
        {
            return await LoadAsync(id, blob, cancellation);
        }
        catch (ResticException lost) when (IsLost(lost))
        {
            if (await LoadElsewhereAsync(id, blob, cancellation) is { } copy) return copy;
            throw lost.Error == ResticError.NotFound ? new ResticException(ResticError.Damaged, $"A pack is lost: {lost.Message}", lost) : lost;
        }
    }

    /// <summary>Reads a blob that is damaged in one pack from another pack; null when no other pack has it.</summary>
    internal async Task<byte[]?> LoadElsewhereAsync(Id id, PackedBlob lost, CancellationToken cancellation)
    {
        foreach (var other in (await LoadIndexAsync(cancellation)).OtherPlaces(id, lost))
        {
            try
            {
                return await LoadAsync(id, other, cancellation);
            }
            catch (ResticException failure) when (IsLost(failure))
            {
                continue;
            }
        }
        return null;
    }

    /// <summary>
    /// Returns the verified plaintext of a tree from the local cache, which stores complete packs; null where there is
    /// no cache, or the tree cannot be read this way.
    /// </summary>
    internal async Task<byte[]?> LoadCachedTreeAsync(Id id, PackedBlob place, CancellationToken cancellation)
    {
        if (place.Type != BlobType.Tree || Cache is not { Trouble: null } cache) return null;
        if (TryOpenCached(cache, id, place) is { } known) return known;
        if (_fetched.ContainsKey(place.Pack)) return null;
        var turn = _packTurns[(place.Pack.GetHashCode() >>> 1) % _packTurns.Length];
        await turn.WaitAsync(cancellation);
        try
        {
            if (TryOpenCached(cache, id, place) is { } meanwhile) return meanwhile;
            if (!_fetched.TryAdd(place.Pack, true)) return null;
            return await FetchPackAsync(cache, place.Pack.ToString(), cancellation) ? TryOpenCached(cache, id, place) : null;
        }
        finally
        {
            turn.Release();
        }
    }

    // A bad sector is an I/O error.
    private static bool IsLost(ResticException failure) => failure.IsLoss || failure.Error == ResticError.InputOutput;

    /// <summary>
    /// Fetches a pack into the cache. A pack that does not match its name is not cached: its trees are read one by one,
    /// as far as they are undamaged.
    /// </summary>
    private async Task<bool> FetchPackAsync(LocalCache cache, string pack, CancellationToken cancellation)
    {
        try
        {
            var content = await Backend.ReadWholeAsync(FileKind.Pack, pack, LargestWholePack, cancellation);
            if (Id.Hash(content).ToString() != pack) return false;
            cache.Save(FileKind.Pack, pack, content);
            return true;
        }
        catch (ResticException unfit) when (unfit.IsLoss)
        {
            return false;
        }
    }

    /// <summary>
    /// Reads a blob from the cache, which is not trusted: a blob that does not match its id is removed with its pack.
    /// </summary>
    private byte[]? TryOpenCached(LocalCache cache, Id id, PackedBlob place)
    {
        var (pack, message) = (place.Pack.ToString(), new byte[place.Length]);
        if (!cache.TryReadPart(pack, place.Offset, message)) return null;
        try
        {
            var plaintext = new byte[place.PlainLength];
            DecodeBlob(message, id, place, plaintext);
            return plaintext;
        }
        catch (ResticException damaged) when (damaged.IsLoss)
        {
            cache.Remove(FileKind.Pack, pack);
            return null;
        }
    }

    private async Task<byte[]> LoadAsync(Id id, PackedBlob blob, CancellationToken cancellation)
    {
        if (await LoadCachedTreeAsync(id, blob, cancellation) is { } cached) return cached;
        var message = new byte[blob.Length];
        await Backend.ReadAsync(FileKind.Pack, blob.Pack.ToString(), blob.Offset, message, cancellation);
        var plaintext = new byte[blob.PlainLength];
        DecodeBlob(message, id, blob, plaintext);
        return plaintext;
    }
}
