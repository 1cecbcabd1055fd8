using System.Text.Json.Nodes;
using Holdfast.Components.Postgres;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Recovery;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Restore;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>A rig with a scratch cluster, and the component that captures it by its files and restores it.</summary>
internal sealed class BaseRig : Rig
{
    private readonly string? _bin;

    private BaseRig(PostgresServer server, string? bin) => (Server, _bin) = (server, bin);

    public PostgresServer Server { get; }

    /// <summary>The unit that the profile names.</summary>
    public string? Service { get; set; }

    /// <summary>The server sends its files, as one does whose files are elsewhere.</summary>
    public bool Receives { get; set; }

    /// <summary>The server that is captured and restored, when it is not <see cref="Server"/>.</summary>
    public PostgresServer? Captured { get; set; }

    /// <summary>How restores bring the WAL.</summary>
    public BaseRestoreOptions RestoreOptions { get; set; } = new();

    /// <summary>A cluster with checksums, so that every page is judged.</summary>
    public static Task<BaseRig> StartAsync(params string[] settings) => StartOnAsync(null, settings);

    /// <summary>The same with the programs of another version.</summary>
    public static Task<BaseRig> StartOnAsync(string? bin, params string[] settings) =>
        StartAsync(new PostgresServerOptions { Bin = bin, Settings = settings });

    /// <summary>The same, made in another way.</summary>
    public static async Task<BaseRig> StartAsync(PostgresServerOptions options)
    {
        Require.Root();
        string[] settings = ["wal_level=replica", "max_wal_size=64MB", "autovacuum=off", .. options.Settings];
        var server = await PostgresServer.StartAsync(options with { Checksums = true, Settings = settings });
        var rig = new BaseRig(server, options.Bin);
        await rig.InitAsync();
        return rig;
    }

    public PostgresComponent Component(PostgresMethod method = PostgresMethod.Base)
    {
        var (folder, port) = ((Captured ?? Server).Folder, (Captured ?? Server).Port);
        var settings = new PostgresSettings { Method = method, Service = Service, Host = folder, Port = port };
        return new PostgresComponent(settings, new FixedSecret(""), Host, TimeProvider.System)
        {
            RestoreOptions = RestoreOptions, Receives = Receives,
        };
    }

    /// <summary>This machine, with the programs of the cluster's version before others.</summary>
    public LocalHost Host => new(Variable);

    /// <summary>Takes a point. A run that fails throws its problem.</summary>
    /// <param name="method">How.</param>
    /// <param name="mode">What the platform does meanwhile.</param>
    /// <param name="stop">In a cold backup, what stops the server.</param>
    /// <param name="between">What happens when the files have been copied, before the mark.</param>
    public Task<TakenPoint> CaptureAsync(
        PostgresMethod method = PostgresMethod.Base, BackupMode mode = BackupMode.Online, Func<Task>? stop = null,
        Func<Task>? between = null) =>
        BackUpAsync(Component(method), mode, new RunHooks { StopStores = stop, Between = between });

    /// <summary>Puts into the repository what an archiving server would have handed over: whole segments, and histories.</summary>
    public async Task ArchiveAsync()
    {
        using var catalogue = await WalCatalogue.ReadAsync(Repository, Platform, "main", Cancellation);
        await Server.ExecuteAsync("postgres", "SELECT pg_create_restore_point('archived');"); // at a segment's very end it counts as the current one still
        var current = await Server.QueryAsync("postgres", "SELECT pg_walfile_name(pg_current_wal_insert_lsn())");
        var files = Directory.GetFiles(Path.Join(Server.Data, "pg_wal")).Select(path => (Path: path, File: WalFile.Find(Path.GetFileName(path))))
            .Where(found => found.File is { Kind: WalFileKind.History } || (found.File is { Kind: WalFileKind.Segment } && string.CompareOrdinal(found.File.Name, current) < 0 && !catalogue.Has(found.File.Name)));
        var problems = await new WalArchive(Repository, catalogue).StoreAsync([.. files.Select(found => WalSource.Of(found.File!, found.Path))], Cancellation);
        Assert.Empty(problems);
    }

