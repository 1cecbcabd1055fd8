namespace Holdfast.Restic.Backends;

/// <summary>The kinds of file in a repository and the folders they live in. Source: doc/design.rst, "Repository Layout".</summary>
public enum FileKind
{
    Config,
    Key,
    Lock,
    Snapshot,
    Index,
    Pack,
}

/// <summary>A stored file: its name (64 hexadecimal digits), its size in bytes, and when it was written, where the place knows.</summary>
public readonly record struct StoredFile(string Name, long Size, DateTimeOffset? Modified = null);

/// <summary>
/// Where a repository's files live. Every method may be called from several threads at once, and may be repeated:
/// saving the same name again with the same bytes is fine, as is removing what is gone. Failures are
/// <see cref="ResticException"/>: NotFound, Full, ReadOnly or InputOutput. The config's name is empty.
/// </summary>
public interface IBackend
{
    /// <summary>The place as a person would write it.</summary>
    string Location { get; }

    /// <summary>How many operations at once serve this place best.</summary>
    int Concurrency { get; }

    /// <summary>True for a place on another machine, where every operation costs a round trip.</summary>
    bool IsRemote => false;

    /// <summary>What is at a place that has no config.</summary>
    ValueTask<PlaceState> LookAsync(CancellationToken cancellation = default) => new(PlaceState.Unknown);

    /// <summary>Makes the folders of a new repository; what exists is left alone.</summary>
    ValueTask CreateAsync(CancellationToken cancellation = default);

    /// <summary>Lists all files of a kind, in no order. Half-written files are never listed. A missing place is NotFound, or empty where the store knows no places.</summary>
    IAsyncEnumerable<StoredFile> ListAsync(FileKind kind, CancellationToken cancellation = default);

    /// <summary>The size of a file in bytes; NotFound when it is not there.</summary>
    ValueTask<long> SizeAsync(FileKind kind, string name, CancellationToken cancellation = default);

    /// <summary>Fills <paramref name="destination"/> from the byte at <paramref name="offset"/>; Damaged when the file is too short.</summary>
    ValueTask ReadAsync(FileKind kind, string name, long offset, Memory<byte> destination, CancellationToken cancellation = default);

    /// <summary>The whole content of a file; Damaged when it has more bytes than <paramref name="limit"/>.</summary>
    async ValueTask<byte[]> ReadWholeAsync(FileKind kind, string name, long limit, CancellationToken cancellation = default)
    {
        var size = await SizeAsync(kind, name, cancellation);
        if (size > limit) throw TooLarge(kind, name, size);
        var bytes = new byte[size];
        await ReadAsync(kind, name, 0, bytes, cancellation);
        return bytes;
    }

    /// <summary>The failure of a file that is larger than any of its kind.</summary>
    static ResticException TooLarge(FileKind kind, string name, long size) => new(ResticError.Damaged,
        $"{Layout.PathOf(kind, name)} is damaged: it has {size} bytes, more than any of its kind.");

    /// <summary>
    /// Stores a file whole or not at all; when it returns, the bytes and the name survive a power cut.
    /// Nothing is left under the final name when it fails.
    /// </summary>
    ValueTask SaveAsync(FileKind kind, string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default);

    /// <summary>Removes a file; gone already is fine.</summary>
    ValueTask RemoveAsync(FileKind kind, string name, CancellationToken cancellation = default);

    /// <summary>The time by the clock that files are stamped with, which may be another machine's; null where files have no times. ReadOnly, Full.</summary>
    ValueTask<DateTimeOffset?> NowAsync(CancellationToken cancellation = default) => new((DateTimeOffset?)null);

    /// <summary>Sees to it that the next read of a file comes from the disk, and not from what is left in memory of writing it.</summary>
    ValueTask ForgetCachedAsync(FileKind kind, string name, CancellationToken cancellation = default) => default;

    /// <summary>Removes what writers that were killed have left half written, longer ago than <paramref name="age"/>; returns how many files.</summary>
    ValueTask<int> RemoveLeftoversAsync(TimeSpan age, CancellationToken cancellation = default) => new(0);
}
