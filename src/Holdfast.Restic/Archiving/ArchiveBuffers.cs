using System.Collections.Concurrent;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Archiving;

/// <summary>The memory that a snapshot is made with: buffers of chunks, compressors, and packs in the making.</summary>
/// <param name="options">How much of it.</param>
/// <param name="kept">Idle packs of each type of blobs that are kept when the others are given back.</param>
internal sealed class ArchiveBuffers(OpenOptions options, int kept = 0) : IDisposable
{
    // Each type has its own: in one that took its memory from a pack of data, a few trees would keep all of it warm.
    private readonly ConcurrentStack<PackBuilder>[] _packs = [new(), new()];

    public BufferPool Chunks { get; } = new(options.MemoryLimit / 8);

    public CompressionPool Compressions { get; } = new(options.Workers, options.CompressionLevel);

    /// <summary>An empty one; the one used last, for its memory is warm.</summary>
    public PackBuilder TakePack(BlobType type) => _packs[(int)type].TryPop(out var idle) ? idle : new PackBuilder(options.PackSize);

    public void Return(PackBuilder pack, BlobType type)
    {
        pack.Reset();
        _packs[(int)type].Push(pack);
    }

    /// <summary>No more chunks come: unless it is for the next snapshot, their memory is not needed any more.</summary>
    public void EndChunks()
    {
        if (kept == 0) Chunks.Dispose();
    }

    /// <summary>Gives idle packs back, but for those that are kept.</summary>
    public void Trim()
    {
        foreach (var packs in _packs)
            while (packs.Count > kept && packs.TryPop(out var idle)) idle.Dispose();
    }

    public void Dispose()
    {
        foreach (var packs in _packs)
            while (packs.TryPop(out var idle)) idle.Dispose();
        Chunks.Dispose();
        Compressions.Dispose();
    }
}
