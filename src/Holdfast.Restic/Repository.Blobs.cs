using System.Collections.Concurrent;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic;

/// <summary>Reads blobs: from the local cache where there is one, and from any pack that has them whole.</summary>
public sealed partial class Repository
{
    /// <summary>A pack of trees that is larger is not read whole for one of them: restic's largest is 128 MiB, ours 16.</summary>
    private const int LargestWholePack = 32 << 20;

    // A pack is asked for once, however many of its trees are wanted at the same time, and not again when the cache has no
    // room for it: then its trees are read one by one. Two at once are in memory.
    private readonly SemaphoreSlim[] _packTurns = [new(1), new(1)];
    private readonly ConcurrentDictionary<Id, bool> _fetched = new();

    /// <summary>Why the local cache is not used; null where it is, and where there is none.</summary>
    public string? CacheTrouble => _files.Cache?.Trouble;

    internal LocalCache? Cache => _files.Cache;

    /// <summary>The verified plaintext of a blob, from any pack that has it whole. Damaged when none has.</summary>
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

    /// <summary>A blob that can't be had from one place, from another pack that has it too; null when there is none.</summary>
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

    /// <summary>The verified plaintext of a tree that the local cache has, which it gets whole packs for; null where there is no cache, or it cannot be had so.</summary>
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

    // A bad sector is an error of input and output.
    private static bool IsLost(ResticException failure) => failure.IsLoss || failure.Error == ResticError.InputOutput;

    /// <summary>A pack of the store that is not what its name says is not kept: its trees are read one by one, as far as they are whole.</summary>
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

    /// <summary>What the cache has may be anything: a blob that is not what its id says is removed with its pack.</summary>
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
