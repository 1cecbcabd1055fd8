using System.Globalization;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Running;
using Holdfast.Restic;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Base;

/// <summary>The WAL that a restore needs, found before anything is touched: whether the wish can be met, and what is nearest to it.</summary>
internal sealed class WalSupply
{
    /// <summary>Segments that are looked into, from the end, for the time of the last transaction: a server that only idles writes a few without any.</summary>
    private const int LookedInto = 16;

    private readonly string _cluster;
    private readonly WalCatalogue _catalogue;
    private readonly BaseRecord _record;
    private readonly TimelineHistory _history;
    private readonly WalReach _reach;

    private WalSupply(string cluster, WalCatalogue catalogue, BaseRecord record, TimelineHistory history, WalReach reach, RecoveryTarget target) =>
        (_cluster, _catalogue, _record, _history, _reach, Target) = (cluster, catalogue, record, history, reach, target);

    /// <summary>The wish, as the server must be told it with this WAL.</summary>
    public RecoveryTarget Target { get; private set; }

    /// <summary>The segments to replay, in order.</summary>
    public IReadOnlyList<WalSegment> Segments { get; private set; } = [];

    /// <summary>recovery_target_timeline.</summary>
    public string Timeline => _history.Timeline == _record.Timeline ? "current" : _history.Timeline.ToString(CultureInfo.InvariantCulture);

    /// <exception cref="ProblemException">The wish can not be met.</exception>
    public static async Task<WalSupply> FindAsync(RestoreSession session, string cluster, BaseRecord record, RecoveryTarget target, CancellationToken cancellation)
    {
        var catalogue = await WalCatalogue.ReadAsync(session.Repository, session.Manifest.Platform, cluster, record.SystemIdentifier, cancellation);
        var history = Follow(await catalogue.ReadHistoriesAsync(cancellation), record, session.Recovery.Timeline ?? (target.IsInPoint ? "current" : "latest"));
        var reach = WalReach.Of(catalogue.Segments.ToHashSet(), history, BaseRecord.Lsn(record.StartLsn!), record.SegmentSize);
        var supply = new WalSupply(cluster, catalogue, record, history, reach, target);
        supply.Target = await supply.JudgeAsync(target, session.Repository, cancellation);
        return supply;
    }

