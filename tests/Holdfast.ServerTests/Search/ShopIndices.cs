using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Components.Postgres;
using Holdfast.Components.Search;
using Holdfast.Components.Search.Syncing;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Profiles;
using Holdfast.ServerTests.Postgres;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>A shop whose documents lie in PostgreSQL, and an engine that finds them: with the component that builds its indices.</summary>
internal sealed class ShopIndices : IDisposable
{
    /// <summary>The source of an index whose versions are those of the engine.</summary>
    public const string Versioned = "sql: \"SELECT id, version, jsonb_build_object('n', n, 'text', text) AS document FROM documents\"";

    private readonly TempFolder _folder = new();
    private readonly Profile _profile;
    private int _runs;

    /// <summary>Called when a step owes something: the place for a test to look, or to die.</summary>
    public Func<Undo, Task>? OnOwe { get; set; }

    private ShopIndices(PostgresServer postgres, SearchEngine engine, string database, string indices, string more, SearchProxy? proxy)
    {
        (Postgres, Engine, Database) = (postgres, engine, database);
        Source = indices.Replace("SOURCE", $"database: {database}, {Versioned}", StringComparison.Ordinal).Replace("DATABASE", database, StringComparison.Ordinal);
        ProfileText = $$"""
            platform: shop
            components:
              postgres:
                - { name: main, role: postgres, connection: { host: "{{postgres.Folder}}", port: {{postgres.Port}} } }
              search:
                - name: main
                  url: "{{(proxy?.Url ?? engine.Url).Replace("127.0.0.1", "localhost", StringComparison.Ordinal)}}"
                  repository: { location: "{{engine.Snapshots}}" }
                  {{(proxy is not null ? $"ca: {proxy.Authority}" : engine.Url.StartsWith("https", StringComparison.Ordinal) ? $"user: backup\n      password: {{ env: X }}\n      ca: {engine.Authority}" : "deadline: 1h")}}
                  {{more.ReplaceLineEndings("\n      ")}}
                  indices:
                    {{Source.ReplaceLineEndings("\n        ")}}
            """;
        _profile = ProfileReader.Parse(ProfileText, _folder["profile.yaml"]);
    }

    public PostgresServer Postgres { get; }
    public SearchEngine Engine { get; }
    public string Database { get; }
    public string Source { get; }

    /// <summary>The profile, for the program itself.</summary>
    public string ProfileText { get; }
    public RecordedContext Context { get; private set; } = new("none");

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The component; each call makes a new one, as each run of the program does.</summary>
    public SearchComponent Component => Unlocked(SearchEngine.Password);

    /// <summary>The same with another password.</summary>
    public SearchComponent Unlocked(string password) => new(_profile.Root["components"]["search"].Items[0], new FixedSecret(password), new LocalHost(Environment.GetEnvironmentVariable), TimeProvider.System, _folder.Path);

    /// <summary>A database of its own with so many documents.</summary>
    /// <param name="engines">The servers.</param>
    /// <param name="kind">The engine.</param>
    /// <param name="documents">How many.</param>
    /// <param name="indices">The profile's "indices"; SOURCE stands for that of the documents, DATABASE for the database.</param>
    /// <param name="more">More lines of the search component.</param>
    /// <param name="proxy">What is asked in the engine's place.</param>
    public static async Task<ShopIndices> BeginAsync(SearchEngines engines, string kind, int documents, string indices = "documents: { source: { SOURCE } }", string more = "# nothing more", SearchProxy? proxy = null)
    {
        var postgres = await engines.PostgresAsync();
        var database = $"shop{RandomNumberGenerator.GetHexString(12, lowercase: true)}";
        await postgres.QueryAsync("postgres", $"CREATE DATABASE {database}");
        await postgres.ExecuteAsync(database, string.Create(CultureInfo.InvariantCulture, $"""
            CREATE TABLE documents (id text PRIMARY KEY, version bigint NOT NULL, n integer, text text, updated timestamptz NOT NULL DEFAULT now());
            INSERT INTO documents SELECT 'd-' || g, 1, g, 'text "' || g || E'" \\ of\nthe shop ünï ' || md5(g::text) FROM generate_series(1, {documents}) g;
            """));
        return new ShopIndices(postgres, await engines.BeginAsync(kind), database, indices, more, proxy);
    }

    public Task<string> QueryAsync(string sql) => Postgres.QueryAsync(Database, sql);

    public IndexRequest Request(params string[] indices) => new(indices.Length == 0 ? ["documents"] : indices, [Postgreses()], _folder["work"]);

    /// <summary>Builds indices as a run does.</summary>
    public async Task ReindexAsync(Func<IndexRequest, IndexRequest>? change = null, params string[] indices) =>
        await ActAsync(await Component.PlanReindexAsync((change ?? (same => same))(Request(indices)), Cancellation));

    public async Task<SyncResult> SyncAsync(bool isDry = false, bool allowDeletions = false)
    {
        SyncResult? found = null;
        await ActAsync(await Component.PlanSyncAsync(Request() with { AllowDeletions = allowDeletions }, isDry, result => found = result, Cancellation));
        return found!;
    }

    public async Task ActAsync(IEnumerable<Step> steps)
    {
        Context = new RecordedContext(string.Create(CultureInfo.InvariantCulture, $"20261123T080000-{++_runs:x4}")) { OnOwe = OnOwe };
        foreach (var step in steps) await step.Act(Context, Cancellation);
    }

    /// <summary>What the database says there should be: id and content of each document.</summary>
    public async Task<string> WantedAsync() => await QueryAsync("SELECT id || ' ' || encode(sha256(convert_to(jsonb_build_object('n', n, 'text', text)::text, 'UTF8')), 'hex') FROM documents ORDER BY id COLLATE \"C\"");

    /// <summary>The same of what the engine has, hashed by the server, so that no parser of ours stands between.</summary>
    public async Task<string> FoundAsync(string index = "documents")
    {
        await Engine.CallAsync(HttpMethod.Post, $"/{index}/_refresh");
        var lines = new List<string>();
        foreach (var hit in (await Engine.CallAsync(HttpMethod.Get, $"/{index}/_search?size=10000"))["hits"]!["hits"]!.AsArray())
        {
            var text = $"{{\"n\": {hit!["_source"]!["n"]!.ToJsonString()}, \"text\": {Quote((string)hit["_source"]!["text"]!)}}}";
            lines.Add($"{hit["_id"]} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}");
        }
        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }

    /// <summary>The index that an alias leads to.</summary>
    public async Task<string> LedAsync(string alias = "documents") => string.Join(' ', (await Engine.CallAsync(HttpMethod.Get, $"/_alias/{alias}")).AsObject().Select(index => index.Key));

    public async Task<long> VersionAsync(string id) => (long)(await Engine.CallAsync(HttpMethod.Get, $"/documents/_doc/{id}"))["_version"]!;

    public void Dispose() => _folder.Dispose();

    private PostgresComponent Postgreses() => new(_profile.Root["components"]["postgres"].Items[0], new FixedSecret(""), new LocalHost(Environment.GetEnvironmentVariable), TimeProvider.System);

    /// <summary>As PostgreSQL writes a text into JSON.</summary>
    private static string Quote(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}
