namespace Holdfast.Restic;

/// <summary>Options for opening a repository.</summary>
public sealed record OpenOptions
{
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// The number of blobs that are hashed, compressed and encrypted concurrently. The number of processors by default.
    /// </summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>The size in bytes at which a pack is finished: 16 MiB by default, as in restic; 4 to 128 MiB.</summary>
    public int PackSize { get; init; } = 16 << 20;

    /// <summary>The zstd level: 1 to 19. See docs/decisions for the reason of the default.</summary>
    public int CompressionLevel { get; init; } = 2;

    /// <summary>
    /// The limit in bytes for buffers of an archiving or a restore, in addition to the index. 128 MiB by default.
    /// </summary>
    public long MemoryLimit { get; init; } = 128L << 20;

    /// <summary>
    /// The local cache of a repository on another machine; null for none. A local repository has no cache.
    /// </summary>
    public CacheOptions? Cache { get; init; }
}

/// <summary>The directory and size of the local cache for repositories on other machines.</summary>
/// <param name="Folder">
/// The absolute path of a directory for the caches of all repositories; it is created with mode 0700 when it is
/// missing.
/// </param>
public sealed record CacheOptions(string Folder)
{
    /// <summary>
    /// The limit in bytes for one repository; the least recently used files are removed first. 2 GiB by default.
    /// </summary>
    public long Limit { get; init; } = 2L << 30;
}

/// <summary>Options for creating a repository.</summary>
public sealed record InitOptions
{
    /// <summary>The format version: 2 (compressed) by default, or 1.</summary>
    public int Version { get; init; } = 2;

    /// <summary>scrypt's cost parameters; the default costs about half a second and 32 MiB for each guess.</summary>
    public KeyDerivation KeyDerivation { get; init; } = KeyDerivation.Default;

    /// <summary>
    /// The repository whose chunker polynomial the new one gets, so that both split files alike and backups deduplicate
    /// against copied data; null for a random polynomial.
    /// </summary>
    public Repository? Like { get; init; }
}

/// <summary>scrypt's N, r and p. Source: doc/design.rst, "Keys, Encryption and MAC".</summary>
public sealed record KeyDerivation(int N, int R, int P)
{
    /// <summary>
    /// N = 32768 and r = 8 take 32 MiB, and p = 4 makes it about half a second: what restic 0.14 calibrates on a
    /// typical current server.
    /// </summary>
    public static KeyDerivation Default { get; } = new(32768, 8, 4);

    /// <summary>
    /// For a password of at least 128 random bits, which cannot be guessed: 1 MiB and a few milliseconds.
    /// </summary>
    public static KeyDerivation Random { get; } = new(1024, 8, 1);
}
