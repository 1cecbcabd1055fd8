using Holdfast.Components.Postgres;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Components;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Points;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Restore;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;

namespace Holdfast.ServerTests.Postgres;

/// <summary>A scratch cluster with the component that captures it into a rig's repository and restores it from there.</summary>
internal sealed class Cluster(PostgresServer server, Rig rig, PostgresSettings? settings = null)
{
    public PostgresSettings Settings { get; init; } = Here(server, settings);

    public ISecretReader Secrets { get; init; } = new FixedSecret("");

    /// <summary>The settings with the server's place.</summary>
    public static PostgresSettings Here(PostgresServer server, PostgresSettings? settings = null) =>
        (settings ?? new PostgresSettings()) with { Host = server.Folder, Port = server.Port };

    /// <summary>The component alone, for what needs no repository.</summary>
    public static PostgresComponent ComponentOf(PostgresSettings settings, ISecretReader? secrets = null)
    {
        var host = new LocalHost(Environment.GetEnvironmentVariable);
        return new PostgresComponent(settings, secrets ?? new FixedSecret(""), host, TimeProvider.System);
    }

    public PostgresComponent Component() => ComponentOf(Settings, Secrets);

    /// <summary>Takes a point. A run that fails throws its problem.</summary>
    public Task<TakenPoint> CaptureAsync(BackupMode mode = BackupMode.Online, RunHooks? hooks = null) =>
        rig.BackUpAsync(Component(), mode, hooks);

    /// <summary>Restores databases. A run that fails throws its problem, and has undone what it did.</summary>
    /// <param name="taken">The recovery point.</param>
    /// <param name="overwrite">As --overwrite.</param>
    /// <param name="keepGoing">As --keep-going.</param>
    /// <param name="hooks">What happens meanwhile.</param>
    /// <param name="databases">Those to restore; all when empty.</param>
    public Task<RunReport> RestoreAsync(
        TakenPoint taken, bool overwrite = false, bool keepGoing = false, RunHooks? hooks = null,
        params string[] databases)
    {
        RestoreRequest Change(RestoreRequest request) => request with
        {
            Overwrite = overwrite, Include = databases, Recovery = new RecoveryRequest { KeepGoing = keepGoing },
        };
        return rig.RestoreAsync(Component(), taken.Point, Change, hooks);
    }

    /// <summary>The text of a file of the dump: "app/pre-data.sql".</summary>
    public Task<string> ReadAsync(TakenPoint taken, string file) => rig.ReadAsync(taken, $"/postgres/main/dump/{file}");

    /// <summary>A point in which the text of one file of the dump is another.</summary>
    public Task<TakenPoint> ReplaceAsync(TakenPoint taken, string file, Func<string, string> change) =>
        rig.ReplaceAsync(taken, $"/postgres/main/dump/{file}", change);

    /// <summary>Does what dead runs owe, as "recover" does.</summary>
    public Task<RecoveredRun> RecoverAsync() => rig.RecoverAsync(Component());

    /// <summary>pg_dump's own view of a database, with its properties, without what differs from run to run.</summary>
    public async Task<string> FaceAsync(string database)
    {
        var dumped = (await server.RunAsync("pg_dump", ["--create", "--restrict-key=test"], database)).Succeeded().Output;
        return string.Join('\n', dumped.Split('\n').Where(line => !line.StartsWith("\\connect", StringComparison.Ordinal)));
    }

    public Task<string> DatabasesAsync() => server.QueryAsync("postgres", "SELECT string_agg(datname, ',' ORDER BY datname COLLATE \"C\") FROM pg_database WHERE NOT datistemplate");
}

/// <summary>A secret that a test knows.</summary>
internal sealed class FixedSecret(string value) : ISecretReader
{
    public Task<string> ReadAsync(ProfileNode reference, CancellationToken cancellation) => Task.FromResult(value);
}
