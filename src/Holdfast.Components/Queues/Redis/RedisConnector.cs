using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Queues.Redis;

/// <summary>Opens connections to one Redis server.</summary>
internal sealed class RedisConnector(RedisSettings settings, ISecretReader secrets, TimeProvider clock)
{
    private string? _password;

    public RedisSettings Settings => settings;

    /// <exception cref="ProblemException">The server is down, loading, refuses the connection, or its certificate is
    /// not trusted.</exception>
    public async Task<RedisConnection> OpenAsync(CancellationToken cancellation)
    {
        var connection = new RedisConnection(await ConnectAsync(cancellation), settings.Place, settings.Patience, clock);
        try
        {
            await SignInAsync(connection, cancellation);
            await connection.CallAsync(cancellation, "SELECT", settings.Database);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task SignInAsync(RedisConnection connection, CancellationToken cancellation)
    {
        if (settings.Password is null) return;
        var password = _password ??= await secrets.ReadAsync(settings.Password, cancellation);
        if (settings.User is { } user) await connection.CallAsync(cancellation, "AUTH", user, password);
        else await connection.CallAsync(cancellation, "AUTH", password);
    }

    private async Task<Stream> ConnectAsync(CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(settings.Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        Stream? stream = null;
        try
        {
            stream = await OpenSocketAsync(either.Token);
            return settings.Tls is { } tls ? await SecureAsync(stream, tls, either.Token) : stream;
        }
        catch (Exception failure) when (failure is not ProblemException)
        {
            if (stream is not null) await stream.DisposeAsync();
            if (failure is OperationCanceledException && !cancellation.IsCancellationRequested) throw Silent(failure, isSecuring: stream is not null);
            if (!RedisProblem.Recognises(failure)) throw;
            throw settings.Tls is not null && stream is not null
                ? Catalogue.QueueTls.Throwable($"TLS with Redis on {settings.Place} failed: {RedisProblem.Reason(failure)}.", failure)
                : settings.Socket is { } path && failure is SocketException refused
                    ? Catalogue.QueueUnreachable.Throwable($"Connecting to Redis failed: {UnixSocket.Explain(path, refused)}.", failure)
                    : RedisProblem.Of(failure, "Connecting to Redis", settings.Place);
        }
    }

    /// <summary>A port that does not speak TLS waits for the end of a line that never comes.</summary>
    private ProblemException Silent(Exception failure, bool isSecuring)
    {
        var text = $"Redis on {settings.Place} did not answer within {settings.Patience.TotalSeconds:0} s";
        return isSecuring
            ? Catalogue.QueueTls.Throwable($"{text}, so this port may not speak TLS.", failure)
            : Catalogue.QueueUnreachable.Throwable($"{text}.", failure);
    }

    private async Task<Stream> OpenSocketAsync(CancellationToken cancellation)
    {
        var socket = settings.Socket is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (settings.Socket is null) await socket.ConnectAsync(settings.Host, settings.Port, cancellation);
            else await socket.ConnectAsync(new UnixDomainSocketEndPoint(settings.Socket), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<Stream> SecureAsync(Stream plain, RedisTlsSettings tls, CancellationToken cancellation)
    {
        var authorities = Authorities(tls);
        var secured = new SslStream(plain);
        await secured.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = settings.Host,
                ClientCertificates = Own(tls),
                RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsTrusted(tls, authorities, certificate as X509Certificate2, errors),
            },
            cancellation);
        return secured;
    }

    private static X509Certificate2Collection? Authorities(RedisTlsSettings tls)
    {
        if (tls.Authorities is not { } path) return null;
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(path);
        return authorities.Count > 0 ? authorities : throw Catalogue.QueueTls.Throwable($"The file '{path}' has no certificate in it.");
    }

    private static X509CertificateCollection? Own(RedisTlsSettings tls) =>
        tls.Certificate is { } certificate ? [X509Certificate2.CreateFromPemFile(certificate, tls.Key ?? certificate)] : null;

    private static bool IsTrusted(RedisTlsSettings tls, X509Certificate2Collection? authorities, X509Certificate2? certificate, SslPolicyErrors errors)
    {
        if (tls.Verification == RedisTlsVerification.None) return true;
        if (certificate is null) return false;
        if (tls.Verification == RedisTlsVerification.Full && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return false;
        if (authorities is null) return !errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }
}
