using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Web;

/// <summary>
/// Requests JSON from one server. Redirections are not followed, because they would send the password to another
/// server, and no proxy is used, because servers of the platform are near.
/// </summary>
public sealed class WebServer
{
    /// <summary>The largest response, 16 MiB: responses are figures, not data.</summary>
    internal const int MaximumAnswer = 16 << 20;

    /// <summary>The time limit for a connection: a machine that is down does not respond at all.</summary>
    private static readonly TimeSpan _connect = TimeSpan.FromSeconds(10);

    /// <summary>The longest wait for a response, unless the request is expected to take longer. 10 minutes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The time in which a response that has begun must be complete: 16 MiB at 140 KiB a second, so a server that
    /// trickles bytes fails.
    /// </summary>
    private static readonly TimeSpan _whole = TimeSpan.FromMinutes(2);

    private readonly WebSettings _settings;
    private readonly ISecretReader _secrets;
    private readonly TimeProvider _clock;

    // One client for all requests: an HTTPS connection costs more than most responses. A failed setup is tried again.
    private readonly Lazy<HttpMessageInvoker> _client;
    private AuthenticationHeaderValue? _identity;
    private CertificateTrust? _trust;

    /// <param name="settings">The location of the server, and the credentials.</param>
    /// <param name="secrets">Reads the password.</param>
    /// <param name="clock">The clock that measures the waiting times; null for the system's.</param>
    public WebServer(WebSettings settings, ISecretReader secrets, TimeProvider? clock = null)
    {
        (_settings, _secrets, _clock) = (settings, secrets, clock ?? TimeProvider.System);
        _client = new Lazy<HttpMessageInvoker>(() => new HttpMessageInvoker(MakeHandler()), LazyThreadSafetyMode.PublicationOnly);
    }

    /// <summary>The location of the server, without a query, which may be secret.</summary>
    public string Place => _settings.Url.Split('?')[0];

    /// <summary>The JSON document at a path below the server's URL; an empty one is the URL itself.</summary>
    /// <exception cref="ProblemException">The server cannot be reached, cannot prove its identity, refuses the request,
    /// or does not respond with JSON.</exception>
    public async Task<JsonDocument> GetAsync(string path, CancellationToken cancellation)
    {
        var answer = await SendAsync(HttpMethod.Get, path, body: null, cancellation);
        if (answer.IsSuccess) return answer.Json;
        answer.Dispose();
        throw Refusal(answer.Status, PlaceOf(path));
    }

