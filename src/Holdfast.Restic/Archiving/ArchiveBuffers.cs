using System.Collections.Concurrent;
using Holdfast.Restic.Packs;

namespace Holdfast.Restic.Archiving;

/// <summary>The buffers for writing snapshots: chunk buffers, compressors, and pack builders.</summary>
/// <param name="options">The size of the buffers.</param>
/// <param name="kept">
/// The number of idle pack builders of each blob type that are kept when the others are released.
/// </param>
internal sealed class ArchiveBuffers(OpenOptions options, int kept = 0) : IDisposable
{
    // Each blob type has its own builders: a builder shared between types would keep memory sized for data packs in use
    // for a few trees.
    private readonly ConcurrentStack<PackBuilder>[] _packs = [new(), new()];

    public BufferPool Chunks { get; } = new(options.MemoryLimit / 8);

    public CompressionPool Compressions { get; } = new(options.Workers, options.CompressionLevel);

    /// <summary>Returns an empty builder, preferably the one used last, because its memory is already mapped.</summary>
    public PackBuilder TakePack(BlobType type) => _packs[(int)type].TryPop(out var idle) ? idle : new PackBuilder(options.PackSize);

    public void Return(PackBuilder pack, BlobType type)
    {
        pack.Reset();
        _packs[(int)type].Push(pack);
    }

    /// <summary>Releases the memory for chunks after the last chunk, unless it is kept for the next snapshot.</summary>
    public void EndChunks()
    {
        if (kept == 0) Chunks.Dispose();
    }

    /// <summary>Releases idle pack builders, except those that are kept.</summary>
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
