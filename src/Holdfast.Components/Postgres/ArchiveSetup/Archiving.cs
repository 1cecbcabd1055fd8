using System.Text.Json;
using System.Text.Json.Serialization;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Npgsql;

namespace Holdfast.Components.Postgres.ArchiveSetup;

/// <summary>
/// Switches archiving on and off by ALTER SYSTEM, and stores the previous values, so that they can be restored. Source
/// for what needs a restart: pg_settings.context of PostgreSQL 11 to 18.
/// </summary>
/// <param name="archive">The cluster.</param>
/// <param name="memory">The path of the file that stores the previous values.</param>
/// <param name="clock">Measures how long archiving a segment takes.</param>
public sealed class Archiving(PostgresArchive archive, string memory, TimeProvider clock)
{
    private static readonly string[] Names = ["wal_level", "archive_mode", "archive_library", "archive_command", "archive_timeout"];

    /// <summary>
    /// archive_timeout in seconds: a server with little load switches to a new segment after that time, so that no more
    /// WAL than that is lost with it.
    /// </summary>
    private const string Timeout = "60";

    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(200);

    private sealed record Setting(string Name, string Value, string Context, string Source, bool Pending);

    /// <summary>Plans the changes that make the server archive every segment with <paramref name="command"/>.</summary>
    public Task<ArchivingPlan> PlanEnableAsync(string command, CancellationToken cancellation) => AskAsync(async connection =>
    {
        var settings = await ReadAsync(connection, cancellation);
        return await PlanAsync(connection, settings, Wanted(settings, command), cancellation);
    }, cancellation);

    /// <summary>Plans restoring the previous values.</summary>
    public Task<ArchivingPlan> PlanDisableAsync(CancellationToken cancellation) => AskAsync(async connection =>
    {
        var settings = await ReadAsync(connection, cancellation);
        var before = Recall() ?? Names.Where(name => name is "archive_mode" or "archive_command").ToDictionary(name => name, _ => (string?)null, StringComparer.Ordinal);
        var written = await WrittenAsync(connection, cancellation);
        var back = before.Where(one => written.GetValueOrDefault(one.Key) != one.Value).Select(one => (one.Key, one.Value)).ToList();
        return await PlanAsync(connection, settings, back, cancellation);
    }, cancellation);

    /// <summary>
    /// Makes the changes and reloads the configuration. The previous values are durable before the first change.
    /// </summary>
    public Task ApplyAsync(ArchivingPlan plan, bool remember, CancellationToken cancellation) => AskAsync(async connection =>
    {
        var written = await WrittenAsync(connection, cancellation);
        if (remember) await RememberAsync(plan.Changes.ToDictionary(change => change.Name, change => written.GetValueOrDefault(change.Name), StringComparer.Ordinal), cancellation);
        foreach (var change in plan.Changes)
            await connection.ExecuteAsync(change.To is { } value ? $"ALTER SYSTEM SET {change.Name} = {Sql.Literal(value)}" : $"ALTER SYSTEM RESET {change.Name}", cancellation);
        await connection.ExecuteAsync("SELECT pg_reload_conf()", cancellation);
        if (!remember) File.Delete(memory);
        return true;
    }, cancellation);

    /// <summary>Restarts the server by its unit, and waits until it responds with the changed settings.</summary>
    /// <exception cref="ProblemException">
    /// The unit could not be restarted, or the server does not respond in time.
    /// </exception>
    public async Task RestartAsync(string unit, TimeSpan patience, CancellationToken cancellation)
    {
        await new ServerUnit(archive.Cluster, archive.Connector.Host).RestartAsync(unit, cancellation);
        var began = clock.GetTimestamp();
        while (true)
        {
            try
            {
                if (await AskAsync(async connection => (await ReadAsync(connection, cancellation)).All(setting => !setting.Pending), cancellation)) return;
                throw Catalogue.PostgresRestart.Throwable($"{unit} was restarted, but the server of {archive.Cluster} has not been: its settings still wait for a restart.", "Check that 'service' of the cluster in the profile names the unit that runs it; restart the server, and run the same command again.");
            }
            catch (ProblemException notYet) when (notYet.Problem.Code == Catalogue.PostgresUnreachable.Code && clock.GetElapsedTime(began) < patience)
            {
                await Task.Delay(_look, clock, cancellation);
            }
        }
    }

