using System.Text;
using System.Text.Json.Nodes;

namespace Holdfast.Testing;

/// <summary>
/// A real Elasticsearch or OpenSearch of a test, on the loopback, in a folder of its own. What starts it is found by
/// $HOLDFAST_SEARCH_ENGINES (a folder with the scripts "up" and "down"), else in shared/search-engine beside the source tree; where neither
/// is there, the test is skipped and says so.
/// </summary>
public sealed class SearchEngine : IAsyncDisposable
{
    /// <summary>Of every user of a secured one.</summary>
    public const string Password = "Holdfast-test-1";

    private readonly TempFolder _folder;
    private readonly string _scripts;
    private readonly HttpClient _client;
    private bool _runs = true;
    private string[] _arguments = [];

    private SearchEngine(TempFolder folder, string scripts, string url, HttpClient client) => (_folder, _scripts, Url, _client) = (folder, scripts, url, client);

    public string Url { get; }

    /// <summary>The certificate that signs those of a secured one.</summary>
    public string Authority => _folder["engine/config/ca.pem"];

    /// <summary>Its classes as it had them in memory: the first one that stops writes them, and later ones start in a half to two thirds of the time.</summary>
    private string Classes => _folder["engine/tmp/classes.jsa"];

    /// <summary>A folder that snapshots may be written to.</summary>
    public string Snapshots => _folder["snapshots"];

    /// <summary>Where its nodes keep their data.</summary>
    public string Data => _folder["engine/data"];

    /// <param name="engine">"elasticsearch" or "opensearch".</param>
    /// <param name="secure">TLS and users; "opensearch" alone can be.</param>
    /// <param name="settings">Lines of its configuration: "thread_pool.write.size=1".</param>
    public static async Task<SearchEngine> StartAsync(string engine, bool secure = false, params IReadOnlyList<string> settings)
    {
        var scripts = FindScripts();
        Require.Program("java");
        var folder = new TempFolder();
        if (Environment.IsPrivilegedProcess) File.SetUnixFileMode(folder.Path, (UnixFileMode)Convert.ToInt32("755", 8)); // the engine is no root
        string[] arguments = [engine, folder["engine"], "--port", $"{FreePort.Next()}", "--repo", folder["snapshots"], .. secure ? ["--secure"] : Array.Empty<string>(), .. settings.SelectMany(setting => new[] { "--set", setting })];
        var up = await Command.RunAsync(Path.Combine(scripts, "up"), arguments, ShortLived(arguments, folder["engine/tmp/classes.jsa"]));
        if (up.ExitCode != 0) folder.Dispose();
        var url = up.Succeeded().Output.Trim().Split('\n')[^1];
        var client = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Issuer == "CN=Test CA" } });
        if (secure) client.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"admin:{Password}")));
        return new SearchEngine(folder, scripts, url, client) { _arguments = arguments };
    }

    /// <summary>Asks it for something; the body is JSON, or lines of it. The answer must be good.</summary>
    public async Task<JsonNode> CallAsync(HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, Url + path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, path.Contains("_bulk", StringComparison.Ordinal) ? "application/x-ndjson" : "application/json");
        using var answer = await _client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{method} {path}: {answer.StatusCode} {text}");
    }

    /// <summary>Stops it for good; its folder stays until it is disposed of.</summary>
    public async Task StopAsync()
    {
        if (_runs) (await DownAsync()).Succeeded();
        _runs = false;
    }

    /// <summary>Starts a second node of its cluster, for data alone, which has no directory for snapshots.</summary>
    public async Task<SearchEngine> JoinAsync()
    {
        var folder = new TempFolder();
        if (Environment.IsPrivilegedProcess) File.SetUnixFileMode(folder.Path, (UnixFileMode)Convert.ToInt32("755", 8));
        string[] arguments = [_arguments[0], folder["engine"], "--port", $"{FreePort.Next()}", "--join", _folder["engine"], "--set", "node.roles=[data]"];
        var up = await Command.RunAsync(Path.Combine(_scripts, "up"), arguments, ShortLived(arguments));
        if (up.ExitCode != 0) folder.Dispose();
        return new SearchEngine(folder, _scripts, up.Succeeded().Output.Trim().Split('\n')[^1], new HttpClient()) { _arguments = arguments };
    }

    /// <summary>Kills it as the kernel does.</summary>
    public async Task KillAsync() => (await DownAsync("KILL")).Succeeded();

    /// <summary>Starts it on its data again, after a kill, at the same place.</summary>
    public async Task StartAgainAsync() => (await Command.RunAsync(Path.Combine(_scripts, "up"), _arguments, ShortLived(_arguments))).Succeeded();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_runs) await EndAsync();
        _client.Dispose();
        _folder.Dispose();
    }

    /// <summary>Nothing of it is needed any more but its classes, which it writes when it is asked to end: that takes long on a busy machine.</summary>
    private async Task EndAsync()
    {
        if (!File.Exists(KeptClasses(_arguments)) && (await DownAsync()).ExitCode == 0 && File.Exists(Classes)) KeepClasses();
        await KillAsync();
        _runs = false;
    }

    private Task<CommandResult> DownAsync(string signal = "TERM") => Command.RunAsync(Path.Combine(_scripts, "down"), [_folder["engine"], signal]);

    /// <summary>
    /// An engine of a test lives for minutes: what the second compiler would gain it spends at the start, and what was loaded by one
    /// of its kind need not be loaded and verified again (Java 17, "Class Data Sharing": an archive that does not fit is left unused).
    /// </summary>
    private static Dictionary<string, string?> ShortLived(IReadOnlyList<string> arguments, string? archive = null)
    {
        var kept = KeptClasses(arguments);
        var share = File.Exists(kept) ? $" -XX:SharedArchiveFile={kept}" : archive is null ? "" : $" -XX:ArchiveClassesAtExit={archive}";
        return new(StringComparer.Ordinal) { ["JAVA_TOOL_OPTIONS"] = $"-XX:TieredStopAtLevel=1{share}" };
    }

    /// <summary>Where the classes of such an engine are kept, beside the servers that <c>./test</c> keeps: its own user must be able to read them.</summary>
    private static string KeptClasses(IReadOnlyList<string> arguments)
    {
        var cache = Environment.IsPrivilegedProcess ? "/var/cache" : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + "/.cache";
        return $"{cache}/holdfast/search/{arguments[0]}{(arguments.Contains("--secure") ? "-secure" : "")}.jsa";
    }

    private void KeepClasses()
    {
        var kept = KeptClasses(_arguments);
        Directory.CreateDirectory(Path.GetDirectoryName(kept)!, (UnixFileMode)Convert.ToInt32("755", 8));
        var beside = $"{kept}.{Path.GetRandomFileName()}";
        File.Copy(Classes, beside);
        File.SetUnixFileMode(beside, (UnixFileMode)Convert.ToInt32("644", 8));
        File.Move(beside, kept, overwrite: true);
    }

    /// <summary>The folder with "up" and "down"; skips the test when there is none.</summary>
    public static string FindScripts()
    {
        var beside = Path.Combine(SourceTree.Root, "..", "shared", "search-engine");
        var found = new[] { Environment.GetEnvironmentVariable("HOLDFAST_SEARCH_ENGINES"), beside }.FirstOrDefault(folder => folder is not null && File.Exists(Path.Combine(folder, "up")));
        Require.That(found is not null, "No search engine is here: HOLDFAST_SEARCH_ENGINES names no folder with 'up' and 'down' in it.");
        return Path.GetFullPath(found);
    }
}
