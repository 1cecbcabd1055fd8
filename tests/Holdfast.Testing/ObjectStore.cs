using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Holdfast.Testing;

/// <summary>
/// A real object store on ports of the loopback: Ceph's radosgw, a monitor, and one OSD that keeps all in memory.
/// It speaks HTTP and HTTPS, lists 20 keys a page, and is up in some seconds. It ends when it is disposed of.
/// </summary>
public sealed class ObjectStore : IAsyncDisposable
{
    public const string AccessKey = "AKTEST", SecretKey = "SKTEST+with/slashes";
    private readonly TempFolder _folder = new();
    private readonly List<Process> _processes = [];
    private readonly int _monitor = FreePort.Next(2);
    private readonly string _id = Guid.NewGuid().ToString();
    private readonly string _conf;
    private int _buckets;

    private ObjectStore()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Authority = Certificates.SelfSigned(key);
        _folder.Write("server.key", key.ExportPkcs8PrivateKeyPem());
        _folder.Write("server.pem", Authority.ExportCertificatePem());
        foreach (var name in (string[])["mon", "osd0", "run", "log"]) _folder.Folder(name);
        _conf = _folder.Write("ceph.conf", Settings());
    }

    /// <summary>The port of HTTP.</summary>
    public int Port { get; } = FreePort.Next(2);

    /// <summary>The port of HTTPS.</summary>
    public int TlsPort => Port + 1;

    /// <summary>Who issued the certificate of the port of HTTPS: it did itself.</summary>
    public X509Certificate2 Authority { get; }

    /// <summary>The file of <see cref="Authority"/>.</summary>
    public string AuthorityFile => _folder["server.pem"];

    /// <summary>The variables by which programs of AWS, and restic, know the keys.</summary>
    public static Dictionary<string, string?> Variables => new(StringComparer.Ordinal)
    {
        ["AWS_ACCESS_KEY_ID"] = AccessKey, ["AWS_SECRET_ACCESS_KEY"] = SecretKey,
    };

    /// <summary>The location of a repository in a bucket that does not exist yet, another one each time.</summary>
    public string NewLocation() =>
        $"s3:http://localhost:{Port}/bucket-{Interlocked.Increment(ref _buckets)}/shop/repository";

    /// <summary>The same location by HTTPS.</summary>
    public string OverTls(string location) => location.Replace(
        $"http://localhost:{Port}", $"https://localhost:{TlsPort}", StringComparison.Ordinal);

    /// <summary>Starts one; skips the test when Ceph is not installed.</summary>
    public static async Task<ObjectStore> StartAsync()
    {
        foreach (var program in (string[])["ceph-mon", "ceph-osd", "radosgw"]) Require.Program(program);
        var store = new ObjectStore();
        try
        {
            await store.StartClusterAsync();
            await store.StartGatewayAsync();
            await store.AddUserAsync("test", AccessKey, SecretKey);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Adds a user who has no rights on the buckets of others.</summary>
    public Task AddUserAsync(string name, string access, string secret) => CallAsync(
        "radosgw-admin", "user", "create", "--uid", name, "--display-name", name,
        "--access-key", access, "--secret-key", secret);

    public ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes))
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
        Authority.Dispose();
        _folder.Dispose();
        return default;
    }

    private async Task StartClusterAsync()
    {
        var (ring, map, osd) = (_folder["keyring"], _folder["monmap"], Guid.NewGuid().ToString());
        await CallAsync("ceph-authtool", "-C", ring, "-g", "-n", "mon.", "--cap", "mon", "allow *");
        string[] all = ["--cap", "mon", "allow *", "--cap", "osd", "allow *"];
        foreach (var name in (string[])["client.admin", "client.rgw", "osd.0"])
            await CallAsync("ceph-authtool", [ring, "-g", "-n", name, .. all]);
        await CallAsync("monmaptool", "--create", "--fsid", _id, "--addv", "a", MonitorAddress, map);
        await CallAsync("ceph-mon", "-i", "a", "--mkfs", "--monmap", map, "--keyring", ring);
        Start("ceph-mon", "-f", "-i", "a");
        await CallAsync("ceph", "osd", "new", osd);
        await CallAsync("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd);
        Start("ceph-osd", "-f", "-i", "0");
        await Eventually.HoldsAsync("the OSD of Ceph is up", IsUpAsync, Logs);

        async Task<bool> IsUpAsync() =>
            (await RunAsync("ceph", "osd", "stat")).Output.Contains("1 up", StringComparison.Ordinal);
    }

    private string MonitorAddress => $"[v2:127.0.0.1:{_monitor},v1:127.0.0.1:{_monitor + 1}]";

    private async Task StartGatewayAsync()
    {
        var ends = $"beast endpoint=127.0.0.1:{Port} ssl_endpoint=127.0.0.1:{TlsPort} "
            + $"ssl_certificate={AuthorityFile} ssl_private_key={_folder["server.key"]}";
        Start("radosgw", "-f", "-n", "client.rgw", $"--rgw-frontends={ends}");
        await Eventually.HoldsAsync("radosgw listens", ListensAsync, Logs);
    }

    private string Settings() => $"""
        [global]
        fsid = {_id}
        mon host = {MonitorAddress}
        public addr = 127.0.0.1
        cluster addr = 127.0.0.1
        keyring = {_folder["keyring"]}
        osd pool default size = 1
        osd pool default min size = 1
        mon allow pool size one = true
        osd pool default pg num = 1
        osd pool default pgp num = 1
        osd pool default pg autoscale mode = off
        osd crush chooseleaf type = 0
        mon max pg per osd = 1000
        osd objectstore = memstore
        memstore device bytes = 2147483648
        osd memory target = 939524096
        run dir = {_folder["run"]}
        admin socket = {_folder["run"]}/$name.$pid.asok
        log file = {_folder["log"]}/$name.log
        crash dir = {_folder["run"]}
        mon data = {_folder["mon"]}
        osd data = {_folder["osd0"]}
        paxos propose interval = 0.05
        paxos min wait = 0.01
        mon data avail warn = 1
        mon data avail crit = 1
        rgw dns name = localhost
        rgw max listing results = 20

        """;

    private void Start(string program, params string[] arguments)
    {
        var process = Command.Start(Require.Program(program), arguments, Environs);
        _processes.Add(process);
        process.StandardInput.Close();
        _ = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
    }

    private async Task CallAsync(string program, params string[] arguments) =>
        (await RunAsync(program, arguments)).Succeeded();

    private Task<CommandResult> RunAsync(string program, params string[] arguments) =>
        Command.RunAsync(Require.Program(program), arguments, Environs);

    private Dictionary<string, string?> Environs => new(StringComparer.Ordinal) { ["CEPH_CONF"] = _conf };

    private string Logs() => string.Join('\n', Directory.EnumerateFiles(_folder["log"])
        .Select(file => $"{file}: {string.Join('\n', File.ReadLines(file).TakeLast(20))}"));

    private async Task<bool> ListensAsync()
    {
        if (_processes.Exists(process => process.HasExited))
            throw new InvalidOperationException($"A process of Ceph has ended. {Logs()}");
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, TlsPort);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
