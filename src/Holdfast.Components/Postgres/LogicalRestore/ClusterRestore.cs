using System.Text.Json.Nodes;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.LogicalDump;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using Holdfast.Restic.Filtering;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>The steps that restore a cluster from a recovery point.</summary>
internal sealed class ClusterRestore(
    PostgresConnector connector, DumpSource source, RestoreSession session, PostgresUndos undos, TimeProvider clock)
{
    private readonly string _cluster = connector.Settings.Name;

    public static async Task<IReadOnlyList<Step>> PlanAsync(
        PostgresConnector connector, RestoreSession session, PostgresUndos undos, TimeProvider clock, CancellationToken cancellation)
    {
        if (session.Recovery.HasTarget)
            throw Catalogue.PostgresTarget.Throwable(
                $"The recovery point has a dump of {connector.Settings.Name}, which is restored as it was taken, and to no other instant.",
                "Leave --to and the options like it away, or leave this cluster out with --only. A cluster with 'method: base' and archived WAL can be brought to any instant.");
        if (session.Target is { } target) return [FilesStep(connector.Settings.Name, session, target)];
        try
        {
            return await PlanLoadAsync(connector, session, undos, clock, cancellation);
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, $"The restore of {connector.Settings.Name} could not be planned", Catalogue.PostgresRestore);
        }
    }

    private static async Task<IReadOnlyList<Step>> PlanLoadAsync(
        PostgresConnector connector, RestoreSession session, PostgresUndos undos, TimeProvider clock, CancellationToken cancellation)
    {
        var source = new DumpSource(session);
        var (contents, isPart) = await ReadChosenAsync(source, session, connector.Settings.Name, cancellation);
        if (contents.Count == 0) return [];
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        var there = await DatabaseListing.ReadAsync(connection, cancellation);
        var names = there.Select(database => database.Name).ToHashSet(StringComparer.Ordinal);
        var replaced = await ReplacedDatabases.FindAsync(connection, contents.Select(database => database.Name).Where(names.Contains).ToHashSet(StringComparer.Ordinal), cancellation);
        var server = await LocalServer.FindAsync(connection, cancellation);
        if (!session.Recovery.IgnoreSpace && server is not null) (await DumpRoom.FindAsync(connection, server, cancellation)).Check(contents);
        var choice = await GlobalsChoice.FindAsync(
            connection, () => OpenGlobalsAsync(connector.Settings.Name, source, cancellation), isPart, contents,
            () => DatabaseRoles.ReadAsync(source, connector.Settings.Name, contents, cancellation), session.Recovery.KeepGoing, cancellation);
        var folders = await FindFoldersAsync(connector.Settings.Name, source, connection, server, choice, cancellation);
        folders.Require(contents, session.Recovery.KeepGoing);
        return new ClusterRestore(connector, source, session, undos, clock)
            .Steps(contents, names, replaced, choice, folders);
    }

    /// <summary>Returns the databases in a dump; null when the record is not of a dump.</summary>
    public static IReadOnlyList<string>? DatabasesOf(ComponentRecord record) =>
        record.Details is JsonObject details && details["databases"] is JsonArray databases && details["method"]?.ToString() is null or "dump"
            ? [.. databases.Select(NameOf).OfType<string>()] : null;

    // The record may have been written by anyone who can write to the repository.
    private static string? NameOf(JsonNode? database) =>
        database is JsonObject && database["name"] is JsonValue name && name.TryGetValue<string>(out var text) ? text : null;

    private static Task<Stream> OpenGlobalsAsync(string cluster, DumpSource source, CancellationToken cancellation) =>
        source.OpenAsync($"{DumpPath.Dump(cluster)}/{DumpPath.Globals}", cancellation);

    private static async Task<TablespaceFolders> FindFoldersAsync(
        string cluster, DumpSource source, NpgsqlConnection connection, LocalServer? server, GlobalsChoice choice, CancellationToken cancellation)
    {
        await using var script = await OpenGlobalsAsync(cluster, source, cancellation);
        var dumped = await TablespaceScript.ReadAsync(script, cancellation);
        return await TablespaceFolders.FindAsync(connection, server, [.. dumped.Where(tablespace => choice.Tablespaces.Contains(tablespace.Name))], cancellation);
    }

    /// <summary>
    /// Returns the selected databases, and whether they are only a part of the cluster: some are left out, or they were
    /// named individually.
    /// </summary>
    private static async Task<(IReadOnlyList<DatabaseContents> Chosen, bool IsPart)> ReadChosenAsync(
        DumpSource source, RestoreSession session, string cluster, CancellationToken cancellation)
    {
        List<DatabaseContents> chosen = [], left = [];
        foreach (var folder in await source.ListFoldersAsync(DumpPath.Dump(cluster), cancellation))
        {
            var contents = await DatabaseRestore.ReadContentsAsync(source, $"{DumpPath.Dump(cluster)}/{folder}", cancellation);
            (IsChosen(contents, cluster, session) ? chosen : left).Add(contents);
        }
        bool IsNamed(DatabaseContents contents) => session.Include.Any(pattern => pattern == contents.Name || pattern.TrimEnd('/') == DumpPath.Database(cluster, contents.Name));
        return (chosen, left.Count > 0 || chosen.Any(IsNamed));
    }

    /// <summary>
    /// A database is selected by its name, or by its folder in the recovery point or a folder above it.
    /// </summary>
    private static bool IsChosen(DatabaseContents contents, string cluster, RestoreSession session)
    {
        var folder = DumpPath.Database(cluster, contents.Name);
        bool Fits(string pattern) => pattern == contents.Name || (folder + "/").StartsWith(pattern.TrimEnd('/') + "/", StringComparison.Ordinal);
        return session.Asks($"postgres/{cluster}", contents.Name) && (session.Include.Count == 0 || session.Include.Any(Fits)) && !session.Exclude.Any(Fits);
    }

    private IReadOnlyList<Step> Steps(IReadOnlyList<DatabaseContents> contents, HashSet<string> there, ReplacedDatabases replaced, GlobalsChoice choice, TablespaceFolders folders)
    {
        var each = new DatabaseRestores(connector, source, session, undos, clock, contents.Count);
        return Steps(contents, there, replaced, choice, folders, each);
    }

    private IReadOnlyList<Step> Steps(
        IReadOnlyList<DatabaseContents> contents, HashSet<string> there, ReplacedDatabases replaced, GlobalsChoice choice, TablespaceFolders folders, DatabaseRestores each) =>
    [
        Step(
            $"Restore roles and tablespaces of {_cluster}", $"{choice.Describe()}{folders.Describe()}",
            destroys: choice.IsWhole, (context, cancellation) => new GlobalsRestore(connector, source, session, contents, choice, folders, context).RunAsync(cancellation)),
        .. contents.Select(database => Step(
            $"Restore database {database.Name} ({database.Rows} rows, {ByteSize.Describe(database.Bytes)})",
            Does(database, there.Contains(database.Name)) + replaced.Describe(database.Name), there.Contains(database.Name),
            (context, cancellation) => each.RunAsync(database, context, cancellation))),
    ];

    private string Does(DatabaseContents database, bool there) => (there, session.Overwrite) switch
    {
        (false, _) => $"Loads it under another name, checks it, and then names it \"{database.Name}\".",
        (true, false) => $"Loads it beside the one that is there, checks it, and then exchanges the names: the old one is kept as \"{database.Name}_before_...\".",
        (true, true) => "Loads it beside the one that is there, checks it, exchanges the names, and then drops the old one.",
    };

    private Step Step(string name, string does, bool destroys, Func<StepContext, CancellationToken, Task> act) =>
        new() { Name = name, Does = does, Component = $"postgres/{_cluster}", Destroys = destroys, Act = act };

    private static string Written(string cluster, RestoreSession session) => session.PartsOf($"postgres/{cluster}") is { } databases
        ? $"roles, tablespaces and {(databases.Count == 1 ? "the database" : "the databases")} {string.Join(", ", databases)} of {DumpPath.Cluster(cluster)}"
        : DumpPath.Cluster(cluster);

    /// <summary>
    /// Returns the files of the requested databases, as patterns below the folder of the cluster; none when all are
    /// requested.
    /// </summary>
    private static string[] FilesOf(string cluster, RestoreSession session)
    {
        if (session.PartsOf($"postgres/{cluster}") is not { } databases) return [];
        var paths = databases.Select(database => DumpPath.Database(cluster, database)).Append($"{DumpPath.Dump(cluster)}/{DumpPath.Globals}");
        return [.. paths.Select(path => PathPattern.Escape(path[DumpPath.Cluster(cluster).Length..]))];
    }

    private static Step FilesStep(string cluster, RestoreSession session, string target) => new()
    {
        Name = $"Write the dump of {cluster} as files",
        Does = $"Writes {Written(cluster, session)} below {target}; no server is touched. Each database has its restore.sql.",
        Component = $"postgres/{cluster}",
        Remains = RestoreSession.WrittenFilesRemain,
        Act = async (context, cancellation) =>
        {
            var folder = DumpPath.Cluster(cluster);
            var report = await session.WriteFolderAsync(folder, FilesOf(cluster, session), context, cancellation);
            context.Note($"The dump of {cluster} is in {Path.Join(target, folder)}: {report.Files} files, {ByteSize.Describe(report.Bytes)}.");
        },
    };
}
