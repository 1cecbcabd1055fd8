namespace Holdfast.Restic.Backends;

/// <summary>
/// The kinds of file in a repository, and their directories. Source: doc/design.rst, "Repository Layout".
/// </summary>
public enum FileKind
{
    Config,
    Key,
    Lock,
    Snapshot,
    Index,
    Pack,
}

/// <summary>
/// A stored file: its name (64 hexadecimal digits), its size in bytes, and its modification time, where the backend has
/// one.
/// </summary>
public readonly record struct StoredFile(string Name, long Size, DateTimeOffset? Modified = null);

/// <summary>
/// Stores the files of a repository. Every method may be called from several threads at once, and may be repeated:
/// saving the same name again with the same bytes succeeds, as does removing a file that does not exist. Failures are
/// <see cref="ResticException"/>: NotFound, Full, ReadOnly or InputOutput. The config's name is empty.
/// </summary>
public interface IBackend
{
    /// <summary>The location in readable form.</summary>
    string Location { get; }

    /// <summary>The number of concurrent operations that is best for this backend.</summary>
    int Concurrency { get; }

    /// <summary>True for a backend on another machine, where every operation costs a round trip.</summary>
    bool IsRemote => false;

    /// <summary>Determines what is at a location that has no config.</summary>
    ValueTask<PlaceState> LookAsync(CancellationToken cancellation = default) => new(PlaceState.Unknown);

    /// <summary>Creates the directories of a new repository; existing ones are left unchanged.</summary>
    ValueTask CreateAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Lists all files of a kind, unordered. Partly written files are never listed. A missing location is NotFound, or
    /// an empty list where the store has no directories.
    /// </summary>
    IAsyncEnumerable<StoredFile> ListAsync(FileKind kind, CancellationToken cancellation = default);

    /// <summary>Returns the size of a file in bytes; NotFound when it does not exist.</summary>
    ValueTask<long> SizeAsync(FileKind kind, string name, CancellationToken cancellation = default);

    /// <summary>
    /// Fills <paramref name="destination"/> with the bytes at <paramref name="offset"/>; Damaged when the file is too
    /// short.
    /// </summary>
    ValueTask ReadAsync(FileKind kind, string name, long offset, Memory<byte> destination, CancellationToken cancellation = default);

    /// <summary>
    /// Returns the whole content of a file; Damaged when it has more bytes than <paramref name="limit"/>.
    /// </summary>
    async ValueTask<byte[]> ReadWholeAsync(FileKind kind, string name, long limit, CancellationToken cancellation = default)
    {
        var size = await SizeAsync(kind, name, cancellation);
        if (size > limit) throw TooLarge(kind, name, size);
        var bytes = new byte[size];
        await ReadAsync(kind, name, 0, bytes, cancellation);
        return bytes;
    }

    /// <summary>Returns the failure for a file that is larger than any of its kind.</summary>
    static ResticException TooLarge(FileKind kind, string name, long size) => new(ResticError.Damaged,
        $"{Layout.PathOf(kind, name)} is damaged: it has {size} bytes, more than any of its kind.");

    /// <summary>
    /// Stores a file completely or not at all; when it returns, the bytes and the name survive a power failure. Nothing
    /// remains under the final name when it fails.
    /// </summary>
    ValueTask SaveAsync(FileKind kind, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default);

    /// <summary>Removes a file; a file that does not exist is not an error.</summary>
    ValueTask RemoveAsync(FileKind kind, string name, CancellationToken cancellation = default);

    /// <summary>
    /// Returns the time by the clock that stamps files, which may be that of another machine; null where files have no
    /// times. ReadOnly, Full.
    /// </summary>
    ValueTask<DateTimeOffset?> NowAsync(CancellationToken cancellation = default) => new((DateTimeOffset?)null);

    /// <summary>Ensures that the next read of a file comes from the disk, not from the page cache.</summary>
    ValueTask ForgetCachedAsync(FileKind kind, string name, CancellationToken cancellation = default) => default;

    /// <summary>
    /// Removes partly written files of killed writers that are older than <paramref name="age"/>; returns the number of
    /// files.
    /// </summary>
    ValueTask<int> RemoveLeftoversAsync(TimeSpan age, CancellationToken cancellation = default) => new(0);
}
