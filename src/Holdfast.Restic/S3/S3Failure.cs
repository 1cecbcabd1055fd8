using System.Net;
using System.Xml;
using Holdfast.Restic.Backends;

namespace Holdfast.Restic.S3;

/// <summary>The refusal of a request by a store. Source: Amazon S3 API Reference, "Error responses".</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">
/// The error code, such as "NoSuchKey"; empty where the answer has no body with one, as to HEAD.
/// </param>
/// <param name="Message">The store's message, printable and at most 200 characters; may be empty.</param>
/// <param name="Region">The correct region of the request; null when none is named.</param>
/// <param name="Time">The clock of the store; null when it is not in the answer.</param>
internal sealed record S3Failure(
    HttpStatusCode Status, string Code, string Message, string? Region, DateTimeOffset? Time)
{
    private const int LongestMessage = 200;

    /// <summary>True when the same request may succeed later, regardless of its status.</summary>
    public bool MayPass => Code is "RequestTimeout" or "SlowDown" or "InternalError" or "ServiceUnavailable"
        or "IncompleteBody" or "BadDigest" or "XAmzContentSHA256Mismatch" or "OperationAborted"
        or "ConcurrentModification";

    /// <summary>True for unknown keys, or a signature that the store does not accept.</summary>
    public bool IsUnknown => Code is "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "InvalidToken"
        or "InvalidSecurity" or "NotSignedUp" or "AuthorizationHeaderMalformed";

    /// <summary>True for expired temporary keys.</summary>
    public bool IsExpired => Code is "ExpiredToken" or "TokenRefreshRequired" or "RequestExpired";

    public bool IsSkewed => Code is "RequestTimeTooSkewed";

    public bool IsNoBucket => Code is "NoSuchBucket";

    /// <summary>True when the repository or bucket has reached its quota; the last code is Ceph's.</summary>
    public bool IsFull => Status == HttpStatusCode.InsufficientStorage || Code is "QuotaExceeded";

    public bool IsDenied => Status == HttpStatusCode.Forbidden;

    /// <summary>Parses a refusal; if its body cannot be parsed, only the status is set.</summary>
    public static async Task<S3Failure> ReadAsync(HttpResponseMessage answer, RestWatch watch)
    {
        var region = answer.Headers.TryGetValues("x-amz-bucket-region", out var values) ? values.First() : null;
        var failure = new S3Failure(answer.StatusCode, "", "", region, answer.Headers.Date);
        try
        {
            var body = await S3Xml.LoadAsync(answer, S3Xml.LargestFailure, watch);
            return body.Length == 0 ? failure : S3Xml.Read(body).Aggregate(failure, Take);
        }
        catch (XmlException)
        {
            return failure; // for example a page of a proxy
        }
    }

    private static S3Failure Take(S3Failure failure, (string Path, string Text) element) => element.Path switch
    {
        "Error/Code" => failure with { Code = Printable(element.Text) },
        "Error/Message" => failure with { Message = Printable(element.Text) },
        "Error/Region" => failure with { Region = element.Text },
        _ => failure,
    };

    private static string Printable(string text)
    {
        var letters = text.Where(letter => letter is >= ' ' and < '\u007f').Take(LongestMessage);
        return string.Concat(letters).Trim().TrimEnd('.');
    }
}