    /// <summary>Writes the segments, and the histories of all timelines: the restored server must begin one that nobody has used.</summary>
    public async Task PlaceAsync(string folder, RestoreSession session, StepContext context, CancellationToken cancellation)
    {
        Directory.CreateDirectory($"{folder}/archive_status");
        (context.Counters.ItemsTotal, context.Counters.BytesTotal) = (Segments.Count, (long)Segments.Count * _record.SegmentSize);
        var histories = _catalogue.Files.Where(file => file.Kind == WalFileKind.History).Select(file => (file.Name, Path: WalPath.Of(_cluster, file)));
        foreach (var (name, path) in Segments.Select(segment => (segment.Name, Path: WalPath.Of(_cluster, segment))).Concat(histories))
        {
            // What the point itself has is of its own cluster, whatever has been archived under the same name since.
            var node = await session.Repository.FindNodeAsync(session.Point, path, cancellation) ?? await _catalogue.FindNodeAsync(name, cancellation) ?? throw Catalogue.PostgresWalLost.Throwable($"The WAL file {name} was in the repository a moment ago, and is not any more.");
            await using var content = session.Repository.OpenFile(node);
            await using var file = new FileStream($"{folder}/{name}", new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite, BufferSize = 0 });
            await content.CopyToAsync(file, 1 << 20, cancellation);
            Interlocked.Increment(ref context.Counters.ItemsDone);
            Interlocked.Add(ref context.Counters.BytesDone, file.Length);
        }
        context.Note($"{Segments.Count} WAL segments were put into {folder}.");
    }

    private static TimelineHistory Follow(IReadOnlyList<TimelineHistory> histories, BaseRecord record, string wish)
    {
        var stop = BaseRecord.Lsn(record.StopLsn!);
        var own = histories.FirstOrDefault(history => history.Timeline == record.Timeline) ?? new TimelineHistory(record.Timeline, []);
        if (wish == "current") return own;
        if (wish == "latest") return WalReach.Newest([.. histories, own], record.Timeline, stop);
        var found = histories.Append(own).FirstOrDefault(history => wish == history.Timeline.ToString(CultureInfo.InvariantCulture))
            ?? throw Catalogue.PostgresTarget.Throwable($"There is no timeline {wish} in the repository.", $"There are {string.Join(", ", histories.Append(own).Select(history => history.Timeline).Distinct().Order())}; 'holdfast wal status' tells where they branch off.");
        return found == own || found.Ancestors.Any(ancestor => ancestor.Timeline == record.Timeline && ancestor.Address >= stop)
            ? found
            : throw Catalogue.PostgresTarget.Throwable($"Timeline {wish} does not come from timeline {record.Timeline} after {stop}, where the copy of this recovery point ends.", "Choose another timeline, or another recovery point.");
    }

    private async Task<RecoveryTarget> JudgeAsync(RecoveryTarget target, Repository repository, CancellationToken cancellation)
    {
        var end = NeededEnd(target);
        if (_reach.End < end)
            throw Catalogue.PostgresTarget.Throwable($"The WAL at hand ends at {_reach.End} on timeline {_history.Timeline}{Gap}, before {target.Text}.", await NearestAsync(repository, cancellation));
        Segments = [.. Needed(end, target)];
        // Nothing in the WAL begins there, so the server would never see that it has arrived.
        if (target is { IsInPoint: false, Address: { } address } && address >= _reach.End) return target.ToEnd();
        if (target.Time is not { } time) return target;
        var newest = await NewestAsync(repository, cancellation);
        if (!target.IsInPoint && !(time <= newest?.Last))
            throw Catalogue.PostgresTarget.Throwable($"The last transaction in the WAL at hand is of {(newest?.Last is { } last ? Show(last) : "an unknown time")}{Gap}, before {target.Text}.", await NearestAsync(repository, cancellation));
        return time >= newest?.LastTransaction ? target.ToEnd() : target;
    }

    /// <summary>Where a wish says nothing of addresses, everything there is may be needed.</summary>
    private NpgsqlLogSequenceNumber NeededEnd(RecoveryTarget target)
    {
        var stop = BaseRecord.Lsn(_record.StopLsn!);
        if (target.IsInPoint) return BaseRecord.Lsn(_record.Mark?.Lsn ?? _record.StopLsn!);
        return target.Address is { } address && address > stop ? address : stop;
    }

    private IEnumerable<WalSegment> Needed(NpgsqlLogSequenceNumber end, RecoveryTarget target)
    {
        var size = _record.SegmentSize;
        var first = WalSegment.Of(_record.Timeline, BaseRecord.Lsn(_record.StartLsn!), size).Number(size);
        // A record that begins at the wished address ends the replay, so the segment that it lies in is needed too.
        var all = _reach.Last?.Number(size) ?? first;
        var last = target.IsInPoint ? WalSegment.Before(_record.Timeline, end, size).Number(size) : target.Address is not null ? Math.Min(WalSegment.Of(_record.Timeline, end, size).Number(size), all) : all;
        for (var number = first; number <= last; number++) yield return WalReach.At(_history, number, size);
    }

    private string Gap => _reach.Gap is { } gap ? $" (then {gap} is missing)" : "";

    private async Task<string> NearestAsync(Repository repository, CancellationToken cancellation) => (await NewestAsync(repository, cancellation))?.Last is { } newest
        ? $"The nearest is --to-latest: {_reach.End}, the transactions up to {Show(newest)}."
        : $"The nearest is --to-latest: {_reach.End}.";

    /// <summary>The times in the last of the segments that has any.</summary>
    private async Task<WalRecords?> NewestAsync(Repository repository, CancellationToken cancellation)
    {
        var all = Segments.Count > 0 ? Segments : [.. Needed(_reach.End, RecoveryTarget.End)];
        foreach (var segment in all.Reverse().Take(LookedInto))
        {
            if (await _catalogue.FindNodeAsync(segment.Name, cancellation) is not { } node) continue;
            var bytes = new byte[_record.SegmentSize];
            await using var content = repository.OpenFile(node);
            await content.ReadExactlyAsync(bytes, cancellation);
            if (WalRecords.Read(bytes) is { LastTransaction: not null } records) return records;
        }
        return null;
    }

    private static string Show(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture);
}
