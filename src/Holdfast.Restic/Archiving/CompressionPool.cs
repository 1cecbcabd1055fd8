using System.Collections.Concurrent;

namespace Holdfast.Restic.Archiving;

/// <summary>A pool of one compressor per worker: more would cost memory without a gain.</summary>
internal sealed class CompressionPool(int count, int level) : IDisposable
{
    private readonly ConcurrentStack<Compression> _idle = new();
    private readonly SemaphoreSlim _free = new(count);

    public async ValueTask<Compression> RentAsync(CancellationToken cancellation)
    {
        await _free.WaitAsync(cancellation);
        return _idle.TryPop(out var compression) ? compression : new Compression(level);
    }

    public void Return(Compression compression)
    {
        compression.Rest();
        _idle.Push(compression);
        _free.Release();
    }

    public void Dispose()
    {
        while (_idle.TryPop(out var compression)) compression.Dispose();
        _free.Dispose();
    }
}
