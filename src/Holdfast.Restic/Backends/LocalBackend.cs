namespace Holdfast.Restic.Backends;

/// <summary>A repository in a local directory, in restic's default layout.</summary>
public sealed class LocalBackend(string path) : IBackend
{
    public string Location { get; } = path;
    public int Concurrency => 2;
    public ValueTask CreateAsync(CancellationToken cancellation = default) => throw new NotImplementedException();
    public IAsyncEnumerable<StoredFile> ListAsync(FileKind kind, CancellationToken cancellation = default) => throw new NotImplementedException();
    public ValueTask<long> SizeAsync(FileKind kind, string name, CancellationToken cancellation = default) => throw new NotImplementedException();
    public ValueTask ReadAsync(FileKind kind, string name, long offset, Memory<byte> destination, CancellationToken cancellation = default) => throw new NotImplementedException();
    public ValueTask SaveAsync(FileKind kind, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default) => throw new NotImplementedException();
    public ValueTask RemoveAsync(FileKind kind, string name, CancellationToken cancellation = default) => throw new NotImplementedException();
}
