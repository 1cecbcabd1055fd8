using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Running;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Base;

/// <summary>
/// Puts the WAL that a restored server needs where it finds it, so that the server needs nothing of ours to come up: neither the
/// repository nor its password, which are not its user's to read.
/// </summary>
internal sealed class WalPlacement(string cluster, BaseRecord record, RestoreSession session)
{
    /// <summary>The segments of the point from the beginning of the copy on, and the histories of timelines.</summary>
    public async Task PlaceAsync(string folder, StepContext context, CancellationToken cancellation)
    {
        Directory.CreateDirectory($"{folder}/archive_status");
        var placed = 0;
        if (record.StartLsn is { } start)
        {
            var first = WalSegment.Of(record.Timeline, BaseRecord.Lsn(start), record.SegmentSize);
            var last = WalSegment.Before(record.Timeline, BaseRecord.Lsn(record.Mark?.Lsn ?? record.StopLsn!), record.SegmentSize);
            for (var segment = first; segment <= last; segment = segment.Next(record.SegmentSize), placed++)
                await WriteAsync(await FindAsync(WalPath.Of(cluster, segment), cancellation) ?? throw Lost(segment), $"{folder}/{segment.Name}", cancellation);
        }
        foreach (var history in await HistoriesAsync(cancellation)) await WriteAsync(history, $"{folder}/{history.Name}", cancellation);
        context.Note($"{placed} WAL segments lie in {folder}.");
    }

    private Task<Node?> FindAsync(string path, CancellationToken cancellation) => session.Repository.FindNodeAsync(session.Point, path, cancellation);

    private async Task<IEnumerable<Node>> HistoriesAsync(CancellationToken cancellation)
    {
        if (await FindAsync(WalPath.Folder(cluster), cancellation) is not { Subtree: { } tree }) return [];
        return (await session.Repository.ReadTreeAsync(tree, cancellation)).Where(node => node.Type == NodeType.File && WalFile.Find(node.Name) is { Kind: WalFileKind.History });
    }

    private async Task WriteAsync(Node node, string path, CancellationToken cancellation)
    {
        await using var content = session.Repository.OpenFile(node);
        await using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite, BufferSize = 0 });
        await content.CopyToAsync(file, 1 << 20, cancellation);
    }

    private static ProblemException Lost(WalSegment segment) => Catalogue.PostgresWalLost.Throwable(
        $"The recovery point lacks the WAL segment {segment.Name}, without which its files do not fit each other.", "Run 'holdfast repo check --read-data', and restore another recovery point.");
}
