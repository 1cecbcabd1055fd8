using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Engine.Web;

/// <summary>
/// Asks one server for JSON. Redirections are not followed, because they would carry the password elsewhere, and no proxy is
/// used: servers of the platform are near.
/// </summary>
public sealed class WebServer
{
    /// <summary>16 MiB: answers are figures, not data.</summary>
    private const int MaximumAnswer = 16 << 20;

    /// <summary>A machine that is down answers nothing at all.</summary>
    private static readonly TimeSpan _connect = TimeSpan.FromSeconds(10);

    /// <summary>A server that hangs is not waited for longer, unless it has much to do. 10 minutes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly WebSettings _settings;
    private readonly ISecretReader _secrets;

    // One for all requests: a connection by HTTPS costs more than most answers. What fails while it is made is tried again.
    private readonly Lazy<HttpClient> _client;
    private AuthenticationHeaderValue? _identity;

    public WebServer(WebSettings settings, ISecretReader secrets)
    {
        (_settings, _secrets) = (settings, secrets);
        _client = new Lazy<HttpClient>(() => new HttpClient(MakeHandler()) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaximumAnswer }, LazyThreadSafetyMode.PublicationOnly);
    }

    /// <summary>Where it is, without what may be secret in a query.</summary>
    public string Place => _settings.Url.Split('?')[0];

    /// <summary>The JSON document at a path below the server's URL; an empty one is the URL itself.</summary>
    /// <exception cref="ProblemException">There is no server, it is not who it should be, refuses us, or answers something else.</exception>
    public async Task<JsonDocument> GetAsync(string path, CancellationToken cancellation)
    {
        var answer = await SendAsync(HttpMethod.Get, path, body: null, cancellation);
        if (answer.IsSuccess) return answer.Json;
        answer.Dispose();
        throw Refusal(answer.Status, PlaceOf(path));
    }

    /// <summary>Sends JSON and returns the JSON that the server answers, whether it is content or not.</summary>
    /// <exception cref="ProblemException">There is no server, it is not who it should be, refuses who we are, or answers no JSON.</exception>
    public Task<WebAnswer> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellation) => SendAsync(method, path, body, Patience, cancellation);

    /// <summary>The same, with another patience for the answer.</summary>
    /// <exception cref="ProblemException">As there.</exception>
    public async Task<WebAnswer> SendAsync(HttpMethod method, string path, byte[]? body, TimeSpan patience, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(patience, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            using var request = new HttpRequestMessage(method, AddressOf(path));
            request.Headers.Authorization = await IdentityAsync(cancellation);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            if (body is not null) request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var answer = await _client.Value.SendAsync(request, either.Token);
            if (answer.StatusCode == HttpStatusCode.Unauthorized) throw Refusal(answer.StatusCode, PlaceOf(path));
            var bytes = await answer.Content.ReadAsByteArrayAsync(either.Token);
            return answer.IsSuccessStatusCode || IsJson(answer) ? new WebAnswer(answer.StatusCode, JsonDocument.Parse(bytes)) : throw Refusal(answer.StatusCode, PlaceOf(path));
        }
        catch (JsonException foreign)
        {
            throw Catalogue.WebAnswer.Throwable($"The answer of {PlaceOf(path)} is no JSON.", foreign);
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

    /// <summary>Opens a connection that stays for many requests. It belongs to the caller.</summary>
    /// <exception cref="ProblemException">The password or the authorities can not be read.</exception>
    public async Task<WebChannel> OpenChannelAsync(TimeProvider clock, CancellationToken cancellation)
    {
        var identity = await IdentityAsync(cancellation);
        return new WebChannel(this, new HttpMessageInvoker(MakeHandler()), identity, clock);
    }

    /// <summary>The problem that an answer is which refuses what was asked.</summary>
    public ProblemException Refusal(WebAnswer answer, string path) => Refusal(answer.Status, PlaceOf(path));

    internal string AddressOf(string path) => path.Length == 0 ? _settings.Url : _settings.Url.TrimEnd('/') + path;

    internal string PlaceOf(string path) => path.Length == 0 ? Place : $"{_settings.Url.TrimEnd('/')}{path.Split('?')[0]}";

    private static bool IsJson(HttpResponseMessage answer) => answer.Content.Headers.ContentType?.MediaType is "application/json" or "application/vnd.elasticsearch+json";

    internal static ProblemException Refusal(HttpStatusCode status, string place) => status switch
    {
        HttpStatusCode.Unauthorized => Catalogue.WebAuthentication.Throwable($"{place} refuses the user or the password (HTTP 401)."),
        HttpStatusCode.Forbidden => Catalogue.WebAuthentication.Throwable($"{place} does not let us ask (HTTP 403).", "Give the user the right to read it, or name another user in the profile."),
        HttpStatusCode.NotFound => Catalogue.WebAnswer.Throwable($"There is no {place} (HTTP 404)."),
        _ => Catalogue.WebAnswer.Throwable($"{place} answered with HTTP {(int)status}."),
    };

    /// <summary>What took too long, and was not stopped by anybody.</summary>
    /// <param name="stopped">How that was told.</param>
    /// <param name="waited">How long the answer was waited for; null when it was not the patience for that which ended: then the handler has given the connection up.</param>
    /// <param name="place">The server.</param>
    internal static ProblemException GivenUp(OperationCanceledException stopped, TimeSpan? waited, string place) => Catalogue.WebUnreachable.Throwable(
        string.Create(CultureInfo.InvariantCulture, $"{place} did not {(waited is null ? "take a connection" : "answer")} within {(waited ?? _connect) switch { { TotalMinutes: < 1 } time => $"{time.TotalSeconds:0} seconds", var time => $"{time.TotalMinutes:0} minutes" }}."), stopped);

    internal static bool IsFailure(Exception failure) => failure is HttpRequestException or IOException or CryptographicException or UnauthorizedAccessException;

    internal static ProblemException Of(Exception failure, string place)
    {
        var isTls = failure is CryptographicException || failure.InnerException is AuthenticationException || failure is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError };
        var reason = failure;
        while (reason.InnerException is { } inner) reason = inner;
        return (isTls ? Catalogue.WebTls : Catalogue.WebUnreachable).Throwable($"{place} can not be asked: {reason.Message.TrimEnd('.')}.", failure);
    }

    private async Task<AuthenticationHeaderValue?> IdentityAsync(CancellationToken cancellation)
    {
        if (_identity is not null) return _identity;
        if (_settings.Token is { } token) return _identity = new AuthenticationHeaderValue("Bearer", await _secrets.ReadAsync(token, cancellation));
        if (_settings.User is null) return null;
        var password = _settings.Password is { } reference ? await _secrets.ReadAsync(reference, cancellation) : "";
        return _identity = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{_settings.User}:{password}")));
    }

    private SocketsHttpHandler MakeHandler()
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, ConnectTimeout = _connect };
        if (_settings.Authorities is not { } path) return handler;
        var authorities = ReadAuthorities(path);
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, sent, errors) => IsTrusted(authorities, certificate as X509Certificate2, sent, errors);
        return handler;
    }

    private static X509Certificate2Collection ReadAuthorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw Catalogue.WebTls.Throwable($"The authorities in '{path}' can not be read: {unreadable.Message.TrimEnd('.')}.", unreadable);
        }
        return authorities.Count > 0 ? authorities : throw Catalogue.WebTls.Throwable($"The file '{path}' has no certificate in it.");
    }

    private static bool IsTrusted(X509Certificate2Collection authorities, X509Certificate2? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        foreach (var element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>()) chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }
}
