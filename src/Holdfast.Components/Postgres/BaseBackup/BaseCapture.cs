using Holdfast.Components.Postgres.Connection;
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
/// The steps of the method "base": the files are copied while the server runs, then a restore point is created, then
/// the WAL up to it is fetched. So the window of a quiesced backup holds only the mark, whatever the size of the data.
/// </summary>
internal sealed class BaseCapture(PostgresConnector connector, ClusterFacts planned, CaptureSession session, TimeProvider clock)
{
    private readonly string _cluster = connector.Settings.Name;
    private ClusterFacts? _facts;
    private ClusterFiles? _files;
    private BackupSession? _backup;
    private NpgsqlLogSequenceNumber _start;
    private BaseRecord? _record;
    private MarkEntry? _mark;

    public static async Task<CapturePlan> PlanAsync(PostgresConnector connector, CaptureSession session, TimeProvider clock, bool receives, CancellationToken cancellation)
    {
        await using var connection = await connector.OpenMaintenanceAsync(cancellation);
        var facts = await ClusterFacts.AskAsync(connector, connection, cancellation);
        Check(connector.Settings.Name, facts, session.Mode, receives);
        if (StreamCapture.WhyNeeded(connector.Settings.Name, facts, receives) is { } why) return new StreamCapture(connector, facts, why, session, clock).Plan();
        return new BaseCapture(connector, facts, session, clock).Plan();
    }

    /// <summary>Tests what a copy needs.</summary>
    /// <param name="cluster">The name of the cluster.</param>
    /// <param name="facts">What the server reports about itself.</param>
    /// <param name="mode">The mode of the backup; null while it is not known.</param>
    /// <param name="receives">True to receive the files from the server, even when they are on this machine.</param>
    /// <exception cref="ProblemException">The server cannot be copied while it runs.</exception>
    public static void Check(string cluster, ClusterFacts facts, BackupMode? mode = null, bool receives = false)
    {
        if (StreamCapture.WhyNeeded(cluster, facts, receives) is { } why) StreamCapture.Check(cluster, facts, why, mode);
        facts.RefuseInnerTablespaces(cluster);
        if (facts.WalLevel == "minimal")
            throw Catalogue.PostgresSetting.Throwable($"wal_level of {cluster} is minimal, so its WAL cannot repair a copy.", "Set wal_level = replica and restart the server, or use the method dump.");
    }

    private CapturePlan Plan() => new()
    {
        Before = [Step($"Copy the files of {_cluster} ({ByteSize.Describe(planned.Size)})", $"Begins a base backup, copies {planned.DataDirectory} with {planned.Tablespaces.Count} tablespaces while the server runs, and ends it.", CopyAsync)],
        Mark = [Step($"Mark {_cluster} in its WAL", "Makes a restore point, and completes the WAL segment that it lies in.", MarkAsync)],
        After = [Step($"Fetch the WAL of {_cluster}", "Puts the WAL from the beginning of the copy to the mark into the recovery point, and proves that none is missing.", FetchAsync)],
    };

    private Step Step(string name, string does, Func<StepContext, CancellationToken, Task> act) => new() { Name = name, Does = does, Component = $"postgres/{_cluster}", Act = act };

    private async Task CopyAsync(StepContext context, CancellationToken cancellation)
    {
        // This runs now because directly after the mark the service is busy with the segment that ends there.
        await WalConsolidation.TryAsync(session.Repository, session.Manifest.Platform, _cluster, context, cancellation);
        _backup = await BackupSession.OpenAsync(connector, cancellation);
        session.Keep(_backup); // when the session ends, the server aborts the backup
        await ReserveAsync(context, cancellation);
        var started = clock.GetUtcNow();
        _start = await _backup.StartAsync($"holdfast {context.RunId}", cancellation);
        // Since the plan was made, a tablespace may have been created, or the server promoted, which its last
        // checkpoint need not show.
        _facts = await _backup.AskAsync(cancellation) with { Timeline = await _backup.TimelineAsync(_start, cancellation) };
        _facts.RefuseInnerTablespaces(_cluster);
        LogicalSlots.Warn(_cluster, _facts.LogicalSlots, context);
        _files = new ClusterFiles(_cluster, _facts, session, clock);
        _files.Check();
        var parent = await BaseParent.FindAsync(session, _cluster, _facts.SystemIdentifier, context, cancellation);
        await _files.CopyAsync(parent, (ulong)_start, context, cancellation);
        var end = await _backup.StopAsync(cancellation);
        _record = ClusterRecord.Of("base", _facts, _files.Damaged) with
        {
            Started = started, Stopped = clock.GetUtcNow(), StartLsn = $"{_start}", StopLsn = $"{end.Lsn}", BackupLabel = end.Label, TablespaceMap = end.TablespaceMap.Length > 0 ? end.TablespaceMap : null,
        };
    }

    /// <summary>
    /// Reserves the WAL by a slot. Without one the server may remove WAL before it is fetched; this would be detected,
    /// and the backup would fail.
    /// </summary>
    private async Task ReserveAsync(StepContext context, CancellationToken cancellation)
    {
        try
        {
            await _backup!.ReserveWalAsync(BackupSession.Slot(context.RunId), cancellation);
        }
        catch (ProblemException refused)
        {
            context.Warn(Catalogue.PostgresSlot.With(refused.Problem.Message));
        }
    }

    private async Task MarkAsync(StepContext context, CancellationToken cancellation)
    {
        var name = $"holdfast-{context.RunId}";
        var time = clock.GetUtcNow();
        _mark = new MarkEntry(name, $"{await _backup!.MarkAsync(name, cancellation)}", time);
        session.Manifest.Mark ??= time;
    }

    private async Task FetchAsync(StepContext context, CancellationToken cancellation)
    {
        var segments = await new WalCapture(_facts!, _cluster, session).RunAsync(_start, BaseRecord.Lsn(_mark!.Lsn), context, cancellation);
        await _backup!.DisposeAsync();
        await ClusterRecord.AddAsync(session, _cluster, _facts!, _record! with { Mark = _mark }, _files!.Counts, segments, cancellation);
    }
}
