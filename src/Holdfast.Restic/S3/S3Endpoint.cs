namespace Holdfast.Restic.S3;

/// <summary>Where requests about a bucket go.</summary>
internal sealed class S3Endpoint
{
    private const string Global = "s3.amazonaws.com", Amazon = ".amazonaws.com";

    /// <summary>Stores that know a bucket by the host's name. Source: minio-go 7, IsVirtualHostSupported.</summary>
    private static readonly string[] _named = [Amazon, ".amazonaws.com.cn", "storage.googleapis.com", ".aliyuncs.com"];

    private readonly S3Location _location;
    private readonly bool _isHost;

    public S3Endpoint(S3Location location, BucketLookup lookup)
    {
        _location = location;
        _isHost = lookup == BucketLookup.Dns || (lookup == BucketLookup.Auto && IsNamed(location));
    }

    /// <summary>The region that the name of a host of Amazon holds; null where it holds none.</summary>
    public static string? RegionOf(Uri endpoint)
    {
        var end = endpoint.Host.IndexOf(Amazon, StringComparison.Ordinal);
        if (end < 0) return null;
        var last = endpoint.Host[..end].Split('.')[^1];
        if (last.StartsWith("s3-", StringComparison.Ordinal)) last = last["s3-".Length..];
        return last.Count(letter => letter == '-') >= 2 && last != "external-1" ? last : null;
    }

    /// <summary>The URL of a key, or of the bucket where the key is empty.</summary>
    public Uri UrlOf(string key, string region, IReadOnlyList<(string Name, string Value)> query)
    {
        var authority = _location.Endpoint.Authority;
        if (authority == Global && region != S3Connection.FirstRegion) authority = $"s3.{region}{Amazon}";
        var path = _isHost ? key : key.Length > 0 ? $"{_location.Bucket}/{key}" : _location.Bucket;
        var host = _isHost ? $"{_location.Bucket}.{authority}" : authority;
        var parameters = query.Count > 0 ? "?" + S3Signature.QueryOf(query) : "";
        return new Uri($"{_location.Endpoint.Scheme}://{host}/{S3Signature.Encode(path, isPath: true)}{parameters}");
    }

    /// <summary>A dot in the bucket's name does not fit the certificate, and upper case no host.</summary>
    private static bool IsNamed(S3Location location) =>
        _named.Any(end => location.Endpoint.Host.EndsWith(end, StringComparison.Ordinal))
        && location.Bucket.All(IsPlain);

    private static bool IsPlain(char letter) =>
        char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-';
}
