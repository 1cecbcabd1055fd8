using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Holdfast.Restic.Backends;

/// <summary>
/// Sends requests to one HTTP server and retries them after transient failures. Redirections are not followed, because
/// they would send the password elsewhere. May be used by several threads.
/// </summary>
internal sealed class RestConnection
{
    private const string VersionTwo = "application/vnd.x.restic.rest.v2";

    /// <summary>
    /// The flow-control window for a program: how much of one answer it may send before it is read. 16 MiB, so that a
    /// pack need not wait.
    /// </summary>
    private const int Window = 16 << 20;

    private static readonly TimeSpan _connect = TimeSpan.FromSeconds(15);

    private readonly string _location;
    private readonly Uri _root;
    private readonly string? _socket;
    private readonly string? _accepted;
    private readonly RestOptions _options;
    private readonly Lazy<HttpMessageInvoker> _client; // it exists as long as the process, as backends do
    private readonly AuthenticationHeaderValue? _identity;
    private readonly IPipedProgram? _program;
    private readonly RetryPolicy _retries;

    /// <summary>
    /// Connects to a server that uses another protocol over HTTP, whose requests carry their own authentication.
    /// </summary>
    /// <param name="location">The location as messages show it.</param>
    /// <param name="root">The base URL of relative request paths.</param>
    /// <param name="options">The timeouts and trusted authorities.</param>
    public RestConnection(string location, Uri root, RestOptions options)
    {
        (_location, _root, _options, _retries) = (location, root, options, new RetryPolicy(options));
        _client = new Lazy<HttpMessageInvoker>(() => new HttpMessageInvoker(MakeHandler()));
    }

    public RestConnection(RestLocation location, RestOptions options)
        : this(location.ToString(), location.Url, options)
    {
        (_socket, _accepted) = (location.Socket, VersionTwo);
        if (location.Remote is { } remote)
        {
            var start = options.Program ?? throw new ResticException(
                ResticError.Unsupported, $"Nothing says how rclone is started, which serves {location}.");
            _program = start(remote);
        }
        if (options.User is not { } user) return;
        var identity = Encoding.UTF8.GetBytes($"{user}:{options.Password}");
        _identity = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(identity));
    }

    /// <summary>Sends a request and passes the answer on; repeats both after each transient failure.</summary>
    /// <param name="method">The HTTP method.</param>
    /// <param name="path">The path below the root, with its query; or an absolute URL.</param>
    /// <param name="prepare">Completes the request; null for nothing.</param>
    /// <param name="read">Reads the answer, whose status is not that of a transient failure.</param>
    /// <param name="cancellation">Cancels the request.</param>
    /// <exception cref="ResticException">Unreachable, Refused, or what <paramref name="read"/> throws.</exception>
    public Task<T> SendAsync<T>(
        HttpMethod method, string path, Action<HttpRequestMessage, RestWatch>? prepare,
        Func<HttpResponseMessage, RestWatch, Task<T>> read, CancellationToken cancellation) =>
        _retries.RunAsync(_ => TryAsync(method, path, prepare, read, cancellation), cancellation);

    private async Task<T> TryAsync<T>(
        HttpMethod method, string path, Action<HttpRequestMessage, RestWatch>? prepare,
        Func<HttpResponseMessage, RestWatch, Task<T>> read, CancellationToken cancellation)
    {
        using var watch = new RestWatch(_options, cancellation);
        try
        {
            using var request = MakeRequest(method, path);
            prepare?.Invoke(request, watch);
            using var answer = await _client.Value.SendAsync(request, watch.Token);
            watch.Progress();
            if (MayPass(answer.StatusCode))
                throw MayPass(answer.StatusCode, method, path);
            _retries.NoteAnswer();
            if (answer.StatusCode == HttpStatusCode.Unauthorized)
                throw Refused($"{_location} refuses the user or the password (HTTP 401).");
            return await read(answer, watch);
        }
        catch (OperationCanceledException stopped) when (!cancellation.IsCancellationRequested)
        {
            var seconds = _options.StallWithLimits.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
            throw Unreachable($"{_location} did not take a connection, or did next to nothing for {seconds} seconds.", stopped);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or SocketException)
        {
            throw Explain(failure);
        }
    }

    private HttpRequestMessage MakeRequest(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, new Uri(_root, path));
        if (_program is not null)
        {
            // All requests share one connection: there is only one pair of pipes.
            (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        }
        request.Headers.Authorization = _identity;
        if (_accepted is not null) request.Headers.Accept.ParseAdd(_accepted);
        return request;
    }

    /// <summary>
    /// A transient failure: thrown by a reader of answers, it causes the request to be sent again. The last words of a
    /// program need not refer to this request.
    /// </summary>
    public ResticException MayPass(HttpStatusCode status, HttpMethod method, string path)
    {
        var words = _program?.LastWords is { } last ? $"; its program said last: {last.TrimEnd('.')}" : "";
        return Unreachable($"{_location} answered with HTTP {(int)status} to {method} {path}{words}.");
    }

    private static bool MayPass(HttpStatusCode status) => (int)status is 408 or 429 or 500 or 502 or 503 or 504;

    private ResticException Explain(Exception failure)
    {
        var reason = failure;
        while (reason.InnerException is { } inner) reason = inner;
        var isTls = failure is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }
            || failure.InnerException is AuthenticationException;
        var message = $"{_location} cannot be reached: {reason.Message.TrimEnd('.')}.";
        return isTls ? Refused(message, failure) : Unreachable(message, failure);
    }

    private static ResticException Refused(string message, Exception? failure = null) =>
        new(ResticError.Refused, message, failure);

    private static ResticException Unreachable(string message, Exception? failure = null) =>
        new(ResticError.Unreachable, message, failure);

    private SocketsHttpHandler MakeHandler()
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = _connect,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // a name may be changed to another address
            PlaintextStreamFilter = (connection, _) => new(_options.Traffic.Limit(connection.PlaintextStream)),
        };
        if (_program is { } program)
        {
            handler.UseProxy = false;
            handler.PooledConnectionLifetime = handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
            handler.InitialHttp2StreamWindowSize = Window;
            handler.ConnectCallback = (_, cancellation) => program.StartAsync(cancellation);
        }
        else if (_socket is { } socket)
        {
            handler.UseProxy = false;
            handler.ConnectCallback = (_, cancellation) => ConnectAsync(socket, cancellation);
        }
        if (_options.Authorities is { } authorities)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.AddRange(authorities);
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }
        return handler;
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
