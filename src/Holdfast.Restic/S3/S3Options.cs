using Holdfast.Restic.Backends;

namespace Holdfast.Restic.S3;

/// <summary>How an object store is used.</summary>
public sealed class S3Options
{
    /// <summary>The keys that requests are signed with, asked for before each; null to sign none.</summary>
    public Func<CancellationToken, ValueTask<S3Keys>>? Keys { get; init; }

    /// <summary>
    /// The region that signatures name; null for that of the host's name, or "us-east-1". Where an answer names another
    /// one, that is used.
    /// </summary>
    public string? Region { get; init; }

    /// <summary>How the bucket is named in requests.</summary>
    public BucketLookup Lookup { get; init; }

    /// <summary>
    /// The storage class of what is stored; null for the store's default. A class whose objects must be brought back
    /// before they can be read ("GLACIER", "DEEP_ARCHIVE") is refused: Holdfast reads back what it stores.
    /// </summary>
    public string? StorageClass { get; init; }

    /// <summary>Whom we trust and how long we try; user, password and program of it are not used.</summary>
    public RestOptions Transport { get; init; } = new();
}

/// <summary>Whether the bucket is part of the host's name or of the path.</summary>
public enum BucketLookup
{
    /// <summary>Of the host's name at Amazon, Google and Alibaba; else of the path.</summary>
    Auto,

    /// <summary>"https://bucket.host/key".</summary>
    Dns,

    /// <summary>"https://host/bucket/key".</summary>
    Path,
}

/// <summary>Keys of a store. No text of this holds the secret ones.</summary>
/// <param name="Access">The access key id, which is no secret.</param>
/// <param name="Secret">The secret access key; it never leaves this process.</param>
/// <param name="Token">The session token of temporary keys; null for lasting ones.</param>
public sealed record S3Keys(string Access, string Secret, string? Token = null)
{
    public override string ToString() => $"S3Keys {{ Access = {Access} }}";
}