    /// <summary>Sends JSON and returns the JSON of the response, whether its status is success or not.</summary>
    /// <exception cref="ProblemException">The server cannot be reached, cannot prove its identity, refuses the
    /// credentials, or does not respond with JSON.</exception>
    public Task<WebAnswer> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellation) => SendAsync(method, path, body, Patience, cancellation);

    /// <summary>The same, with another time limit for the response.</summary>
    /// <exception cref="ProblemException">The same.</exception>
    public async Task<WebAnswer> SendAsync(HttpMethod method, string path, byte[]? body, TimeSpan patience, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(patience, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            using var request = new HttpRequestMessage(method, AddressOf(path));
            request.Headers.Authorization = await IdentityAsync(cancellation);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            if (body is not null) request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var answer = await _client.Value.SendAsync(request, either.Token);
            if (answer.StatusCode == HttpStatusCode.Unauthorized) throw Refusal(answer.StatusCode, PlaceOf(path));
            // The longer time limit is for the work before the response; a response that has begun is complete quickly,
            // or never.
            if (patience > _whole) late.CancelAfter(patience = _whole);
            await answer.Content.LoadIntoBufferAsync(MaximumAnswer, either.Token);
            var bytes = await answer.Content.ReadAsByteArrayAsync(either.Token);
            return answer.IsSuccessStatusCode || IsJson(answer) ? new WebAnswer(answer.StatusCode, BoundedJson.Parse(bytes)) : throw Refusal(answer.StatusCode, PlaceOf(path));
        }
        catch (JsonException foreign)
        {
            throw Catalogue.WebAnswer.Throwable($"The answer of {PlaceOf(path)} is not valid JSON: {foreign.Message.TrimEnd('.')}.", foreign);
        }
        catch (OperationCanceledException stopped) when (!cancellation.IsCancellationRequested)
        {
            throw GivenUp(stopped, late.IsCancellationRequested ? patience : null, PlaceOf(path));
        }
        catch (Exception failure) when (IsFailure(failure))
        {
            throw Of(failure, PlaceOf(path));
        }
    }

    /// <summary>Opens a connection that stays open for many requests. The caller owns it.</summary>
    /// <exception cref="ProblemException">The password or the authorities cannot be read.</exception>
    public async Task<WebChannel> OpenChannelAsync(TimeProvider clock, CancellationToken cancellation)
    {
        var identity = await IdentityAsync(cancellation);
        return new WebChannel(this, new HttpMessageInvoker(MakeHandler()), identity, clock);
    }

    /// <summary>The problem for a response that refuses the request.</summary>
    public ProblemException Refusal(WebAnswer answer, string path) => Refusal(answer.Status, PlaceOf(path));

    internal string AddressOf(string path) => path.Length == 0 ? _settings.Url : _settings.Url.TrimEnd('/') + path;

    internal string PlaceOf(string path) => path.Length == 0 ? Place : $"{_settings.Url.TrimEnd('/')}{path.Split('?')[0]}";

    private static bool IsJson(HttpResponseMessage answer) => answer.Content.Headers.ContentType?.MediaType is "application/json" or "application/vnd.elasticsearch+json";

    internal static ProblemException Refusal(HttpStatusCode status, string place) => status switch
    {
        HttpStatusCode.Unauthorized => Catalogue.WebAuthentication.Throwable($"{place} refuses the user or the password (HTTP 401)."),
        HttpStatusCode.Forbidden => Catalogue.WebAuthentication.Throwable($"{place} does not let us ask (HTTP 403).", "Give the user the right to read it, or name another user in the profile."),
        HttpStatusCode.NotFound => Catalogue.WebAnswer.Throwable($"There is no {place} (HTTP 404)."),
        HttpStatusCode.RequestEntityTooLarge => Catalogue.WebAnswer.Throwable($"A proxy before {place} refuses a request of this size (HTTP 413).", "Raise the limit of the proxy ('client_max_body_size' of nginx)."),
        HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => Catalogue.WebUnreachable.Throwable(
            $"A proxy answered for {place} with HTTP {(int)status}: the server behind it did not answer, or not in time.", "Check that the server runs; when it does, raise the time limit of the proxy ('proxy_read_timeout' of nginx)."),
        _ => Catalogue.WebAnswer.Throwable($"{place} answered with HTTP {(int)status}."),
    };

    /// <summary>The problem for a response that exceeds the limit.</summary>
    /// <param name="place">The server.</param>
    /// <param name="most">The limit in bytes.</param>
    internal static ProblemException TooLong(string place, int most) => Catalogue.WebAnswer.Throwable(
        $"The answer of {place} has more than {most >> 20} MiB, so it was not read to its end.", "Check that 'url' in the profile leads to the right server; this one answers with more than was asked for.");

    /// <summary>The problem for a request that took too long without being cancelled by the caller.</summary>
    /// <param name="stopped">The exception of the request.</param>
    /// <param name="waited">The time limit for the response; null when another limit expired, in which case the handler
    /// has abandoned the connection.</param>
    /// <param name="place">The server.</param>
    internal static ProblemException GivenUp(OperationCanceledException stopped, TimeSpan? waited, string place) => Catalogue.WebUnreachable.Throwable(
        string.Create(CultureInfo.InvariantCulture, $"{place} did not {(waited is null ? "take a connection" : "answer")} within {(waited ?? _connect) switch { { TotalMinutes: < 1 } time => $"{time.TotalSeconds:0} seconds", var time => $"{time.TotalMinutes:0} minutes" }}."), stopped);

    internal static bool IsFailure(Exception failure) => failure is HttpRequestException or IOException or CryptographicException or UnauthorizedAccessException;

    /// <summary>The problem for a failed request.</summary>
    /// <param name="failure">The exception of the request; <see cref="IsFailure"/> holds.</param>
    /// <param name="place">The server.</param>
    internal ProblemException Of(Exception failure, string place)
    {
        if (failure is HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded }) return TooLong(place, MaximumAnswer);
        var isTls = failure is CryptographicException || failure.InnerException is AuthenticationException || failure is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError };
        var reason = failure;
        while (reason.InnerException is { } inner) reason = inner;
        if (!isTls && failure is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded } && _settings.Url.StartsWith("http://", StringComparison.Ordinal))
            return Catalogue.WebUnreachable.Throwable($"{place} cannot be asked: {reason.Message.TrimEnd('.')}.", "Check that it runs; when it speaks TLS, write https:// in 'url'.", failure);
        if (!isTls) return Catalogue.WebUnreachable.Throwable($"{place} cannot be asked: {reason.Message.TrimEnd('.')}.", failure);
        if (_trust?.Distrust is { } distrust) return Catalogue.WebTls.Throwable($"{place} cannot be asked: {distrust.Reason}.", distrust.Hint, failure);
        return reason.Message.Contains("frame size", StringComparison.Ordinal)
            ? Catalogue.WebTls.Throwable($"{place} cannot be asked: it does not answer in TLS.", "Write http:// in 'url' when the server speaks plain HTTP, or correct the port.", failure)
            : Catalogue.WebTls.Throwable($"{place} cannot be asked: {reason.Message.TrimEnd('.')}.", failure);
    }

    private async Task<AuthenticationHeaderValue?> IdentityAsync(CancellationToken cancellation)
    {
        if (_identity is not null) return _identity;
        if (_settings.Token is { } token) return _identity = new AuthenticationHeaderValue("Bearer", await _secrets.ReadAsync(token, cancellation));
        if (_settings.ApiKey is { } key) return _identity = new AuthenticationHeaderValue("ApiKey", EncodedKey(await _secrets.ReadAsync(key, cancellation)));
        if (_settings.User is null) return null;
        var password = _settings.Password is { } reference ? await _secrets.ReadAsync(reference, cancellation) : "";
        return _identity = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{_settings.User}:{password}")));
    }

    /// <summary>
    /// Elasticsearch expects ID:KEY in base64, which is what Kibana shows and newer versions return as "encoded".
    /// </summary>
    private static string EncodedKey(string key) => key.Contains(':', StringComparison.Ordinal) ? Convert.ToBase64String(Encoding.UTF8.GetBytes(key)) : key;

    private SocketsHttpHandler MakeHandler()
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, ConnectTimeout = _connect };
        _trust ??= new CertificateTrust(_settings.Authorities);
        handler.SslOptions.RemoteCertificateValidationCallback = _trust.Trusts;
        return handler;
    }
}
