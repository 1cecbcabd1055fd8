using System.Text.Json;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>The steps that restore a cluster from its files and recover its server to the target.</summary>
internal sealed class BaseRestore
{
    private readonly PostgresConnector _connector;
    private readonly IHost _host;
    private readonly RestoreSession _session;
    private readonly TimeProvider _clock;
    private readonly RestoredServer _server;
    private readonly string _cluster;
    private readonly BaseRecord _record;
    private readonly RestorePlaces _places;
    private readonly FileOwner _owner;
    private readonly RestoredFiles _files;
    private readonly ServerUnit _unit;
    private RecoveryTarget _target;
    private WalSupply? _wal;
    private Undo? _stopped;
    private string? _feed, _socket;

    private BaseRestore(PostgresConnector connector, IHost host, RestoreSession session, BaseUndos undos, FolderExchange exchange, ServerUnit unit, TimeProvider clock, BaseRecord record, FileOwner owner, TimeSpan longest)
    {
        (_connector, _host, _session, _unit, _clock, _record) = (connector, host, session, unit, clock, record);
        _cluster = connector.Settings.Name;
        _places = RestorePlaces.Of(record, session.Target, session.Recovery.Places);
        _target = RecoveryTarget.Of(session.Recovery, record);
        _owner = owner;
        _server = new RestoredServer(connector, host, record, _places.Data, owner.User, unit, clock) { Longest = longest };
        _files = new RestoredFiles(_cluster, session, _places, _owner, undos, exchange);
    }

    /// <summary>True when the recovery point holds the files of the cluster, not a dump.</summary>
    public static bool IsOf(RestoreSession session, string component) =>
        session.Manifest.Components.FirstOrDefault(record => record.Name == component)?.Details?["method"]?.GetValue<string>() is "base" or "cold";

    public static async Task<IReadOnlyList<Step>> PlanAsync(PostgresConnector connector, IHost host, RestoreSession session, BaseUndos undos, FolderExchange exchange, ServerUnit unit, TimeProvider clock, BaseRestoreOptions options, CancellationToken cancellation)
    {
        var cluster = connector.Settings.Name;
        if (session.Include.Count + session.Exclude.Count > 0)
            throw Catalogue.PostgresRestore.Throwable($"The files of {cluster} belong together, so they are not restored in part.", "Leave --include and --exclude out, or restore other components alone with --only.");
        var record = await ReadAsync(session, cluster, cancellation);
        var folder = await session.Repository.FindNodeAsync(session.Point, BasePath.Data(cluster), cancellation) ?? throw Unreadable(session, BasePath.Data(cluster));
        var restore = new BaseRestore(connector, host, session, undos, exchange, unit, clock, record, await FileOwner.FindAsync(host, folder, cancellation), options.Longest);
        await restore.CheckPointAsync(cancellation);
        restore.CheckPlaces();
        restore.Confirm();
        if (restore.Starts) await restore._server.CheckAsync(cancellation);
        await restore.FindWalAsync(cancellation);
        await restore.CheckRoomAsync(options, cancellation);
        return restore.Steps();
    }

    private List<Step> Steps()
    {
        var steps = new List<Step>();
        if (StopsServer)
            steps.Add(Step($"Stop {_connector.Settings.Service}", "Stops the server, whose files are replaced.", destroys: true, StopAsync));
        steps.Add(Step($"Restore the files of {_cluster}", Does(), _files.IsInPlace, WriteAsync));
        steps.Add(Step($"Put the files of {_cluster} in place", $"Adds the WAL and the settings of the recovery, makes all of it durable, and puts it at {_places.Data}.{(Starts || _wal is null ? "" : $" It is not started; when it is, it replays to {_target.Text}{_wal.Branch}.")}", Directory.Exists(_places.Data), PlaceAsync));
        if (Starts) steps.Add(Step($"Start {_cluster} and replay its WAL", $"Starts the server, {(_feed is null ? "" : $"hands it {_wal!.Segments.Count} WAL segments as it asks for them, ")}and waits until it has replayed to {_target.Text}{_wal?.Branch}{(_session.Recovery.Pause ? " and pauses there" : "")}.", destroys: false, StartAsync));
        return steps;
    }

