using Holdfast.Restic;
using Holdfast.Restic.Backends;

namespace Holdfast.Testing;

/// <summary>The calls of a backend that can be made to fail.</summary>
[Flags]
public enum BackendCalls
{
    None = 0,
    List = 1,
    Size = 2,
    Read = 4,
    Save = 8,
    Remove = 16,
    All = List | Size | Read | Save | Remove,
}

/// <summary>
/// A backend in front of another one that fails as told: from the Nth call on, or when it has taken so many bytes, and it
/// can hand out damaged bytes. "Fail call 1, then 2, then 3, until it succeeds" finds what a single fault misses.
/// </summary>
public sealed class FaultyBackend(IBackend inner) : IBackend
{
    private int _calls;
    private long _saved;

    private BackendCalls _failing;
    private int _from;
    private int _times;
    private ResticError _error;

    /// <summary>The bytes that the place has room for; a save beyond them fails with Full and leaves nothing.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    /// <summary>Changes the bytes that a read hands out: the kind, the name, the offset and the bytes.</summary>
    public Action<FileKind, string, long, Memory<byte>>? Corrupt { get; set; }

    /// <summary>Told of every call before it is made; it may wait or cancel.</summary>
    public Action<BackendCalls, FileKind, string>? Before { get; set; }

    /// <summary>True for a save or a removal that does not end before it is cancelled.</summary>
    public Func<BackendCalls, FileKind, bool>? Hangs { get; set; }

    /// <summary>Calls of the kinds that fail, since <see cref="Fail"/>.</summary>
    public int Calls => _calls;

    public string Location => inner.Location;

    public int Concurrency => inner.Concurrency;

    /// <summary>From now on, of these calls so many fail, beginning with a number from 1; the others work.</summary>
    public void Fail(BackendCalls calls, int from = 1, int times = 1, ResticError error = ResticError.InputOutput) =>
        (_failing, _from, _times, _error, _calls) = (calls, from, times, error, 0);

    public ValueTask CreateAsync(CancellationToken cancellation = default) => inner.CreateAsync(cancellation);

    public IAsyncEnumerable<StoredFile> ListAsync(FileKind kind, CancellationToken cancellation = default)
    {
        Pass(BackendCalls.List, kind, "");
        return inner.ListAsync(kind, cancellation);
    }

    public ValueTask<long> SizeAsync(FileKind kind, string name, CancellationToken cancellation = default)
    {
        Pass(BackendCalls.Size, kind, name);
        return inner.SizeAsync(kind, name, cancellation);
    }

    public async ValueTask ReadAsync(FileKind kind, string name, long offset, Memory<byte> destination, CancellationToken cancellation = default)
    {
        Pass(BackendCalls.Read, kind, name);
        await inner.ReadAsync(kind, name, offset, destination, cancellation);
        Corrupt?.Invoke(kind, name, offset, destination);
    }

    public async ValueTask SaveAsync(FileKind kind, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        Pass(BackendCalls.Save, kind, name);
        await HangAsync(BackendCalls.Save, kind, cancellation);
        if (Interlocked.Add(ref _saved, content.Length) > Capacity)
            throw new ResticException(ResticError.Full, $"No room is left for {kind} {name} in {Location}.");
        await inner.SaveAsync(kind, name, content, cancellation);
    }

    public async ValueTask RemoveAsync(FileKind kind, string name, CancellationToken cancellation = default)
    {
        Pass(BackendCalls.Remove, kind, name);
        await HangAsync(BackendCalls.Remove, kind, cancellation);
        await inner.RemoveAsync(kind, name, cancellation);
    }

    public ValueTask<DateTimeOffset?> NowAsync(CancellationToken cancellation = default) => inner.NowAsync(cancellation);

    public ValueTask ForgetCachedAsync(FileKind kind, string name, CancellationToken cancellation = default) => inner.ForgetCachedAsync(kind, name, cancellation);

    public ValueTask<int> RemoveLeftoversAsync(TimeSpan age, CancellationToken cancellation = default) => inner.RemoveLeftoversAsync(age, cancellation);

    private Task HangAsync(BackendCalls call, FileKind kind, CancellationToken cancellation) =>
        Hangs?.Invoke(call, kind) == true ? Task.Delay(Timeout.Infinite, cancellation) : Task.CompletedTask;

    private void Pass(BackendCalls call, FileKind kind, string name)
    {
        Before?.Invoke(call, kind, name);
        if ((_failing & call) == BackendCalls.None) return;
        var number = Interlocked.Increment(ref _calls);
        if (number >= _from && number - _from < _times)
            throw new ResticException(_error, $"Call {number} ({call} of {kind} {name}) was made to fail.");
    }
}
