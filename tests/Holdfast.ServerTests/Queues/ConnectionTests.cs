using System.Net;
using System.Net.Sockets;
using Holdfast.Components.Queues;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Redis;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.ServerTests.Postgres;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Queues;

/// <summary>Each way in which Redis can not be used is told by its own name.</summary>
public sealed class ConnectionTests
{
    private const string Certificates = """
        cd "$1"
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt
        for name in server client; do
          openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$name.key" -out "$name.csr"
          openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out "$name.crt" -extfile <(echo "subjectAltName=$2")
        done
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=stranger -keyout stranger.key -out stranger.crt
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_is_down_is_told()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.KillAsync();
        await FailsAsync(Catalogue.QueueUnreachable, new RedisSettings { Port = redis.Port });
        await FailsAsync(Catalogue.QueueUnreachable, new RedisSettings { Socket = redis.Socket });
        await FailsAsync(Catalogue.QueueUnreachable, new RedisSettings { Host = "no-such-host.invalid" });
    }

    [Fact]
    public async Task A_socket_is_as_good_as_a_port()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CallAsync("RPUSH", "plain", "a", "b");
        Assert.Equal(2, (await ReadAsync(new RedisSettings { Socket = redis.Socket })).Waiting);
    }

    [Fact]
    public async Task A_wrong_or_missing_or_needless_password_is_told()
    {
        await using var redis = await RedisServer.StartAsync();
        await FailsAsync(Catalogue.QueueAuthentication, Settings(redis) with { Password = Reference }, "needless");
        await redis.CallAsync("CONFIG", "SET", "requirepass", "right");
        redis.ClientOptions = ["-a", "right", "--no-auth-warning"];
        await FailsAsync(Catalogue.QueueAuthentication, Settings(redis));
        await FailsAsync(Catalogue.QueueAuthentication, Settings(redis) with { Password = Reference }, "wrong");
        await FailsAsync(Catalogue.QueueAuthentication, Settings(redis) with { User = "nobody", Password = Reference }, "right");
        Assert.True((await ReadAsync(Settings(redis) with { Password = Reference }, "right")).IsIdle);
    }

    [Fact]
    public async Task A_user_without_permission_is_told_and_the_documented_one_is_enough()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CallAsync("ACL", "SETUSER", "blind", "on", ">pass", "~*", "&*", "+ping", "+select");
        await FailsAsync(Catalogue.QueuePermission, Settings(redis) with { User = "blind", Password = Reference }, "pass");

        var documented = File.ReadLines(SourceTree.PathOf("docs/queues.md")).First(line => line.StartsWith("ACL SETUSER", StringComparison.Ordinal)).Replace(">PASSWORD", ">pass", StringComparison.Ordinal);
        await redis.CallAsync(documented.Split(' '));
        await redis.CallAsync("RPUSH", "plain", "a");
        Assert.Equal(1, (await ReadAsync(Settings(redis) with { User = "holdfast", Password = Reference }, "pass")).Waiting);
    }

    [Fact]
    public async Task A_key_that_is_no_list_is_told()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CallAsync("SET", "plain", "text");
        await FailsAsync(Catalogue.QueueNotList, Settings(redis));
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_told()
    {
        await using var redis = await RedisServer.StartAsync();
        await FailsAsync(Catalogue.QueueRefused, Settings(redis) with { Database = 99 });
    }

    /// <summary>A server that loads for long can't be had in a test: this one says what such a server says.</summary>
    [Theory]
    [InlineData("-LOADING Redis is loading the dataset in memory\r\n", "HF-QUEUE-LOADING")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", "HF-QUEUE-UNREACHABLE")]
    [InlineData("", "HF-QUEUE-UNREACHABLE")]
    public async Task What_is_loading_or_is_no_redis_is_told(string says, string code)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            using var client = await listener.AcceptSocketAsync(Cancellation);
            await client.ReceiveAsync(new byte[4096], Cancellation);
            await client.SendAsync(System.Text.Encoding.ASCII.GetBytes(says), Cancellation);
        }, Cancellation);

        var problem = await Assert.ThrowsAsync<ProblemException>(() => ReadAsync(new RedisSettings { Port = ((IPEndPoint)listener.LocalEndpoint).Port }));

        Assert.Equal(code, problem.Problem.Code);
        await serving;
    }

    [Fact]
    public async Task A_server_that_is_silent_is_given_up()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var settings = new RedisSettings { Port = ((IPEndPoint)listener.LocalEndpoint).Port, Patience = TimeSpan.FromSeconds(1) };
        await FailsAsync(Catalogue.QueueUnreachable, settings);
    }

    [Fact]
    public async Task Tls_is_trusted_as_far_as_the_profile_says()
    {
        await using var redis = await StartSecuredAsync("IP:127.0.0.1");
        var own = new RedisTlsSettings { Authorities = redis.Folder["ca.crt"], Certificate = redis.Folder["client.crt"], Key = redis.Folder["client.key"] };
        var settings = new RedisSettings { Port = redis.TlsPort };
        await redis.CallAsync("RPUSH", "plain", "a");

        Assert.Equal(1, (await ReadAsync(settings with { Tls = own })).Waiting);
        Assert.Equal(1, (await ReadAsync(settings with { Tls = own with { Authorities = null, Verification = RedisTlsVerification.None } })).Waiting);
        await FailsAsync(Catalogue.QueueTls, settings with { Tls = own with { Authorities = null } });
        await FailsAsync(Catalogue.QueueTls, settings with { Tls = own with { Authorities = redis.Folder["stranger.crt"] } });
        await FailsAsync(Catalogue.QueueTls, settings with { Tls = own with { Authorities = redis.Folder["missing.crt"] } });
        await FailsAsync(Catalogue.QueueTls, Settings(redis) with { Tls = own, Patience = TimeSpan.FromSeconds(1) });
        await FailsAsync(Catalogue.QueueUnreachable, settings);
        var refused = await Assert.ThrowsAsync<ProblemException>(() => ReadAsync(settings with { Tls = own with { Certificate = null, Key = null } }));
        Assert.Contains(refused.Problem.Code, new[] { Catalogue.QueueTls.Code, Catalogue.QueueUnreachable.Code });
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused_unless_only_its_issuer_counts()
    {
        await using var redis = await StartSecuredAsync("DNS:elsewhere.example");
        var own = new RedisTlsSettings { Authorities = redis.Folder["ca.crt"], Certificate = redis.Folder["client.crt"], Key = redis.Folder["client.key"] };
        await FailsAsync(Catalogue.QueueTls, new RedisSettings { Port = redis.TlsPort, Tls = own });
        Assert.Equal(0, (await ReadAsync(new RedisSettings { Port = redis.TlsPort, Tls = own with { Verification = RedisTlsVerification.Authority } })).Waiting);
    }

    internal static ProfileNode Reference { get; } = ProfileReader.Parse("platform: x\ncomponents: { queues: [{ name: a, queues: [work], connection: { password: { env: X } } }] }", "x.yaml").Root["components"]["queues"].Items[0]["connection"]["password"];

    private static RedisSettings Settings(RedisServer redis) => new() { Port = redis.Port };

    private static async Task<RedisServer> StartSecuredAsync(string names)
    {
        Require.Program("openssl");
        using var made = new TempFolder();
        (await Command.BashAsync(Certificates, made.Path, names)).Succeeded();
        var redis = await RedisServer.StartAsync(
            "--tls-port", "{tls-port}", "--tls-cert-file", made["server.crt"], "--tls-key-file", made["server.key"], "--tls-ca-cert-file", made["ca.crt"]);
        foreach (var file in Directory.GetFiles(made.Path)) File.Copy(file, redis.Folder[Path.GetFileName(file)]);
        return redis;
    }

    private static Task<BrokerStatus> ReadAsync(RedisSettings connection, string password = "") =>
        new QueuesComponent(new QueuesSettings { Connection = connection, Queues = ["work"], Lists = ["plain"] }, new FixedSecret(password), TimeProvider.System).ReadAsync(Cancellation);

    /// <summary>Reading fails so, and so does the probe.</summary>
    private static async Task FailsAsync(ProblemKind kind, RedisSettings connection, string password = "")
    {
        var failure = await Assert.ThrowsAsync<ProblemException>(() => ReadAsync(connection, password));
        Assert.True(kind.Code == failure.Problem.Code, $"{kind.Code} was expected: {failure.Problem}");
        Assert.DoesNotContain("..", failure.Problem.Message, StringComparison.Ordinal);
    }
}
