namespace Holdfast.Restic;

/// <summary>How a repository is opened.</summary>
public sealed record OpenOptions
{
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Blobs that are hashed, compressed and encrypted at once. The number of processors by default.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>A pack is finished at this size in bytes: 16 MiB by default, as restic's; 4 to 128 MiB.</summary>
    public int PackSize { get; init; } = 16 << 20;

    /// <summary>zstd's level: 1 to 19. See docs/decisions for the default's reason.</summary>
    public int CompressionLevel { get; init; } = 2;

    /// <summary>Bytes of buffers that an archiving or a restore may hold at once, beside the index. 128 MiB by default.</summary>
    public long MemoryLimit { get; init; } = 128L << 20;

    /// <summary>The local cache of a repository on another machine; null for none. Local repositories have none.</summary>
    public CacheOptions? Cache { get; init; }
}

/// <summary>Where files of repositories on other machines are kept, so that they need not be read again.</summary>
/// <param name="Folder">
/// The absolute path of a directory for all repositories; it is made when it is missing, for its owner alone.
/// </param>
public sealed record CacheOptions(string Folder)
{
    /// <summary>Bytes that one repository may have in it; what was used longest ago goes first. 2 GiB.</summary>
    public long Limit { get; init; } = 2L << 30;
}

/// <summary>How a repository is made.</summary>
public sealed record InitOptions
{
    /// <summary>The format: 2 (compressed) by default, or 1.</summary>
    public int Version { get; init; } = 2;

    /// <summary>scrypt's cost parameters; the default costs about half a second and 32 MiB for each guess.</summary>
    public KeyDerivation KeyDerivation { get; init; } = KeyDerivation.Default;

    /// <summary>
    /// The repository whose chunker's polynomial the new one gets, so that both cut files alike and what is copied is found again by
    /// backups; null for a random one.
    /// </summary>
    public Repository? Like { get; init; }
}

/// <summary>scrypt's N, r and p. Source: doc/design.rst, "Keys, Encryption and MAC".</summary>
public sealed record KeyDerivation(int N, int R, int P)
{
    /// <summary>N = 32768 and r = 8 take 32 MiB, and p = 4 makes it about half a second: what restic 0.14 measures out for itself on a common server of today.</summary>
    public static KeyDerivation Default { get; } = new(32768, 8, 4);

    /// <summary>For a password of at least 128 random bits, which nobody guesses at any price: 1 MiB and some milliseconds.</summary>
    public static KeyDerivation Random { get; } = new(1024, 8, 1);
}
