namespace Holdfast.Restic.S3;

/// <summary>
/// The location of a repository in an S3-compatible object store, in restic's syntax: "s3:host/bucket/prefix",
/// "s3://host/bucket/prefix", or "s3:https://host:port/bucket/prefix" and "s3:http://...". The default scheme is HTTPS.
/// Source: restic 0.18, internal/backend/s3/config.go.
/// </summary>
public sealed class S3Location
{
    private const string Scheme = "s3:";

    private S3Location(Uri endpoint, string bucket, string prefix) =>
        (Endpoint, Bucket, Prefix) = (endpoint, bucket, prefix);

    /// <summary>The URL of the store, without a path: "https://s3.eu-central-1.amazonaws.com/".</summary>
    public Uri Endpoint { get; }

    /// <summary>The bucket's name.</summary>
    public string Bucket { get; }

    /// <summary>The path in the bucket, with no slash at either end; empty for the bucket itself.</summary>
    public string Prefix { get; }

    /// <summary>Returns true when a location names an object store.</summary>
    public static bool IsS3(string location) => location.StartsWith(Scheme, StringComparison.Ordinal);

    /// <summary>Parses a location that begins with "s3:".</summary>
    /// <exception cref="ResticException">
    /// Unsupported: it is not a valid store and bucket, or contains a user or password; the message does not repeat it.
    /// </exception>
    public static S3Location Parse(string location)
    {
        var text = location[Scheme.Length..];
        if (text.StartsWith("//", StringComparison.Ordinal)) text = text[2..];
        var hasScheme = text.StartsWith("http://", StringComparison.Ordinal)
            || text.StartsWith("https://", StringComparison.Ordinal);
        var parts = (hasScheme ? text[(text.IndexOf("//", StringComparison.Ordinal) + 2)..] : text).Split('/', 3);
        var scheme = text.StartsWith("http://", StringComparison.Ordinal) ? Uri.UriSchemeHttp : Uri.UriSchemeHttps;
        var isHost = Uri.TryCreate($"{scheme}://{parts[0]}/", UriKind.Absolute, out var endpoint)
            && endpoint.Host.Length > 0 && endpoint.PathAndQuery == "/" && endpoint.Fragment.Length == 0;
        if (!isHost || parts.Length < 2 || !IsBucket(parts[1])) throw Malformed("is not a host and a bucket");
        if (endpoint!.UserInfo.Length > 0) throw Malformed("holds a user or a password");
        return new S3Location(endpoint, parts[1], parts.Length == 3 ? Clean(parts[2]) : "");
    }

    /// <summary>Returns the location in its full form; it can be parsed again, by restic too.</summary>
    public override string ToString() =>
        $"{Scheme}{Endpoint.GetLeftPart(UriPartial.Authority)}/{Bucket}{(Prefix.Length > 0 ? "/" : "")}{Prefix}";

    /// <summary>
    /// Validates the name of a bucket by the strict rules of older stores, so that it can be part of a path: letters,
    /// digits, '.', '-' and '_'. Source: Amazon S3 User Guide, "Bucket naming rules".
    /// </summary>
    private static bool IsBucket(string name) => name.Length is >= 3 and <= 255 && char.IsAsciiLetterOrDigit(name[0])
        && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_');

    /// <summary>
    /// Normalizes as Go's path.Clean: no empty parts and no "."; ".." would leave the prefix and is refused.
    /// </summary>
    private static string Clean(string prefix)
    {
        var parts = prefix.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToList();
        var isPath = !parts.Contains("..") && !prefix.Any(letter => char.IsControl(letter) || char.IsSurrogate(letter));
        return isPath ? string.Join('/', parts) : throw Malformed("has '..' or control characters in its path");
    }

    private static ResticException Malformed(string what) => new(
        ResticError.Unsupported,
        $"The location of the repository, after 's3:', {what}. "
        + "Write s3:https://HOST:PORT/BUCKET/PATH; keys go to 'repository.s3' or the environment.");
}
