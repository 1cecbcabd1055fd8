using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Holdfast.Testing;

/// <summary>
/// A real REST server for repositories on a port of the loopback: rclone's "serve restic", or the rest-server that
/// $HOLDFAST_REST_SERVER names. It is stopped, and its folder removed, when it is disposed of.
/// </summary>
public sealed class RestServer : IAsyncDisposable
{
    public const string User = "shop", Password = "pa:ss/wörd@1";
    private readonly RestServerOptions _options;
    private Process? _process;

    private RestServer(RestServerOptions options) => _options = options;

    /// <summary>True when it is rclone, which does not know places and does not verify uploads.</summary>
    public static bool IsRclone => string.IsNullOrEmpty(Named);

    public int Port { get; private set; }

    /// <summary>What the server stores lies in "data".</summary>
    public TempFolder Folder { get; } = new();

    /// <summary>The location of a repository on it, without user and password.</summary>
    public string Location => $"rest:{Scheme}://localhost:{Port}/shop/repository/";

    /// <summary>Starts one; skips the test when rclone is not installed.</summary>
    public static async Task<RestServer> StartAsync(RestServerOptions? options = null)
    {
        var server = new RestServer(options ?? new RestServerOptions()) { Port = FreePort.Next() };
        try
        {
            await server.StartProcessAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the process, again after <see cref="StopProcess"/>.</summary>
    public async Task StartProcessAsync()
    {
        _process = Named is { Length: > 0 } other
            ? Command.Start(other, await RestServerAsync())
            : Command.Start(Require.Program("rclone"), await RcloneAsync());
        _process.StandardInput.Close();
        _ = _process.StandardError.ReadToEndAsync();
        _ = _process.StandardOutput.ReadToEndAsync();
        await Eventually.HoldsAsync("the REST server listens", async () =>
            _process.HasExited ? throw new InvalidOperationException($"'{_process.StartInfo.FileName}' has ended.") : await ListensAsync());
    }

    /// <summary>kill -9.</summary>
    public void StopProcess()
    {
        if (_process is null) return;
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Holds it: it takes connections and does nothing; or lets it go on.</summary>
    public async Task HoldAsync(bool held)
    {
        var process = _process!.Id.ToString(CultureInfo.InvariantCulture);
        (await Command.RunAsync("kill", [held ? "-STOP" : "-CONT", process])).Succeeded();
    }

    public ValueTask DisposeAsync()
    {
        StopProcess();
        Folder.Dispose();
        return default;
    }

    private string Scheme => _options.Certificate is null ? "http" : "https";

    private static string? Named => Environment.GetEnvironmentVariable("HOLDFAST_REST_SERVER");

    private async Task<List<string>> RcloneAsync()
    {
        List<string> words = ["serve", "restic", "--addr", $"127.0.0.1:{Port}", "--config", Folder["none"]];
        if (_options.AppendOnly) words.Add("--append-only");
        if (_options.WithUser) words.AddRange(["--user", User, "--pass", Password]);
        if (await WriteCertificateAsync() is var (certificate, key))
            words.AddRange(["--cert", certificate, "--key", key]);
        return [.. words, Folder.Folder("data")];
    }

    private async Task<List<string>> RestServerAsync()
    {
        List<string> words = ["--listen", $"127.0.0.1:{Port}", "--path", Folder.Folder("data")];
        if (_options.AppendOnly) words.Add("--append-only");
        if (_options.WithUser) words.AddRange(["--htpasswd-file", await WriteUserAsync()]);
        else words.Add("--no-auth");
        if (await WriteCertificateAsync() is var (certificate, key))
            words.AddRange(["--tls", "--tls-cert", certificate, "--tls-key", key]);
        return words;
    }

    private async Task<string> WriteUserAsync()
    {
        var digest = await Command.BashAsync("printf %s \"$1\" | openssl dgst -sha1 -binary | base64", Password);
        return Folder.Write("htpasswd", $"{User}:{{SHA}}{digest.Succeeded().Output}");
    }

    private async Task<(string Certificate, string Key)?> WriteCertificateAsync()
    {
        if (_options.Certificate is not { } certificate) return null;
        await File.WriteAllTextAsync(Folder["server.pem"], certificate.ExportCertificatePem());
        using var key = certificate.GetECDsaPrivateKey()!;
        await File.WriteAllTextAsync(Folder["server.key"], key.ExportPkcs8PrivateKeyPem());
        return (Folder["server.pem"], Folder["server.key"]);
    }

    private async Task<bool> ListensAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
