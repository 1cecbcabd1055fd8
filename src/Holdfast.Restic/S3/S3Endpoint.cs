namespace Holdfast.Restic.S3;

/// <summary>The URLs of requests for a bucket.</summary>
internal sealed class S3Endpoint
{
    private const string Global = "s3.amazonaws.com", Amazon = ".amazonaws.com";

    /// <summary>
    /// Hosts of stores that support virtual-hosted buckets. Source: minio-go 7, IsVirtualHostSupported.
    /// </summary>
    private static readonly string[] _named = [Amazon, ".amazonaws.com.cn", "storage.googleapis.com", ".aliyuncs.com"];

    private readonly S3Location _location;
    private readonly bool _isHost;

    public S3Endpoint(S3Location location, BucketLookup lookup)
    {
        _location = location;
        _isHost = lookup == BucketLookup.Dns || (lookup == BucketLookup.Auto && IsNamed(location));
    }

    /// <summary>Returns the region in the name of a host of Amazon; null when it contains none.</summary>
    public static string? RegionOf(Uri endpoint)
    {
        var end = endpoint.Host.IndexOf(Amazon, StringComparison.Ordinal);
        if (end < 0) return null;
        var last = endpoint.Host[..end].Split('.')[^1];
        if (last.StartsWith("s3-", StringComparison.Ordinal)) last = last["s3-".Length..];
        return last.Count(letter => letter == '-') >= 2 && last != "external-1" ? last : null;
    }

    /// <summary>Returns the URL of a key, or of the bucket where the key is empty.</summary>
    public Uri UrlOf(string key, string region, IReadOnlyList<(string Name, string Value)> query)
    {
        var authority = _location.Endpoint.Authority;
        if (authority == Global && region != S3Connection.FirstRegion) authority = $"s3.{region}{Amazon}";
        var path = _isHost ? key : key.Length > 0 ? $"{_location.Bucket}/{key}" : _location.Bucket;
        var host = _isHost ? $"{_location.Bucket}.{authority}" : authority;
        var parameters = query.Count > 0 ? "?" + S3Signature.QueryOf(query) : "";
        return new Uri($"{_location.Endpoint.Scheme}://{host}/{S3Signature.Encode(path, isPath: true)}{parameters}");
    }

    /// <summary>
    /// Returns whether a bucket can be part of the host's name: a dot in its name does not match the certificate, and
    /// upper case is not valid in a host.
    /// </summary>
    private static bool IsNamed(S3Location location) =>
        _named.Any(end => location.Endpoint.Host.EndsWith(end, StringComparison.Ordinal))
        && location.Bucket.All(IsPlain);

    private static bool IsPlain(char letter) =>
        char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-';
}
