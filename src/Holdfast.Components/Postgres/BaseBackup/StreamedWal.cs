using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Npgsql.Replication;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>
/// Receives the WAL of a base backup from a remote server, by a slot that exists as long as the connection.
/// </summary>
internal sealed class StreamedWal(PhysicalReplicationConnection connection, PhysicalReplicationSlot slot, string cluster, CaptureSession session) : IAsyncDisposable
{
    /// <summary>Creates the slot: from now on the server keeps WAL that is not received.</summary>
    public static async Task<StreamedWal> ReserveAsync(PostgresConnector connector, string slot, CaptureSession session, CancellationToken cancellation)
    {
        PhysicalReplicationConnection? connection = null;
        try
        {
            connection = await connector.OpenReplicationAsync(cancellation);
            return new StreamedWal(connection, await connection.CreateReplicationSlot(slot, isTemporary: true, reserveWal: true, cancellation), connector.Settings.Name, session);
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            if (connection is not null) await connection.DisposeAsync();
            throw PostgresProblem.Of(exception, $"Keeping the WAL of a base backup of {connector.Settings.Name} by a replication slot failed", Catalogue.PostgresBackup);
        }
    }

    /// <summary>
    /// Stores all segments from the start to an LSN in the recovery point. Of the last segment only the part before the
    /// LSN is stored when the server cannot complete it.
    /// </summary>
    /// <returns>The number of segments.</returns>
    public async Task<int> RunAsync(BackupBegun begun, NpgsqlLogSequenceNumber end, bool isStandby, int size, StepContext context, CancellationToken cancellation)
    {
        var first = WalSegment.Of(begun.Timeline, begun.Lsn, size);
        var segments = new StreamedSegments(first, isStandby ? end : WalSegment.Before(begun.Timeline, end, size).End(size), size, source => AddAsync(source, cancellation));
        context.Counters.BytesTotal = segments.BytesTotal;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var messages = connection.StartReplication(slot, first.Start(size), stop.Token, begun.Timeline).GetAsyncEnumerator(stop.Token);
        try
        {
            while (!segments.AreComplete)
            {
                if (!await messages.MoveNextAsync()) throw Catalogue.PostgresWalLost.Throwable($"The server of {cluster} changed to another timeline while its WAL was received.");
                await segments.TakeAsync(messages.Current.WalStart, messages.Current.Data, cancellation);
                Interlocked.Exchange(ref context.Counters.BytesDone, segments.BytesDone);
                connection.SetReplicationStatus(segments.Kept);
            }
            return await segments.EndAsync();
        }
        catch (Exception exception) when (PostgresProblem.Recognises(exception))
        {
            throw PostgresProblem.Of(exception, $"Receiving the WAL of {cluster} failed", Catalogue.PostgresWalLost);
        }
        finally
        {
            await stop.CancelAsync();
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private async Task AddAsync(WalSource source, CancellationToken cancellation)
    {
        await using var content = source.Open();
        await session.Writer.AddStreamAsync(WalPath.Of(cluster, source.File), content, source.Metadata, cancellation);
    }
}
