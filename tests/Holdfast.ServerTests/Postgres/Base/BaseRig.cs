using Holdfast.Components.Postgres;
using Holdfast.Components.Postgres.Base;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Running;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>A recovery point of a scratch cluster's files, with what was said while it was taken.</summary>
internal sealed record TakenPoint(Snapshot Point, Manifest Manifest, RecordedContext Context, ArchiveCounters Counters)
{
    public ComponentRecord Record => Assert.Single(Manifest.Components);
}

/// <summary>A scratch cluster, a repository, and the component that captures the one into the other by its files.</summary>
internal sealed class BaseRig : IAsyncDisposable
{
    public const string Password = "correct horse";
    private readonly TempFolder _folder = new();
    private int _runs;
    private string? _bin;

    public PostgresServer Server { get; private init; } = null!;

    /// <summary>The unit that the profile names.</summary>
    public string? Service { get; set; }

    public Repository Repository { get; private set; } = null!;

    /// <summary>The server sends its files, as one does whose files are elsewhere.</summary>
    public bool Receives { get; set; }

    /// <summary>The server that is captured and restored, when it is not <see cref="Server"/>.</summary>
    public PostgresServer? Captured { get; set; }

    /// <summary>How restores bring the WAL.</summary>
    public BaseRestoreOptions RestoreOptions { get; set; } = new();

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public string this[string name] => _folder[name];

    /// <summary>A cluster with checksums, so that every page is judged.</summary>
    public static Task<BaseRig> StartAsync(params string[] settings) => StartOnAsync(null, settings);

    /// <summary>The same with the programs of another version.</summary>
    public static Task<BaseRig> StartOnAsync(string? bin, params string[] settings) => StartAsync(new PostgresServerOptions { Bin = bin, Settings = settings });

    /// <summary>The same, made in another way.</summary>
    public static async Task<BaseRig> StartAsync(PostgresServerOptions options)
    {
        Require.Root();
        var server = await PostgresServer.StartAsync(options with { Checksums = true, Settings = ["wal_level=replica", "max_wal_size=64MB", "autovacuum=off", .. options.Settings] });
        var rig = new BaseRig { Server = server, _bin = options.Bin };
        File.SetUnixFileMode(rig._folder.Path, (UnixFileMode)0b111_101_101); // the server's user passes through
        rig.Repository = await Repository.InitAsync(new LocalBackend(rig._folder["repository"]), Password, new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) });
        return rig;
    }

    public PostgresComponent Component(PostgresMethod method = PostgresMethod.Base) =>
        new(new PostgresSettings { Method = method, Service = Service, Host = (Captured ?? Server).Folder, Port = (Captured ?? Server).Port }, new FixedSecret(""), Host, TimeProvider.System) { RestoreOptions = RestoreOptions, Receives = Receives };

    /// <summary>This machine, with the programs of the cluster's version before others.</summary>
    public LocalHost Host => new(Variable);

    /// <summary>Takes a point, as a run does. <paramref name="between"/> runs when the files have been copied, before the mark.</summary>
    public async Task<TakenPoint> CaptureAsync(PostgresMethod method = PostgresMethod.Base, BackupMode mode = BackupMode.Online, Func<Task>? prepare = null, Func<Task>? between = null)
    {
        var context = new RecordedContext($"20261122-210400-{++_runs:x4}");
        await using var session = NewSession(mode);
        var plan = await Component(method).PlanCaptureAsync(session, Cancellation);
        if (prepare is not null) await prepare();
        await ActAsync(plan.Before, context);
        if (between is not null) await between();
        await ActAsync(plan.Mark, context);
        await ActAsync(plan.After, context);
        await ActAsync(plan.Down, context);
        var point = await session.Writer.CommitAsync(
            new SnapshotHeader { Paths = ["/postgres/main"], Hostname = "test", Tags = PointTags.Of(session.Manifest, isPartial: false) }, Cancellation);
        var counters = session.Writer.Counters;
        await session.Writer.DisposeAsync();
        return new TakenPoint(point, session.Manifest, context, counters);
    }

    public CaptureSession NewSession(BackupMode mode) => new()
    {
        Manifest = new Manifest { Platform = "test", RunId = "run", Mode = mode, HoldfastVersion = "0", Host = "test" },
        Repository = Repository,
        Parent = Repository.ListSnapshotsAsync(Cancellation).GetAwaiter().GetResult() is [.., var newest] ? newest : null,
        Writer = Repository.BeginSnapshotAsync(cancellation: Cancellation).GetAwaiter().GetResult(),
    };

    /// <summary>Puts into the repository what an archiving server would have handed over: whole segments, and histories.</summary>
    public async Task ArchiveAsync()
    {
        using var catalogue = await WalCatalogue.ReadAsync(Repository, "test", "main", Cancellation);
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
        await restic.CheckAsync(_folder["repository"], Password);
        (await restic.RunAsync(_folder["repository"], Password, "restore", taken.Point.Id.ToString(), "--target", _folder["by-restic"])).Succeeded();
        return _folder["by-restic/postgres/main"];
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
        (await Command.RunAsync("chmod", ["a+x", _folder["by-restic"], _folder["by-restic/postgres"], folder])).Succeeded();
        return await PostgresServer.StartAsync(new PostgresServerOptions { Data = data });
    }

    public async Task<BaseRecord> ReadRecordAsync(TakenPoint taken)
    {
        var node = await Repository.FindNodeAsync(taken.Point, "/postgres/main/base.json", Cancellation);
        await using var content = Repository.OpenFile(node!);
        return await BaseRecord.ReadAsync(content, Cancellation);
    }

    /// <summary>Restores, as a run does. What is owed in the end was not settled.</summary>
    public async Task<RecordedContext> RestoreAsync(TakenPoint taken, RecoveryWishes? wishes = null, string? target = null, bool overwrite = false)
    {
        var context = new RecordedContext($"20261122-220000-{++_runs:x4}");
        await ActAsync(await PlanRestoreAsync(taken, wishes, target, overwrite), context);
        Assert.Empty(context.Owed);
        return context;
    }

    public Task<IReadOnlyList<Step>> PlanRestoreAsync(TakenPoint taken, RecoveryWishes? wishes = null, string? target = null, bool overwrite = false, bool isForShow = false) =>
        Component().PlanRestoreAsync(
            new RestoreSession { Repository = Repository, Point = taken.Point, Manifest = taken.Manifest, AsideSuffix = $".before-{++_runs}", Target = target, Overwrite = overwrite, Recovery = wishes ?? RecoveryWishes.None, IsForShow = isForShow },
            Cancellation);

    /// <summary>The programs of the cluster's own version are found first, then those of this rig's folder: a "systemctl", say.</summary>
    private string? Variable(string name) => name == "PATH" ? $"{_bin}:{_folder.Path}:{Environment.GetEnvironmentVariable(name)}" : Environment.GetEnvironmentVariable(name);

    public static async Task ActAsync(IEnumerable<Step> steps, StepContext context)
    {
        foreach (var step in steps) await step.Act(context, Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (Repository is not null) await Repository.DisposeAsync();
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}
