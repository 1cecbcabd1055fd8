using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Holdfast.Restic;
using Holdfast.Restic.Backends;

namespace Holdfast.Testing;

/// <summary>A repository in memory, whose stored bytes a test may look at and change.</summary>
public sealed class MemoryBackend : IBackend
{
    private readonly ConcurrentDictionary<(FileKind Kind, string Name), byte[]> _files = new();
    private bool _created;

    public string Location => "memory";

    public int Concurrency => 4;

    /// <summary>The stored bytes of a file; writing to the array damages the repository.</summary>
    public byte[] this[FileKind kind, string name]
    {
        get => Find(kind, name);
        set => _files[(kind, name)] = value;
    }

    /// <summary>The names of all files of a kind, sorted.</summary>
    public IReadOnlyList<string> Names(FileKind kind) =>
        [.. _files.Keys.Where(key => key.Kind == kind).Select(key => key.Name).Order(StringComparer.Ordinal)];

    /// <summary>The same files, so that each of several damages can be done to a copy of its own.</summary>
    public MemoryBackend Clone()
    {
        var clone = new MemoryBackend { _created = _created };
        foreach (var (key, content) in _files) clone._files[key] = [.. content];
        return clone;
    }

    public ValueTask CreateAsync(CancellationToken cancellation = default)
    {
        _created = true;
        return default;
    }

    public async IAsyncEnumerable<StoredFile> ListAsync(FileKind kind, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        if (!_created) throw new ResticException(ResticError.NotFound, $"There is nothing in {Location}.");
        foreach (var ((fileKind, name), content) in _files)
        {
            cancellation.ThrowIfCancellationRequested();
            if (fileKind == kind) yield return new StoredFile(name, content.Length);
        }
        await ValueTask.CompletedTask;
    }

    public ValueTask<long> SizeAsync(FileKind kind, string name, CancellationToken cancellation = default) => new(Find(kind, name).Length);

    public ValueTask ReadAsync(FileKind kind, string name, long offset, Memory<byte> destination, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        var content = Find(kind, name);
        if (offset + destination.Length > content.Length)
            throw new ResticException(ResticError.Damaged, $"{kind} {name} in {Location} is truncated: it ends after {content.Length} bytes.");
        content.AsSpan((int)offset, destination.Length).CopyTo(destination.Span);
        return default;
    }

    public ValueTask SaveAsync(FileKind kind, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        var kept = _files.GetOrAdd((kind, name), _ => content.ToArray());
        if (kind == FileKind.Config && !content.Span.SequenceEqual(kept))
            throw new ResticException(ResticError.AlreadyThere, $"There is a config already in {Location}.");
        _files[(kind, name)] = content.ToArray();
        return default;
    }

    public ValueTask RemoveAsync(FileKind kind, string name, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        _files.TryRemove((kind, name), out _);
        return default;
    }

    private byte[] Find(FileKind kind, string name) =>
        _files.TryGetValue((kind, name), out var content)
            ? content
            : throw new ResticException(ResticError.NotFound, $"{kind} {name} is not there in {Location}.");
}
