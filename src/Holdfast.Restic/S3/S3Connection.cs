using System.Globalization;
using System.Net;
using Holdfast.Restic.Backends;

namespace Holdfast.Restic.S3;

/// <summary>
/// Sends signed requests to one bucket and retries them after transient failures. When an answer names another region,
/// that region is used from then on. May be used by several threads.
/// </summary>
internal sealed class S3Connection
{
    /// <summary>The region of a store without regions.</summary>
    public const string FirstRegion = "us-east-1";

    /// <summary>
    /// The size above which an upload waits for "100 Continue", so that a refusal can be read. 1 MiB.
    /// </summary>
    private const int Asked = 1 << 20;

    /// <summary>The most changes of region for one request; answers that refer to each other would never end.</summary>
    private const int MostTurns = 2;

    private readonly S3Location _location;
    private readonly S3Options _options;
    private readonly S3Endpoint _endpoint;
    private readonly RestConnection _connection;
    private volatile string _region;
    private int _followed;

    public S3Connection(S3Location location, S3Options options)
    {
        (_location, _options) = (location, options);
        _endpoint = new S3Endpoint(location, options.Lookup);
        _region = options.Region ?? S3Endpoint.RegionOf(location.Endpoint) ?? FirstRegion;
        _connection = new RestConnection(location.ToString(), location.Endpoint, options.Transport);
    }

    /// <summary>The current region.</summary>
    public string Region => _region;

    /// <summary>Sends a request and passes on the answer, which is a success.</summary>
    /// <exception cref="ResticException">Unreachable, a refusal, or what <paramref name="read"/> throws.</exception>
    public async Task<T> SendAsync<T>(
        S3Request request, Func<HttpResponseMessage, RestWatch, Task<T>> read, CancellationToken cancellation)
    {
        var (value, failure) = await TryAsync(request, read, cancellation);
        return failure is null ? value! : throw Explain(failure, request);
    }

    /// <summary>Sends a request; a permanent refusal is passed on.</summary>
    public async Task<(T? Value, S3Failure? Failure)> TryAsync<T>(
        S3Request request, Func<HttpResponseMessage, RestWatch, Task<T>> read, CancellationToken cancellation)
    {
        while (true)
        {
            var keys = _options.Keys is { } source ? await source(cancellation) : null;
            var region = _region;
            var url = _endpoint.UrlOf(request.Key, region, request.Query);
            var (value, failure) = await _connection.SendAsync(
                request.Method, url.AbsoluteUri,
                (message, watch) => Sign(message, request, url, region, keys, watch),
                (answer, watch) => ReadAsync(request, answer, read, watch), cancellation);
            if (failure is null || !Follow(failure, region)) return (value, failure);
        }
    }

    /// <summary>Returns the exception for a refusal.</summary>
    public ResticException Explain(S3Failure failure, S3Request request)
    {
        var (what, how) = (request.What, failure.Code.Length > 0 ? failure.Code : $"HTTP {(int)failure.Status}");
        return failure switch
        {
            { IsSkewed: true } => new(
                ResticError.ClockSkewed,
                $"{_location} refuses requests by the clock of this machine ({SkewOf(failure)})."),
            { IsExpired: true } => new(ResticError.KeysExpired, $"The token for {_location} has expired ({how})."),
            { IsUnknown: true } => new(
                ResticError.Refused, $"{_location} refuses the access key or its secret ({how})."),
            { IsFull: true } => new(ResticError.Full, $"No room is left for {what} in {_location} ({how})."),
            { IsNoBucket: true } => new(ResticError.NotFound, $"The bucket of {_location} does not exist."),
            { IsDenied: true } when request.Writes => new(
                ResticError.ReadOnly, $"{_location} does not let these keys write {what} ({how})."),
            { IsDenied: true } => new(
                ResticError.Denied, $"{_location} does not let these keys read {what} ({how})."),
            { Status: HttpStatusCode.NotFound } => new(
                ResticError.NotFound, $"{what} in {_location} is not there."),
            { Status: >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest } => new(
                ResticError.Unsupported, $"{_location} redirects to another place ({how})."),
            _ => new(
                ResticError.InputOutput, $"{_location} refused {request.Method} of {what} ({how}{Said(failure)})."),
        };
    }

    private async Task<(T? Value, S3Failure? Failure)> ReadAsync<T>(
        S3Request request, HttpResponseMessage answer, Func<HttpResponseMessage, RestWatch, Task<T>> read,
        RestWatch watch)
    {
        if (answer.IsSuccessStatusCode) return (await read(answer, watch), null);
        var failure = await S3Failure.ReadAsync(answer, watch);
        return failure.MayPass
            ? throw _connection.MayPass(answer.StatusCode, request.Method, $"{request.What} ({failure.Code})")
            : (default, failure);
    }

    private void Sign(
        HttpRequestMessage message, S3Request request, Uri url, string region, S3Keys? keys, RestWatch watch)
    {
        var date = S3Signature.DateOf(_options.Transport.Clock.GetUtcNow());
        List<(string Name, string Value)> headers =
            [("x-amz-date", date), ("x-amz-content-sha256", request.Payload), .. request.Headers];
        if (request.Body is { } body)
        {
            message.Content = new RestUpload(body, watch);
            message.Headers.ExpectContinue = body.Length > Asked;
        }
        if (keys?.Token is { } token) headers.Add(("x-amz-security-token", token));
        foreach (var (name, value) in headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
                message.Content!.Headers.TryAddWithoutValidation(name, value);
        }
        if (keys is null) return;
        var signature = S3Signature.Sign(message.Method.Method, url, headers, keys, region);
        message.Headers.TryAddWithoutValidation("Authorization", signature); // .NET's type does not accept such a list
    }

    /// <summary>Switches to the region that a refusal names.</summary>
    private bool Follow(S3Failure failure, string asked)
    {
        var isRegion = failure.Region is { Length: > 0 and < 64 } region
            && region.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-');
        if (!isRegion || failure.Region == asked || failure.IsNoBucket) return false;
        if (_region != asked) return true; // another request has already switched
        _region = failure.Region!;
        return Interlocked.Increment(ref _followed) <= MostTurns;
    }

    private string SkewOf(S3Failure failure) => failure.Time is { } time
        ? $"its own shows {Shown(time)}, ours {Shown(_options.Transport.Clock.GetUtcNow())}"
        : failure.Code;

    private static string Shown(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Said(S3Failure failure) => failure.Message.Length > 0 ? $": {failure.Message}" : "";
}
