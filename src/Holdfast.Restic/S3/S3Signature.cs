using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Restic.S3;

/// <summary>
/// Signature Version 4 of a request whose payload is known beforehand. Source: Amazon S3 API Reference, "Signature
/// Calculations for the Authorization Header: Transferring Payload in a Single Chunk".
/// </summary>
internal static class S3Signature
{
    private const string Algorithm = "AWS4-HMAC-SHA256", Service = "s3";

    /// <summary>The SHA-256 of no bytes.</summary>
    public const string EmptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// <summary>The format of a time in "x-amz-date".</summary>
    public static string DateOf(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Percent-encodes all characters except letters, digits, "-._~", and the slashes of a path.</summary>
    public static string Encode(string text, bool isPath = false)
    {
        var encoded = Uri.EscapeDataString(text);
        return isPath ? encoded.Replace("%2F", "/", StringComparison.Ordinal) : encoded;
    }

    /// <summary>Returns the query string of parameters: encoded, and sorted by name.</summary>
    public static string QueryOf(IEnumerable<(string Name, string Value)> parameters) => string.Join('&', parameters
        .Select(parameter => (Name: Encode(parameter.Name), Value: Encode(parameter.Value)))
        .OrderBy(parameter => parameter.Name, StringComparer.Ordinal)
        .ThenBy(parameter => parameter.Value, StringComparer.Ordinal)
        .Select(parameter => $"{parameter.Name}={parameter.Value}"));

    /// <summary>Returns the value of "Authorization".</summary>
    /// <param name="method">The HTTP method, such as "GET".</param>
    /// <param name="url">
    /// The URL, with a path encoded by <see cref="Encode"/> and a query made by <see cref="QueryOf"/>.
    /// </param>
    /// <param name="headers">
    /// The headers to sign, including "x-amz-date" and "x-amz-content-sha256", with names in lower case, in any order;
    /// that of the host is added.
    /// </param>
    /// <param name="keys">The keys that sign the request.</param>
    /// <param name="region">The region of the request.</param>
    public static string Sign(
        string method, Uri url, IReadOnlyCollection<(string Name, string Value)> headers, S3Keys keys, string region)
    {
        (string Name, string Value)[] signed =
        [
            .. headers.Append(("host", url.Authority))
                .Select(header => (Name: header.Item1, Value: header.Item2.Trim()))
                .OrderBy(header => header.Name, StringComparer.Ordinal),
        ];
        var names = string.Join(';', signed.Select(header => header.Name));
        var payload = Find(signed, "x-amz-content-sha256");
        var request = string.Join('\n',
        [
            method, url.AbsolutePath, url.Query.TrimStart('?'),
            .. signed.Select(header => $"{header.Name}:{header.Value}"), "", names, payload,
        ]);
        var date = Find(signed, "x-amz-date");
        var scope = $"{date[..8]}/{region}/{Service}/aws4_request";
        var text = string.Join('\n', Algorithm, date, scope, Convert.ToHexStringLower(SHA256.HashData(Bytes(request))));
        var key = KeyOf(keys.Secret, date[..8], region);
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Bytes(text)));
        return $"{Algorithm} Credential={keys.Access}/{scope}, SignedHeaders={names}, Signature={signature}";
    }

    private static byte[] KeyOf(string secret, string day, string region)
    {
        var key = Bytes("AWS4" + secret);
        foreach (var part in (string[])[day, region, Service, "aws4_request"])
            key = HMACSHA256.HashData(key, Bytes(part));
        return key;
    }

    private static string Find((string Name, string Value)[] headers, string name) =>
        headers.First(header => header.Name == name).Value;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
