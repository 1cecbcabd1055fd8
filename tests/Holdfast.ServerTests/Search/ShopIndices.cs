using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Holdfast.Components.Postgres;
using Holdfast.Components.Search;
using Holdfast.Components.Search.Api;
using Holdfast.Components.Search.Syncing;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.ServerTests.Postgres;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Search;

/// <summary>
/// A rig with a shop whose documents lie in PostgreSQL, an engine that finds them, and the component that builds its indices.
/// </summary>
internal sealed class ShopIndices : Rig
{
    /// <summary>The source of an index whose versions are those of the engine.</summary>
    public const string Versioned = "sql: \"SELECT id, version, jsonb_build_object('n', n, 'text', text) AS document FROM documents\"";

    private readonly Profile _profile;

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
        _profile = ProfileReader.Parse(ProfileText, this["profile.yaml"]);
    }

    public PostgresServer Postgres { get; }
    public SearchEngine Engine { get; }
    public string Database { get; }
    public string Source { get; }

    /// <summary>The profile, for the program itself.</summary>
    public string ProfileText { get; }

    /// <summary>The component; each call makes a new one, as each run of the program does.</summary>
    public SearchComponent Component => Unlocked(SearchEngine.Password);

    /// <summary>The same with another password.</summary>
    public SearchComponent Unlocked(string password) => new(_profile.Root["components"]["search"].Items[0], new FixedSecret(password), new LocalHost(Environment.GetEnvironmentVariable), TimeProvider.System, this["."]);

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
        var shop = new ShopIndices(postgres, await engines.BeginAsync(kind), database, indices, more, proxy);
        await shop.InitAsync();
        return shop;
    }

    public Task<string> QueryAsync(string sql) => Postgres.QueryAsync(Database, sql);

    public IndexRequest Request(params string[] indices) => new(indices.Length == 0 ? ["documents"] : indices, [Postgreses()], this["work"]);

    /// <summary>As "search reindex" does.</summary>
    public Task ReindexAsync(Func<IndexRequest, IndexRequest>? change = null, params string[] indices)
    {
        var (component, request) = (Component, (change ?? (same => same))(Request(indices)));
        return ActAsync(component, () => component.PlanReindexAsync(request, Cancellation));
    }

    /// <summary>As "search sync" does, or "search compare".</summary>
    public async Task<SyncResult> SyncAsync(bool isDry = false, bool allowDeletions = false, RunHooks? hooks = null)
    {
        SyncResult? found = null;
        var (component, request) = (Component, Request() with { AllowDeletions = allowDeletions });
        await ActAsync(component, () => component.PlanSyncAsync(request, isDry, result => found = result, Cancellation), hooks);
        return found!;
    }

    /// <summary>As "search migrate" does.</summary>
    public Task MigrateAsync(RunHooks? hooks = null, CancellationToken? cancellation = null)
    {
        var component = Component;
        return ActAsync(component, () => component.PlanMigrateAsync(Request(), Cancellation), hooks, cancellation);
    }

    /// <summary>Does steps that were planned before, as one run.</summary>
    public Task ActAsync(IEnumerable<Step> steps) => ActAsync(Component, () => Task.FromResult<IReadOnlyList<Step>>([.. steps]));

    /// <summary>A migration that dies when so many steps have acted.</summary>
    public async Task KillMigrationAsync(int steps)
    {
        MayOwe = true;
        var left = steps;
        Task Act(Step step) => --left > 0 ? Task.CompletedTask : throw new InvalidOperationException("Killed.");
        var hooks = new RunHooks { Dies = true, Acted = Act };
        await ReindexTests.RefusedAsync(Catalogue.StepFailed, () => MigrateAsync(hooks));
        Assert.NotEmpty(Said.Owed);
    }

    /// <summary>Does what dead runs owe, as "recover" does.</summary>
    /// <returns>The problems of what could not be done.</returns>
    public async Task<IReadOnlyList<Problem>> RecoverAsync() => (await RecoverAsync(Component)).Failures;

    /// <summary>What the database says there should be, which is something: id and content of each document.</summary>
    public async Task<string> WantedAsync()
    {
        const string content = "convert_to(jsonb_build_object('n', n, 'text', text)::text, 'UTF8')";
        var wanted = await QueryAsync($"SELECT id || ' ' || encode(sha256({content}), 'hex') FROM documents ORDER BY id COLLATE \"C\"");
        Assert.NotEmpty(wanted);
        return wanted;
    }

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

    private PostgresComponent Postgreses() => new(_profile.Root["components"]["postgres"].Items[0], new FixedSecret(""), new LocalHost(Environment.GetEnvironmentVariable), TimeProvider.System);

    /// <summary>As PostgreSQL writes a text into JSON.</summary>
    private static string Quote(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}
