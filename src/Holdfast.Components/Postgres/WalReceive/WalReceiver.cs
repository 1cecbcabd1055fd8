using Holdfast.Components.Postgres.ArchiveSetup;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Npgsql;
using Npgsql.Replication;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.WalReceive;

/// <summary>
/// Receives WAL as the server writes it, by a physical replication slot, which makes the server keep what has not been
/// received. The received part of an incomplete segment is made durable every few seconds, so that the loss of the
/// database host loses no more than that. Source for where to begin and how timelines follow each other: PostgreSQL,
/// src/bin/pg_basebackup/receivelog.c.
/// </summary>
/// <param name="archive">The cluster.</param>
/// <param name="repository">The repository to store in.</param>
/// <param name="options">The intervals and timeouts.</param>
/// <param name="clock">The clock.</param>
/// <param name="tell">Called with what has become durable, and with failures.</param>
public sealed class WalReceiver(PostgresArchive archive, Repository repository, WalReceiverOptions options, TimeProvider clock, Action<WalNotice> tell)
{
    /// <summary>Receives until it is cancelled; when the server is not available, waits for it.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        repository.KeepBuffers();
        using var catalogue = await WalCatalogue.ReadAsync(repository, archive.Platform, archive.Cluster, cancellation);
        await using var store = new StreamedStore(repository, catalogue, options.LockWait, clock);
        Problem? last = null;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await ReceiveAsync(catalogue, store, () => last = null, cancellation);
            }
            catch (Exception ended) when (cancellation.IsCancellationRequested)
            {
                // What was received is stored. A broken connection can cause many exceptions; what cannot be stored is
                // kept by the server.
                if (ended is ProblemException unstored) tell(new WalNotice(archive.Cluster, 0, "", default) { Problem = unstored.Problem });
                return;
            }
            catch (NpgsqlException ended) when (IsEnd(ended))
            {
                // The timeline has ended, or the server has shut down: the next connection shows which.
            }
            catch (Exception failure)
            {
                var problem = ToProblem(failure);
                // Waiting for a server may take hours: it is reported once.
                if (problem.Message != last?.Message) tell(new WalNotice(archive.Cluster, 0, "", default) { Problem = problem });
                last = problem;
                if (!problem.Transient) throw new ProblemException(problem, failure);
            }
            await Task.Delay(options.Retry, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Receives over one connection, along as many timelines as the server changes to.</summary>
    private async Task ReceiveAsync(WalCatalogue catalogue, StreamedStore store, Action received, CancellationToken cancellation)
    {
        await using var connection = await archive.Connector.OpenReplicationAsync(cancellation);
        var system = await connection.IdentifySystem(cancellation);
        var size = await SegmentSizeAsync(cancellation);
        store.Identity = new WalIdentity(ulong.Parse(system.SystemId, System.Globalization.CultureInfo.InvariantCulture), size);
        if (catalogue.Identity is { } known && known.System != store.Identity.System)
            throw Catalogue.WalForeign.Throwable($"The server of {archive.Cluster} has the system identifier {system.SystemId}, and its archive is of {known.System}.");
        await MakeSlotAsync(connection, cancellation);
        var history = await TakeHistoryAsync(catalogue, store, system.Timeline, cancellation);
        var start = await StartAsync(catalogue, system, history, size, cancellation);
        await StreamAsync(connection, store, new ReceivedSegment(start, size), size, received, cancellation);
    }

    /// <summary>
    /// The first segment that is not stored of those that the slot retains, along the server's timeline history:
    /// segments of an earlier timeline are received first.
    /// </summary>
    private async Task<WalSegment> StartAsync(WalCatalogue catalogue, ReplicationSystemIdentification system, TimelineHistory history, int size, CancellationToken cancellation)
    {
        await catalogue.RefreshAsync(cancellation);
        var current = (ulong)system.XLogPos / (uint)size;
        var number = (ulong)(await RestartAsync(cancellation) ?? system.XLogPos) / (uint)size;
        while (number < current && catalogue.IsArchived(WalReach.At(history, number, size).Name)) number++;
        return WalReach.At(history, number, size);
    }

    private async Task StreamAsync(PhysicalReplicationConnection connection, StreamedStore store, ReceivedSegment segment, int size, Action received, CancellationToken cancellation)
    {
        var slot = new PhysicalReplicationSlot(WalReceiverOptions.Slot(archive.Cluster));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var messages = connection.StartReplication(slot, segment.Segment.Start(size), stop.Token, segment.Segment.Timeline).GetAsyncEnumerator(stop.Token);
        var (moving, stored, durable) = (messages.MoveNextAsync().AsTask(), clock.GetTimestamp(), segment.Reached);
        try
        {
            while (true)
            {
                var due = options.Interval - clock.GetElapsedTime(stored);
                if (due > TimeSpan.Zero && await Task.WhenAny(moving, Task.Delay(due, clock, cancellation)) == moving)
                {
                    if (!await moving) return; // the timeline has ended; the next connection finds the new one
                    segment = await segment.TakeAsync(messages.Current.WalStart, messages.Current.Data, async whole => durable = await StoreAsync(store, whole, cancellation), cancellation);
                    received();
                    moving = messages.MoveNextAsync().AsTask();
                }
                else
                {
                    cancellation.ThrowIfCancellationRequested();
                    if (segment.Reached != durable && segment.Filled > 0) durable = await StoreAsync(store, segment, cancellation);
                    stored = clock.GetTimestamp();
                }
                connection.SetReplicationStatus(durable);
            }
        }
        finally
        {
            if (segment.Reached != durable && segment.Filled > 0) await StoreAsync(store, segment, CancellationToken.None);
            await stop.CancelAsync();
            await moving.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task<NpgsqlLogSequenceNumber> StoreAsync(StreamedStore store, ReceivedSegment segment, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        await store.StoreAsync(segment.ToSource(), cancellation);
        tell(new WalNotice(archive.Cluster, 1, segment.ToSource().File.Name, clock.GetElapsedTime(began)));
        return segment.Reached;
    }

    private async Task MakeSlotAsync(PhysicalReplicationConnection connection, CancellationToken cancellation)
    {
        try
        {
            await connection.CreateReplicationSlot(WalReceiverOptions.Slot(archive.Cluster), isTemporary: false, reserveWal: true, cancellation);
        }
        catch (PostgresException there) when (there.SqlState == PostgresErrorCodes.DuplicateObject)
        {
            // The slot exists from an earlier call, and has retained the WAL that was not received since.
        }
    }

    private async Task<int> SegmentSizeAsync(CancellationToken cancellation)
    {
        await using var connection = await archive.Connector.OpenMaintenanceAsync(cancellation);
        var bytes = await connection.ScalarAsync<string>("SELECT setting FROM pg_settings WHERE name = 'wal_segment_size'", cancellation);
        return int.Parse(bytes!, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The LSN from which on the server retains WAL for the slot.</summary>
    private async Task<NpgsqlLogSequenceNumber?> RestartAsync(CancellationToken cancellation)
    {
        await using var connection = await archive.Connector.OpenMaintenanceAsync(cancellation);
        var text = await connection.ScalarAsync<string>($"SELECT restart_lsn::text FROM pg_replication_slots WHERE slot_name = {Sql.Literal(WalReceiverOptions.Slot(archive.Cluster))}", cancellation);
        return text is null ? null : NpgsqlLogSequenceNumber.Parse(text);
    }

    private async Task<TimelineHistory> TakeHistoryAsync(WalCatalogue catalogue, StreamedStore store, uint timeline, CancellationToken cancellation)
    {
        if (timeline == 1) return new TimelineHistory(1, []);
        // TIMELINE_HISTORY cannot be used: Npgsql 10 reads its content as bytea, but since version 15 the server
        // declares it as text.
        var name = WalFile.HistoryName(timeline);
        await using var connection = await archive.Connector.OpenMaintenanceAsync(cancellation);
        var text = await connection.ScalarAsync<string>($"SELECT pg_read_file('pg_wal/{name}')", cancellation) ?? "";
        if (!catalogue.Has(name)) await store.StoreAsync(WalSource.Of(WalFile.Find(name)!, System.Text.Encoding.UTF8.GetBytes(text)), cancellation);
        return TimelineHistory.Parse(timeline, text) ?? throw new InvalidDataException($"the history of timeline {timeline} cannot be read");
    }

    /// <summary>
    /// True for the end of a stream: the server sends "copy done", which Npgsql 10 does not expect while it waits for
    /// data.
    /// </summary>
    private static bool IsEnd(NpgsqlException failure) =>
        failure is not PostgresException && failure.Message.Contains("while expecting CopyDataMessage", StringComparison.Ordinal);

    private Problem ToProblem(Exception failure) => failure switch
    {
        _ when PostgresProblem.Recognises(failure) => PostgresProblem.Of(failure, $"Receiving WAL from {archive.Connector.Place} failed").Problem,
        // Npgsql throws the last two when the connection breaks during a read.
        InvalidDataException or EndOfStreamException or InvalidOperationException or ObjectDisposedException => Catalogue.PostgresUnreachable.With($"Receiving WAL from {archive.Connector.Place} failed: {failure.Message.TrimEnd('.')}."),
        _ => failure.ToProblem(),
    };
}
