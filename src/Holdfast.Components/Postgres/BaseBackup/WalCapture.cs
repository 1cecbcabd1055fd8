using System.Buffers.Binary;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>
/// Copies the WAL that a base backup needs from the server's pg_wal directory, and verifies that none of it is missing.
/// </summary>
internal sealed class WalCapture(ClusterFacts facts, string cluster, CaptureSession session)
{
    private const int SystemAt = 24, HeaderSize = 40, AddressAt = 8; // XLogLongPageHeaderData, src/include/access/xlog_internal.h
    private readonly string _folder = $"{facts.DataDirectory}/pg_wal";
    private readonly uint _owner = FileFacts.Of(LocalEntries.Resolve(facts.DataDirectory)).User;

    /// <summary>
    /// Copies every segment from the one that holds the start to the one that ends with the mark. Returns their number.
    /// </summary>
    /// <exception cref="ProblemException">A segment is missing, or does not match its name.</exception>
    public async Task<int> RunAsync(NpgsqlLogSequenceNumber start, NpgsqlLogSequenceNumber end, StepContext context, CancellationToken cancellation)
    {
        await AddHistoryAsync(cancellation);
        var last = WalSegment.Before(facts.Timeline, end, facts.SegmentSize);
        var first = WalSegment.Of(facts.Timeline, start, facts.SegmentSize);
        var count = (int)(last.Number(facts.SegmentSize) - first.Number(facts.SegmentSize)) + 1;
        (context.Counters.ItemsTotal, context.Counters.BytesTotal) = (count, (long)count * facts.SegmentSize);
        for (var segment = first; segment <= last; segment = segment.Next(facts.SegmentSize))
        {
            await AddAsync(segment, cancellation);
            Interlocked.Increment(ref context.Counters.ItemsDone);
            Interlocked.Add(ref context.Counters.BytesDone, facts.SegmentSize);
        }
        return count;
    }

    private async Task AddAsync(WalSegment segment, CancellationToken cancellation)
    {
        await using var content = Open(segment);
        if (content.Length != facts.SegmentSize) throw Lost(segment, $"it has {content.Length} bytes");
        var header = new byte[HeaderSize];
        await content.ReadExactlyAsync(header, cancellation);
        if (BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(AddressAt)) != (ulong)segment.Start(facts.SegmentSize)) throw Lost(segment, "it holds other WAL");
        if (BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(SystemAt)) != facts.SystemIdentifier) throw Lost(segment, "it is another cluster's");
        content.Position = 0;
        await session.Writer.AddStreamAsync(WalPath.Of(cluster, segment), content, new EntryMetadata { ChunkSize = WalSource.ChunkSize }, cancellation);
        // Without a slot the server may recycle the file for newer WAL, and overwrites it from the beginning.
        var after = new byte[HeaderSize];
        content.Position = 0;
        await content.ReadExactlyAsync(after, cancellation);
        if (!after.AsSpan().SequenceEqual(header)) throw Lost(segment, "it was used anew while it was copied");
    }

    /// <summary>
    /// Adds the timeline history files, which show a restored server where timelines branched; those of the cluster's
    /// own ancestors are required.
    /// </summary>
    private async Task AddHistoryAsync(CancellationToken cancellation)
    {
        foreach (var path in Directory.GetFiles(_folder, "*.history").Order(StringComparer.Ordinal))
        {
            if (WalFile.Find(Path.GetFileName(path)) is not { Kind: WalFileKind.History } file) continue;
            await using var content = OpenOwned(path);
            await session.Writer.AddStreamAsync(WalPath.Of(cluster, file), content, cancellation: cancellation);
        }
    }

    private FileStream Open(WalSegment segment)
    {
        try
        {
            return OpenOwned($"{_folder}/{segment.Name}");
        }
        catch (FileNotFoundException)
        {
            throw Lost(segment, "it is not there any more");
        }
    }

    /// <summary>
    /// Opens a file of the data directory's owner. The server's user may have put a link there, to a file that only
    /// root can read.
    /// </summary>
    private FileStream OpenOwned(string path)
    {
        var file = OpenFile(path);
        if (file.User == _owner) return new FileStream(file.Handle, FileAccess.Read, bufferSize: 0);
        using (file) throw Foreign(path, "does not belong to the owner of the data directory");
    }

    private static OwnedFile OpenFile(string path)
    {
        try
        {
            return OwnedFile.Open(path);
        }
        catch (IOException refused) when (refused is not FileNotFoundException)
        {
            throw Foreign(path, $"cannot be read as a file of WAL ({refused.Message.TrimEnd('.')})", refused);
        }
    }

    private static ProblemException Foreign(string path, string what, Exception? cause = null) => Catalogue.PostgresFiles.Throwable(
        $"{path} {what}.", "Find out what put it there, and remove it if PostgreSQL did not: no links or files of others belong in pg_wal.", cause);

    private ProblemException Lost(WalSegment segment, string why) =>
        Catalogue.PostgresWalLost.Throwable($"The base backup of {cluster} needs the WAL segment {segment.Name} of {_folder}, but {why}.");
}