    /// <summary>Restic alone writes the point as files: the folder of the cluster.</summary>
    public async Task<string> RestoreByResticAsync(TakenPoint taken)
    {
        var restic = ResticBinary.Find();
        await restic.CheckAsync(RepositoryPath, Password);
        string[] restore = ["restore", taken.Point.Id.ToString(), "--target", this["by-restic"]];
        (await restic.RunAsync(RepositoryPath, Password, restore)).Succeeded();
        return this["by-restic/postgres/main"];
    }

    /// <summary>A point in which some files are others, as whoever has the repository's password can make one with restic.</summary>
    /// <param name="taken">What it is like.</param>
    /// <param name="change">Changes the folder of the cluster.</param>
    public async Task<TakenPoint> ForgeAsync(TakenPoint taken, Action<string> change)
    {
        var (restic, folder) = (ResticBinary.Find(), this[$"forged-{Guid.NewGuid():N}"]);
        string[] restore = ["restore", taken.Point.Id.ToString(), "--target", folder];
        (await restic.RunAsync(RepositoryPath, Password, restore)).Succeeded();
        change($"{folder}/postgres/main");
        var tags = taken.Point.Tags.SelectMany(tag => new[] { "--tag", tag });
        string[] backup = ["backup", "--json", "--host", taken.Point.Hostname, .. tags, "."];
        var said = (await restic.RunInAsync(folder, RepositoryPath, Password, backup)).Succeeded().Output;
        var summary = JsonNode.Parse(said.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
        var point = await Repository.FindSnapshotAsync((string)summary["snapshot_id"]!, Cancellation);
        return taken with { Point = point };
    }

    /// <summary>Starts a server on what restic has restored, as the manual of PostgreSQL says.</summary>
    public async Task<PostgresServer> StartByHandAsync(TakenPoint taken, string folder)
    {
        var record = await ReadRecordAsync(taken);
        var data = Path.Join(folder, "base");
        await File.WriteAllTextAsync(Path.Join(data, "backup_label"), record.BackupLabel, Cancellation);
        await File.WriteAllTextAsync(Path.Join(data, "recovery.signal"), "", Cancellation);
        await File.AppendAllTextAsync(Path.Join(data, "postgresql.auto.conf"), $"restore_command = 'cp {folder}/wal/*/%f %p'\nrecovery_target_name = '{record.Mark!.Name}'\nrecovery_target_action = 'promote'\n", Cancellation);
        (await Command.RunAsync("chown", ["-R", "postgres", folder])).Succeeded();
        (await Command.RunAsync("chmod", ["a+x", this["by-restic"], this["by-restic/postgres"], folder])).Succeeded();
        return await PostgresServer.StartAsync(new PostgresServerOptions { Data = data });
    }

    public async Task<BaseRecord> ReadRecordAsync(TakenPoint taken)
    {
        var node = await Repository.FindNodeAsync(taken.Point, "/postgres/main/base.json", Cancellation);
        await using var content = Repository.OpenFile(node!);
        return await BaseRecord.ReadAsync(content, Cancellation);
    }

    public Task<RunReport> RestoreAsync(
        TakenPoint taken, RecoveryRequest? wishes = null, string? target = null, RunHooks? hooks = null) =>
        RestoreAsync(Component(), taken.Point, Change(wishes, target), hooks);

    /// <summary>What a restore is refused for, before it begins.</summary>
    public async Task<Problem> RefusedAsync(TakenPoint taken, RecoveryRequest? wishes = null, string? target = null)
    {
        var refused = await Assert.ThrowsAsync<ProblemException>(() => RestoreAsync(taken, wishes, target));
        Assert.False(Said.HasBegun);
        return refused.Problem;
    }

    public Task<IReadOnlyList<Step>> PlanRestoreAsync(
        TakenPoint taken, RecoveryRequest? wishes = null, string? target = null) =>
        PlanRestoreAsync(Component(), taken.Point, Change(wishes, target));

    public override async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await base.DisposeAsync();
    }

    private static Func<RestoreRequest, RestoreRequest> Change(RecoveryRequest? wishes, string? target) =>
        request => request with { Target = target, Recovery = wishes ?? RecoveryRequest.None };

    /// <summary>The programs of the cluster's own version are found first, then those of this rig's folder: a "systemctl", say.</summary>
    private string? Variable(string name)
    {
        var value = Environment.GetEnvironmentVariable(name);
        return name == "PATH" ? $"{_bin}:{this["."]}:{value}" : value;
    }
}
