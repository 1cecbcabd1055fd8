using System.Collections.Concurrent;
using Holdfast.Restic.Backends;

namespace Holdfast.Tests.Backends;

/// <summary>A backend that says that it is on another machine, and notes what is asked of it.</summary>
internal sealed class RemoteBackend(IBackend inner) : IBackend
{
    /// <summary>Each operation as "read Pack 12ab...", in no order.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public string Location => "far away";

    public int Concurrency => inner.Concurrency;

    public bool IsRemote => true;

    public ValueTask CreateAsync(CancellationToken cancellation = default) => inner.CreateAsync(cancellation);

    public IAsyncEnumerable<StoredFile> ListAsync(FileKind kind, CancellationToken cancellation = default)
    {
        Asked.Enqueue($"list {kind}");
        return inner.ListAsync(kind, cancellation);
    }

    public ValueTask<long> SizeAsync(FileKind kind, string name, CancellationToken cancellation = default)
    {
        Asked.Enqueue($"size {kind} {name}");
        return inner.SizeAsync(kind, name, cancellation);
    }

    public ValueTask ReadAsync(FileKind kind, string name, long offset, Memory<byte> destination, CancellationToken cancellation = default)
    {
        Asked.Enqueue($"read {kind} {name}");
        return inner.ReadAsync(kind, name, offset, destination, cancellation);
    }

    public ValueTask<byte[]> ReadWholeAsync(FileKind kind, string name, long limit, CancellationToken cancellation = default)
    {
        Asked.Enqueue($"read {kind} {name}");
        return inner.ReadWholeAsync(kind, name, limit, cancellation);
    }

    public ValueTask SaveAsync(FileKind kind, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        Asked.Enqueue($"save {kind} {name}");
        return inner.SaveAsync(kind, name, content, cancellation);
    }

    public ValueTask RemoveAsync(FileKind kind, string name, CancellationToken cancellation = default)
    {
        Asked.Enqueue($"remove {kind} {name}");
        return inner.RemoveAsync(kind, name, cancellation);
    }
}
