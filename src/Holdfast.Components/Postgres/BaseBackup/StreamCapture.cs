using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Quantities;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>
/// The steps of the method "base" when the files are not accessible: the server sends them, and its WAL up to the mark.
/// A standby, which cannot create a restore point, can be captured too: its mark is what it has replayed by then.
/// </summary>
internal sealed class StreamCapture(PostgresConnector connector, ClusterFacts planned, string why, CaptureSession session, TimeProvider clock)
{
    private readonly string _cluster = connector.Settings.Name;
    private BackupSession? _backup;
    private StreamedWal? _wal;
    private StreamedFiles? _files;
    private ClusterFacts? _facts;
    private BaseRecord? _record;
    private MarkEntry? _mark;

    /// <summary>
    /// Returns why a cluster's files cannot be copied here, as the end of a sentence; null when they can.
    /// </summary>
    public static string? WhyNeeded(string cluster, ClusterFacts facts, bool receives = false)
    {
        if (receives) return "the profile wants it so";
        if (facts.IsStandby) return "it is a standby";
        try
        {
            ClusterFiles.Check(cluster, facts);
            return null;
        }
        catch (ProblemException notHere)
        {
            return notHere.Problem.Message.TrimEnd('.');
        }
    }

    /// <exception cref="ProblemException">The capture is not possible in this mode, or on this machine.</exception>
    public static void Check(string cluster, ClusterFacts facts, string why, BackupMode? mode)
    {
        if (!LibPq.IsThere())
            throw Catalogue.PostgresFiles.Throwable($"The files of {cluster} cannot be copied here ({why}), and to receive them takes PostgreSQL's client library, {LibPq.Library}.", "Install it (libpq5, or libpq), or run Holdfast on the machine of the server, as root or as the owner of its data directory.");
        if (facts.IsStandby && mode is not null and not BackupMode.Online)
            throw Catalogue.PostgresBackup.Throwable($"The server of {cluster} is a standby, which is behind its primary by an unknown time, so it has no part in a backup in mode {mode.Value.Name()}.", "Back up with --mode online, or name the primary in the profile.");
    }

    public CapturePlan Plan() => new()
    {
        Before = [Step($"Receive the files of {_cluster} ({ByteSize.Describe(planned.Size)})", $"Has the server send {planned.DataDirectory} with {planned.Tablespaces.Count} tablespaces over its connection: {why}.", CopyAsync)],
        Mark = [planned.IsStandby
            ? Step($"Mark {_cluster} in its WAL", "Notes how far the standby has replayed.", MarkAsync)
            : Step($"Mark {_cluster} in its WAL", "Makes a restore point, and completes the WAL segment that it lies in.", MarkAsync)],
        After = [Step($"Receive the WAL of {_cluster}", "Has the server send the WAL from the beginning of the copy to the mark.", ReceiveAsync)],
    };

    private Step Step(string name, string does, Func<StepContext, CancellationToken, Task> act) => new() { Name = name, Does = does, Component = $"postgres/{_cluster}", Act = act };

    private async Task CopyAsync(StepContext context, CancellationToken cancellation)
    {
        await WalConsolidation.TryAsync(session.Repository, session.Manifest.Platform, _cluster, context, cancellation);
        _backup = await BackupSession.OpenAsync(connector, cancellation);
        session.Keep(_backup);
        _wal = await StreamedWal.ReserveAsync(connector, BackupSession.Slot(context.RunId), session, cancellation);
        session.Keep(_wal);
        _facts = await _backup.AskAsync(cancellation);
        _facts.RefuseInnerTablespaces(_cluster);
        LogicalSlots.Warn(_cluster, _facts.LogicalSlots, context);
        Interlocked.Exchange(ref context.Counters.BytesTotal, _facts.Size);
        var started = clock.GetUtcNow();
        await using var stream = await BackupStream.OpenAsync(connector, _facts.Version, cancellation);
        stream.Begin($"holdfast {context.RunId}");
        _files = new StreamedFiles(_cluster, session, stream, context);
        await _files.RunAsync(cancellation);
        // The server does not report the end of a copy with damaged pages; an LSN a little later is sufficient.
        var end = _files.End ?? await _backup.ReachedAsync(_facts.IsStandby, cancellation);
        _facts = _facts with { Timeline = _files.Begun!.Timeline };
        _record = ClusterRecord.Of("base", _facts, _files.Damaged) with
        {
            Started = started, Stopped = clock.GetUtcNow(), StartLsn = $"{_files.Begun.Lsn}", StopLsn = $"{end}", BackupLabel = _files.Label, TablespaceMap = _files.TablespaceMap,
        };
    }

    private async Task MarkAsync(StepContext context, CancellationToken cancellation)
    {
        var name = $"holdfast-{context.RunId}";
        var time = clock.GetUtcNow();
        _mark = _facts!.IsStandby ? new MarkEntry("", $"{await ReachedAsync(cancellation)}", time) : new MarkEntry(name, $"{await _backup!.MarkAsync(name, cancellation)}", time);
        session.Manifest.Mark ??= time;
    }

    /// <summary>
    /// Returns the LSN of the mark: never before the end of the copy, which the standby had replayed by then.
    /// </summary>
    private async Task<NpgsqlLogSequenceNumber> ReachedAsync(CancellationToken cancellation)
    {
        var (reached, end) = (await _backup!.ReachedAsync(isStandby: true, cancellation), BaseRecord.Lsn(_record!.StopLsn!));
        return reached > end ? reached : end;
    }

    private async Task ReceiveAsync(StepContext context, CancellationToken cancellation)
    {
        if (_facts!.Timeline > 1)
        {
            await using var stream = await BackupStream.OpenAsync(connector, _facts.Version, cancellation);
            using var history = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(await stream.HistoryAsync(_facts.Timeline)));
            await session.Writer.AddStreamAsync(WalPath.Of(_cluster, WalFile.Find(WalFile.HistoryName(_facts.Timeline))!), history, cancellation: cancellation);
        }
        var segments = await _wal!.RunAsync(_files!.Begun!, BaseRecord.Lsn(_mark!.Lsn), _facts.IsStandby, _facts.SegmentSize, context, cancellation);
        await _wal.DisposeAsync();
        await _backup!.DisposeAsync();
        await ClusterRecord.AddAsync(session, _cluster, _facts, _record! with { Mark = _mark }, _files.Counts, segments, cancellation);
    }
}