    private string Does() => FirstStopped + (_files.IsInPlace
        ? $"Replaces in {_places.Data} what differs, and removes what the recovery point does not have. Until that is done the cluster is of no use."
        : $"Writes them beside their places{(Directory.Exists(_places.Data) ? $"; what is in {_places.Data} is then moved aside, with '{_session.AsideSuffix}' added to its name" : "")}.") + Whose();

    /// <summary>
    /// The places and the user are read from the recovery point, not from the profile, so the plan names all of them.
    /// </summary>
    private string Whose()
    {
        var tablespaces = string.Join(", ", _places.Tablespaces.Select(tablespace => $"{tablespace.Oid} in {tablespace.Folder}"));
        return (tablespaces.Length == 0 ? "" : $" Tablespaces: {tablespaces}.")
            + (_owner.Number is null ? "" : $" All of it belongs to user {_owner.Name}.");
    }

    private string FirstStopped => !StopsServer && _places.Running is { } pid ? $"First the server in {_places.Data}, process {pid}, has to be stopped: while it runs nothing is done. " : "";

    private bool StopsServer => _connector.Settings.Service is not null && _session.Target is null;

    private Step Step(string name, string does, bool destroys, Func<StepContext, CancellationToken, Task> act) =>
        new() { Name = name, Does = does, Component = $"postgres/{_cluster}", Destroys = destroys, Act = act };

    /// <summary>
    /// Verifies, before anything is copied, what would otherwise fail after an hour of copying; quick checks come
    /// before those that take minutes.
    /// </summary>
    private void CheckPlaces()
    {
        if (!StopsServer && !_session.IsForShow) _places.RefuseRunning();
        _places.Check();
        if (_files.IsInPlace && ControlFileReader.TryRead(_places.Data) is { } there && there.SystemIdentifier != _record.SystemIdentifier)
            throw Catalogue.PostgresFiles.Throwable($"What is in {_places.Data} belongs to another cluster (system identifier {there.SystemIdentifier}, and {_record.SystemIdentifier} in the recovery point).", "Restore without --delta and --overwrite: then it is moved aside.");
        if (_files.IsInPlace && IsForeign(_places.Data))
            throw Catalogue.PostgresFiles.Throwable($"What is in {_places.Data} is no cluster of PostgreSQL, and would be removed.", "Restore without --delta and --overwrite: then it is moved aside.");
    }

    /// <summary>
    /// Asks for confirmation where this machine has no cluster of the user. The recovery point names the folders and
    /// the owner, and anyone who can write to the repository may have created it.
    /// </summary>
    private void Confirm()
    {
        if (_owner.Number is not { } number) return;
        var unknown = _places.Unknown(number.User).Where(folder => !_session.Allows(folder)).ToList();
        if (unknown.Count == 0) return;
        if (_session.IsForShow) _session.AskFor(unknown);
        else throw Catalogue.RestoreUnselected.Throwable(
            $"This machine did not make the recovery point, which puts files of {_cluster} where this machine has none of user {_owner.Name}: {string.Join(", ", unknown)}.",
            "Look at the places with 'restore --plan'; when they are meant, run again with --unselected, or restore below another directory with --target.");
    }

    /// <summary>
    /// Refuses links and foreign files in the recovery point. A link in the place of a server's file or folder would
    /// redirect what is written there, and anything beside the server's own folder in a tablespace would be written
    /// wherever the recovery point places the tablespace. No capture stores either.
    /// </summary>
    private Task<bool> CheckPointAsync(CancellationToken cancellation)
    {
        return _session.RememberAsync($"postgres/{_cluster}/links", async () =>
        {
            await CheckAsync(BasePath.Data(_cluster), null);
            foreach (var tablespace in _places.Tablespaces)
                await CheckAsync(BasePath.Tablespace(_cluster, tablespace.Oid), "");
            return true;
        });

        async Task CheckAsync(string root, string? tablespace)
        {
            if (await _session.Repository.FindNodeAsync(_session.Point, root, cancellation) is null) return;
            var rules = new BaseExclusions(root) { Tablespace = tablespace };
            await foreach (var (path, node) in _session.Repository.WalkAsync(_session.Point, root, cancellation))
            {
                if (rules.IsLost(path, node.Type)) throw ClusterFolder.Link(path, node.LinkTarget);
                if (rules.IsStrange(path, node.Type)) throw Strange(path);
            }
        }
    }

