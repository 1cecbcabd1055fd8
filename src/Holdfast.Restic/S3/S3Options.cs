using Holdfast.Restic.Backends;

namespace Holdfast.Restic.S3;

/// <summary>Options of an object store.</summary>
public sealed class S3Options
{
    /// <summary>
    /// Returns the keys that requests are signed with, called before each request; null to sign none.
    /// </summary>
    public Func<CancellationToken, ValueTask<S3Keys>>? Keys { get; init; }

    /// <summary>
    /// The region in signatures; null for that of the host's name, or "us-east-1". Where an answer names another
    /// region, that one is used.
    /// </summary>
    public string? Region { get; init; }

    /// <summary>The addressing style of the bucket in requests.</summary>
    public BucketLookup Lookup { get; init; }

    /// <summary>
    /// The storage class of uploads; null for the store's default. A class whose objects must be retrieved before they
    /// can be read ("GLACIER", "DEEP_ARCHIVE") is refused: Holdfast reads back what it stores.
    /// </summary>
    public string? StorageClass { get; init; }

    /// <summary>Trusted authorities and timeouts; its user, password and program are not used.</summary>
    public RestOptions Transport { get; init; } = new();
}

/// <summary>Whether the bucket is part of the host's name or of the path.</summary>
public enum BucketLookup
{
    /// <summary>Part of the host's name at Amazon, Google and Alibaba; otherwise of the path.</summary>
    Auto,

    /// <summary>"https://bucket.host/key".</summary>
    Dns,

    /// <summary>"https://host/bucket/key".</summary>
    Path,
}

/// <summary>Keys of a store. ToString never contains the secret ones.</summary>
/// <param name="Access">The access key id, which is not secret.</param>
/// <param name="Secret">The secret access key; it never leaves this process.</param>
/// <param name="Token">The session token of temporary keys; null for lasting ones.</param>
public sealed record S3Keys(string Access, string Secret, string? Token = null)
{
    public override string ToString() => $"S3Keys {{ Access = {Access} }}";
}