    /// <summary>
    /// Switches to a new segment and waits until the old one is in the repository; returns its name and the duration.
    /// </summary>
    /// <exception cref="ProblemException">The segment did not arrive, or the server could not archive it.</exception>
    public async Task<(string Segment, TimeSpan Took)> ProveAsync(Repository repository, string platform, TimeSpan patience, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        var before = await StateAsync(cancellation);
        var segment = await AskAsync(async connection =>
        {
            // A segment that nothing was written to since the last switch would not be switched.
            await connection.ExecuteAsync("SELECT pg_create_restore_point('holdfast_archiving')", cancellation);
            return await connection.ScalarAsync<string>("SELECT pg_walfile_name(pg_switch_wal())", cancellation) ?? "";
        }, cancellation);
        using var catalogue = await WalCatalogue.ReadAsync(repository, platform, archive.Cluster, cancellation);
        while (!catalogue.Has(segment))
        {
            var server = await StateAsync(cancellation);
            if ((server.IsFailing && server.Failed != before.Failed) || clock.GetElapsedTime(began) > patience)
                throw Catalogue.ArchivingUnproven.Throwable(server.IsFailing ? $"The server failed to archive {server.LastFailed}, so the segment {segment} did not arrive." : $"The segment {segment} was not in the archive after {patience.TotalSeconds:0} seconds.");
            await Task.Delay(_look, clock, cancellation);
            await catalogue.RefreshAsync(cancellation);
        }
        return (segment, clock.GetElapsedTime(began));
    }

    private Task<ArchiverState> StateAsync(CancellationToken cancellation) => AskAsync(connection => ArchiverState.ReadAsync(connection, cancellation), cancellation);

    private static IEnumerable<(string Name, string? Value)> Wanted(IReadOnlyList<Setting> settings, string command)
    {
        foreach (var setting in settings)
        {
            var wanted = setting switch
            {
                { Name: "wal_level", Value: "minimal" } => "replica",
                { Name: "archive_mode", Value: "off" } => "on",
                { Name: "archive_library", Value: not "" } => "",
                { Name: "archive_command" } => command,
                { Name: "archive_timeout", Value: "0" } => Timeout,
                _ => setting.Value,
            };
            if (wanted != setting.Value) yield return (setting.Name, wanted);
        }
    }

    private async Task<ArchivingPlan> PlanAsync(NpgsqlConnection connection, IReadOnlyList<Setting> settings, IEnumerable<(string Name, string? Value)> values, CancellationToken cancellation)
    {
        var changes =
            from value in values
            let setting = settings.FirstOrDefault(one => one.Name == value.Name)
            where setting is not null // archive_library does not exist before version 15
            select new SettingChange(setting.Name, setting.Value, value.Value, setting.Source, setting.Context == "postmaster");
        var data = await connection.ScalarAsync<string>("SHOW data_directory", cancellation);
        return new ArchivingPlan(archive.Cluster, $"{data}/postgresql.auto.conf", [.. changes], [.. settings.Where(setting => setting.Pending).Select(setting => setting.Name)], archive.Connector.Settings.Service);
    }

    private static Task<IReadOnlyList<Setting>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation) => connection.RowsAsync(
        $"""
        SELECT name, CASE WHEN setting = '(disabled)' THEN '' ELSE setting END, context, coalesce(sourcefile || ':' || sourceline, source), pending_restart
        FROM pg_settings WHERE name IN ({string.Join(", ", Names.Select(Sql.Literal))})
        ORDER BY array_position(ARRAY[{string.Join(", ", Names.Select(Sql.Literal))}], name)
        """,
        row => new Setting(row[0], row[1], row[2], row[3], row[4] == "t"), cancellation);

    /// <summary>The settings that ALTER SYSTEM has written so far.</summary>
    private static async Task<IReadOnlyDictionary<string, string?>> WrittenAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var rows = await connection.RowsAsync("SELECT name, setting FROM pg_file_settings WHERE sourcefile LIKE '%/postgresql.auto.conf' ORDER BY seqno", row => (Name: row[0], Value: row[1]), cancellation);
        return rows.GroupBy(row => row.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => (string?)group.Last().Value, StringComparer.Ordinal);
    }

    private Dictionary<string, string?>? Recall() => File.Exists(memory) ? JsonSerializer.Deserialize(File.ReadAllText(memory), ArchivingJson.Default.DictionaryStringString) : null;

    /// <summary>Stores previous values; those of a first call are kept when a second one changes more.</summary>
    private async Task RememberAsync(Dictionary<string, string?> values, CancellationToken cancellation)
    {
        foreach (var (name, value) in Recall() ?? []) values[name] = value;
        PrivateFolder.Make(Path.GetDirectoryName(memory)!);
        await WholeFile.WriteAsync(memory, (file, _) => JsonSerializer.SerializeAsync(file, values, ArchivingJson.Default.DictionaryStringString, cancellation), cancellation);
    }

    private async Task<T> AskAsync<T>(Func<NpgsqlConnection, Task<T>> ask, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await archive.Connector.OpenMaintenanceAsync(cancellation);
            return await ask(connection);
        }
        catch (Exception failure) when (PostgresProblem.Recognises(failure))
        {
            throw PostgresProblem.Of(failure, $"Asking {archive.Connector.Place} failed");
        }
    }
}

/// <summary>The format of the file with the previous values.</summary>
[JsonSerializable(typeof(Dictionary<string, string?>))]
internal sealed partial class ArchivingJson : JsonSerializerContext;