    private static ProblemException Strange(string path) => Catalogue.PostgresFiles.Throwable(
        $"{path} is not the folder of a server's version, and a tablespace has nothing else.",
        "No backup stores it. Choose another recovery point, and ask who can write to the repository.");

    private async Task CheckRoomAsync(BaseRestoreOptions options, CancellationToken cancellation)
    {
        var room = await RestoreRoom.MeasureAsync(_session, _cluster, _places, _files.IsInPlace, cancellation);
        if (!_files.IsInPlace && room.IsMount(_places.Data))
            throw Catalogue.PostgresFiles.Throwable($"{_places.Data} is a file system of its own, so it cannot be moved aside.", "Restore with --delta, which replaces files where they stand, or with --target to another place.");
        if (_wal is not null && (_wal.Size > options.LargestWal || !room.Fits(_wal.Size))) _feed = await FindFeedAsync(options, cancellation);
        if (!_session.Recovery.IgnoreSpace) room.Check(_cluster, _feed is null ? _wal?.Size ?? 0 : (long)BaseRestoreOptions.FedSegments * _record.SegmentSize);
    }

    /// <summary>
    /// Returns whether the folder holds anything but a cluster; false for an empty folder, as on a new disk, and for
    /// what an interrupted restore left behind.
    /// </summary>
    private static bool IsForeign(string data) =>
        Directory.EnumerateFileSystemEntries(data).Any(entry => Path.GetFileName(entry) != "lost+found") && !Array.Exists(["PG_VERSION", "base", "global"], own => Path.Exists($"{data}/{own}"));

    /// <summary>
    /// Decides whether the WAL is fetched as it is replayed, when there is much of it. A server that is started or
    /// resumed later, without a restore to serve it, gets all of it beforehand.
    /// </summary>
    private async Task<string?> FindFeedAsync(BaseRestoreOptions options, CancellationToken cancellation)
    {
        if (!Starts || _session.Recovery.Pause || !await WalFeed.CanRunAsync(_host, options.Program, _owner.User, cancellation)) return null;
        return WalFeed.Command(options.Program, _socket = WalFeed.NewSocket());
    }

    private bool Starts => _session.Target is null && !_session.Recovery.NoStart;

    /// <summary>
    /// Finds the WAL to replay. A cluster that was shut down needs none, and has no other recovery target.
    /// </summary>
    private async Task FindWalAsync(CancellationToken cancellation)
    {
        if (_record.Method == "base")
        {
            _wal = await WalSupply.FindAsync(_session, _cluster, _record, _target, cancellation);
            _target = _wal.Target;
        }
        else if (!_target.IsInPoint)
        {
            throw Catalogue.PostgresTarget.Throwable($"The recovery point holds {_cluster} as it was shut down, and cannot bring it to {_target.Text}.", "Leave the target out, or choose a point of the method base.");
        }
        else if (_session.Recovery.Pause)
        {
            throw Catalogue.PostgresTarget.Throwable($"The recovery point holds {_cluster} as it was shut down, so it has nothing to replay, and cannot pause.", "Leave --pause out, or choose a point of the method base.");
        }
    }

    private async Task StopAsync(StepContext context, CancellationToken cancellation)
    {
        var unit = _connector.Settings.Service!;
        if (_places.Running is { } process && ServerUnit.OfProcess(process) is { } actual && unit != actual) _server.Unit = actual;
        _stopped = await _unit.StopAsync(unit, context, cancellation);
        await _unit.WaitForEndAsync(unit, () => _places.Running, _stopping, _clock, cancellation);
    }

    /// <summary>
    /// The time within which systemd has begun to stop the units that depend on a unit; usually it begins at once.
    /// </summary>
    private static readonly TimeSpan _stopping = TimeSpan.FromSeconds(10);

    private Task WriteAsync(StepContext context, CancellationToken cancellation)
    {
        _places.RefuseRunning();
        return _files.WriteAsync(context, cancellation);
    }

    private async Task PlaceAsync(StepContext context, CancellationToken cancellation)
    {
        _places.RefuseRunning();
        if (_wal is not null) await _wal.PlaceAsync($"{_files.Inner}/pg_wal", _files.Actor, withSegments: _feed is null, context, cancellation);
        foreach (var passed in WriteOwn()) context.Note($"Not used for this recovery: {passed}.");
        await _files.FinishAsync(context, cancellation);
        if (_session.Recovery.NoStart && _stopped is not null) await context.SettleAsync(_stopped, cancellation);
        if (_session.Target is not null) context.Note("It does not archive its WAL: 'archive_mode = off' stands in its postgresql.auto.conf, so that nothing of a copy gets among the WAL of the cluster itself.");
        if (_session.Target is not null || _session.Recovery.NoStart) context.Note($"The cluster lies in {_places.Data} and has not been started; when it is, it replays to {_target.Text}.");
    }

    /// <summary>Writes the files that make the server recover, as the user who may write there.</summary>
    private IReadOnlyList<string> WriteOwn()
    {
        var (data, archives) = (_files.Inner, _session.Target is null);
        using (ActingUser.As(_files.Actor))
        {
            if (_wal is null && !archives) RecoverySettings.StopArchiving(data);
            if (_wal is null) return [];
            if (_record.BackupLabel is { } label) ClusterFolder.Write(data, "backup_label", label);
            if (_places.Map(_record.TablespaceMap) is { } map) ClusterFolder.Write(data, "tablespace_map", map);
            return new RecoverySettings(_record.Version, _target, _wal.Timeline, _session.Recovery.Pause, _feed ?? "false").Write(data, archives);
        }
    }

    private async Task StartAsync(StepContext context, CancellationToken cancellation)
    {
        await using var feed = _feed is null ? null : WalFeed.Open(_socket!, _owner.Number, _wal!);
        await _server.StartAsync(cancellation);
        if (_stopped is not null) await context.SettleAsync(_stopped, cancellation);
        var state = await _server.WaitAsync(_wal is null ? null : _target, context, cancellation);
        await _server.WaitForUnitAsync(cancellation);
        if (_connector.Settings.Service is null)
            context.Note($"The server runs as a process of its own, not by systemd; where a unit shall run it, stop it with pg_ctl and start the unit, or name the unit as 'service' of {_cluster} in the profile.");
        if (!state.IsPaused) await new RestoredArchiving(_connector).ReportAsync(context, cancellation);
        context.Note(state.IsPaused
            ? $"{_cluster} waits at {state.Replayed}: look at it, then let it go on with 'SELECT pg_wal_replay_resume()'."
            : $"{_cluster} is up, replayed to {_target.Text} ({state.Replayed}){_wal?.Branch}.");
    }

    private static async Task<BaseRecord> ReadAsync(RestoreSession session, string cluster, CancellationToken cancellation)
    {
        if (await session.Repository.FindNodeAsync(session.Point, BasePath.Record(cluster), cancellation) is not { Type: NodeType.File } node) throw Unreadable(session, BasePath.Record(cluster));
        await using var content = session.Repository.OpenFile(node);
        try
        {
            return await BaseRecord.ReadAsync(content, cancellation);
        }
        catch (JsonException damaged)
        {
            throw Catalogue.PointManifest.Throwable($"'{BasePath.Record(cluster)}' of recovery point {session.Point.Id.ToShortString()} is not what this version writes: {damaged.Message}", damaged);
        }
    }

    private static ProblemException Unreadable(RestoreSession session, string path) =>
        Catalogue.PointManifest.Throwable($"Recovery point {session.Point.Id.ToShortString()} has no '{path}'.");
}
