using System.Globalization;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Snapshots;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// Finds the WAL that a restore needs before anything is changed: whether the target can be reached, and the nearest
/// one.
/// </summary>
internal sealed class WalSupply
{
    private readonly string _cluster;
    private readonly WalCatalogue _catalogue;
    private readonly BaseRecord _record;
    private readonly TimelineHistory _history;
    private readonly IReadOnlyList<TimelineHistory> _histories;
    private readonly WalReach _reach;
    private readonly WalFiles _files;
    private readonly RestoreSession _session;
    private HashSet<string> _needed = new(StringComparer.Ordinal);

    private WalSupply(string cluster, RestoreSession session, WalCatalogue catalogue, BaseRecord record, TimelineHistory history, IReadOnlyList<TimelineHistory> histories, WalReach reach, RecoveryTarget target)
    {
        (_cluster, _session, _catalogue, _record, _history, _histories, _reach, Target) = (cluster, session, catalogue, record, history, histories, reach, target);
        _files = new WalFiles(session.Repository, catalogue);
    }

    /// <summary>The recovery target in the form that the server needs with this WAL.</summary>
    public RecoveryTarget Target { get; private set; }

    /// <summary>The segments to replay, in order.</summary>
    public IReadOnlyList<WalSegment> Segments { get; private set; } = [];

    /// <summary>The value of recovery_target_timeline.</summary>
    public string Timeline => _history.Timeline == _record.Timeline ? "current" : _history.Timeline.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// Describes the timeline that is followed, and the one that it branches off; empty when there is only one.
    /// </summary>
    public string Branch
    {
        get
        {
            if (Target.IsInPoint || _history.Timeline == _record.Timeline || _history.Ancestors is not [.., var left]) return "";
            var goesOn = Others.Contains(left.Timeline) ? $"; timeline {left.Timeline} goes on behind that, choose it with --to-timeline {left.Timeline}" : "";
            return $" on timeline {_history.Timeline}, which leaves timeline {left.Timeline} at {left.Address}{goesOn}";
        }
    }

    /// <summary>
    /// The other timelines that could be followed and have WAL after the branch point of the one that is followed.
    /// </summary>
    private IEnumerable<uint> Others =>
        from history in _histories
        where history.Timeline != _history.Timeline && history.Continues(_record.Timeline, Stop)
        let parting = _history.PartsFrom(history)
        where _catalogue.Segments.Any(segment => segment.Timeline == history.Timeline && segment.End(_record.SegmentSize) > parting)
        orderby history.Timeline
        select history.Timeline;

    private NpgsqlLogSequenceNumber Stop => BaseRecord.Lsn(_record.StopLsn!);

    /// <exception cref="ProblemException">The recovery target cannot be reached.</exception>
    public static async Task<WalSupply> FindAsync(RestoreSession session, string cluster, BaseRecord record, RecoveryTarget target, CancellationToken cancellation)
    {
        var catalogue = await WalCatalogue.ReadAsync(session.Repository, session.Manifest.Platform, cluster, record.SystemIdentifier, cancellation);
        var histories = await catalogue.ReadHistoriesAsync(cancellation);
        if (histories.All(one => one.Timeline != record.Timeline)) histories = [.. histories, new TimelineHistory(record.Timeline, [])];
        var history = Follow(histories, record, session.Recovery.Timeline ?? (target.IsInPoint ? "current" : "latest"));
        if (target.IsInPoint && !history.Continues(record.Timeline, BaseRecord.Lsn(record.Mark?.Lsn ?? record.StopLsn!)))
            target = target.Elsewhere() ?? throw Catalogue.PostgresTarget.Throwable($"The mark of this recovery point is not on timeline {history.Timeline}, which leaves timeline {record.Timeline} before that.", "Leave --to-timeline out, or choose another target.");
        var reach = WalReach.Of(catalogue.Segments.ToHashSet(), history, BaseRecord.Lsn(record.StartLsn!), record.SegmentSize);
        reach = await WithReceivedAsync(catalogue, reach, history, record, cancellation);
        var supply = new WalSupply(cluster, session, catalogue, record, history, histories, reach, target);
        supply.Target = await supply.JudgeAsync(target, cancellation);
        if (session.Recovery.Pause && supply.Target.Setting is null) supply.Target = supply.Target.AtLastRecord(await supply.LastRecordAsync(cancellation));
        return supply;
    }

    /// <summary>Returns where the last complete record begins, in the last segments that are needed.</summary>
    /// <exception cref="ProblemException">No complete record was found.</exception>
    private async Task<NpgsqlLogSequenceNumber> LastRecordAsync(CancellationToken cancellation)
    {
        var last = (NpgsqlLogSequenceNumber?)null;
        for (var count = 2; count < LongestRecord && last is null; count *= 2)
        {
            var segments = Segments.TakeLast(count).ToList();
            await new TargetSearch(RecoveryTarget.End, default, _session.Report) { OnRecord = (start, _) => last = start }
                .RunAsync(segments, _record.SegmentSize, OpenNeededAsync, cancellation);
            if (segments.Count == Segments.Count) break;
        }
        return last ?? throw Catalogue.PostgresTarget.Throwable("The server pauses at a record of the WAL, and there is none to pause at.", "Leave --pause out, or restore with --no-start.");
    }

    /// <summary>A record may be longer than a segment; none is longer than 1 GiB, 64 segments of the usual size.</summary>
    private const int LongestRecord = 256;

    private void Need(IEnumerable<WalSegment> segments)
    {
        Segments = [.. segments];
        _needed = Segments.Select(segment => segment.Name).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The size of all needed WAL in bytes.</summary>
    public long Size => (long)Segments.Count * _record.SegmentSize;

    /// <summary>
    /// Opens a needed file; a partly received segment is filled up with zeroes. Null when the file does not exist, or
    /// when it would make the server replay past its target.
    /// </summary>
    public async Task<(Stream Content, long Length)?> OpenAsync(string name, CancellationToken cancellation) =>
        _needed.Contains(name) || WalFile.Find(name) is { Kind: WalFileKind.History } ? await OpenAnyAsync(name, cancellation) : null;

    private async Task<(Stream Content, long Length)?> OpenAnyAsync(string name, CancellationToken cancellation)
    {
        var stored = await OpenStoredAsync(name, cancellation);
        if (stored is not { } whole || !_reach.IsCut || _reach.Last is not { } last || name != last.Name) return stored;
        // After the switch the segment holds records of the timeline that was left, which the server would replay too.
        await using var content = whole.Content;
        var cut = new byte[_record.SegmentSize];
        await content.ReadExactlyAsync(cut.AsMemory(0, (int)((ulong)_reach.End - (ulong)last.Start(_record.SegmentSize))), cancellation);
        return (new MemoryStream(cut, writable: false), cut.Length);
    }

    private async Task<(Stream Content, long Length)?> OpenStoredAsync(string name, CancellationToken cancellation)
    {
        // The recovery point's own WAL belongs to its cluster, whatever has been archived under the same name since.
        if (await FindInPointAsync(name, cancellation) is { } node) return (_session.Repository.OpenFile(node), (long)node.Size);
        // The recovery point of a standby holds the last segment up to the mark; the archived segment goes beyond the
        // mark.
        if (Target.IsInPoint && await FindInPointAsync($"{name}.partial", cancellation) is { } part) return await _files.OpenPartAsync(part, _record.SegmentSize, cancellation);
        return await _files.OpenAsync(name, cancellation);
    }

    private async Task<Stream> OpenNeededAsync(string name, CancellationToken cancellation) =>
        (await OpenAsync(name, cancellation) ?? throw Gone(name)).Content;

    private static ProblemException Gone(string name) => Catalogue.PostgresWalLost.Throwable($"The WAL file {name} was in the repository a moment ago, and is not any more.");

    private async Task<Node?> FindInPointAsync(string name, CancellationToken cancellation) =>
        WalFile.Find(name) is { } file ? await _session.Repository.FindNodeAsync(_session.Point, WalPath.Of(_cluster, file), cancellation) : null;

    /// <summary>
    /// Adds the part of the next segment that 'wal receive' may have stored, after the last whole one, before the server
    /// was lost.
    /// </summary>
    private static async Task<WalReach> WithReceivedAsync(WalCatalogue catalogue, WalReach reach, TimelineHistory history, BaseRecord record, CancellationToken cancellation)
    {
        var size = record.SegmentSize;
        var number = reach.Last is { } last ? last.Number(size) + (reach.IsCut ? 0u : 1u) : (ulong)BaseRecord.Lsn(record.StartLsn!) / (uint)size;
        if (reach.Gap is not null) return reach;
        var next = WalReach.At(history, number, size);
        // Until the first segment of a branch is stored, the partial segment received on the parent timeline reaches
        // the branch point.
        var left = history.Ancestors.Where(left => left.Address > next.Start(size) && left.Address < next.End(size) && history.Continues(left.Timeline, left.Address));
        foreach (var (timeline, limit) in left.Select(left => (left.Timeline, left.Address)).Append((next.Timeline, next.End(size))))
        {
            var segment = next with { Timeline = timeline };
            if (!catalogue.HasPart($"{segment.Name}.partial") || await catalogue.FindNodeAsync($"{segment.Name}.partial", cancellation) is not { } part) continue;
            var end = new NpgsqlLogSequenceNumber((ulong)next.Start(size) + part.Size);
            if ((end > limit ? limit : end) > reach.End) reach = reach with { Last = segment, End = end > limit ? limit : end, IsCut = end > limit };
        }
        return reach;
    }

    /// <summary>
    /// Writes the segments and the history files of all timelines: the restored server must begin a timeline that was
    /// never used.
    /// </summary>
    /// <param name="folder">The pg_wal directory.</param>
    /// <param name="actor">The user to write as; null for root, in a folder that only root can enter.</param>
    /// <param name="withSegments">False when the server fetches the segments itself.</param>
    /// <param name="context">Shows the progress.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    public async Task PlaceAsync(string folder, (uint User, uint Group)? actor, bool withSegments, StepContext context, CancellationToken cancellation)
    {
        using (ActingUser.As(actor)) Directory.CreateDirectory($"{folder}/archive_status");
        var segments = withSegments ? Segments : [];
        (context.Counters.ItemsTotal, context.Counters.BytesTotal) = (segments.Count, (long)segments.Count * _record.SegmentSize);
        foreach (var name in segments.Concat(Twins).Select(segment => segment.Name).Concat(_catalogue.Files.Where(file => file.Kind == WalFileKind.History).Select(file => file.Name)))
        {
            await using var content = (await OpenAnyAsync(name, cancellation) ?? throw Gone(name)).Content;
            Interlocked.Add(ref context.Counters.BytesDone, await WriteAsync(folder, name, content, actor, cancellation));
            using (ActingUser.As(actor))
                if (IsSettled(name)) ClusterFolder.Write($"{folder}/archive_status", $"{name}.done", "");
            Interlocked.Increment(ref context.Counters.ItemsDone);
        }
        context.Note(withSegments ? $"{Segments.Count} WAL segments were added to the files." : $"The server fetches {Segments.Count} WAL segments as it replays them.");
    }

    private static async Task<long> WriteAsync(string folder, string name, Stream content, (uint User, uint Group)? actor, CancellationToken cancellation)
    {
        string making;
        FileStream file;
        using (ActingUser.As(actor)) file = new FileStream(ClusterFolder.Begin(folder, name, out making), FileAccess.Write, bufferSize: 0);
        await using (file)
        {
            await content.CopyToAsync(file, 1 << 20, cancellation);
            using (ActingUser.As(actor)) File.Move(making, $"{folder}/{name}", overwrite: true);
            return file.Length;
        }
    }

    /// <summary>
    /// Returns true for a segment that the server need not archive: it is archived already, is not replayed, or is
    /// incomplete. The server would archive the last segment, in which it leaves the timeline, as "….partial", after
    /// each restore with other content. The server itself marks what it fetches by restore_command. Source: PostgreSQL,
    /// src/backend/access/transam/xlog.c (CleanupAfterArchiveRecovery).
    /// </summary>
    private bool IsSettled(string name) => WalSegment.TryParse(name, out _) && (_catalogue.IsArchived(name) || !_needed.Contains(name) || (_reach.Last is { } last && last.Name == name && _reach.End < last.End(_record.SegmentSize)));

    /// <summary>
    /// The segments of the parent timelines that hold the switches. A segment in which the timeline changes is replayed
    /// from the later timeline's file. But a server that reaches the switch with a prepared transaction reads that
    /// transaction from the parent timeline's segment, and stops when it is missing. Source: PostgreSQL,
    /// src/backend/access/transam/xlogutils.c (XLogReadDetermineTimeline), which twophase.c calls while a standby
    /// accepts read-only connections.
    /// </summary>
    private IEnumerable<WalSegment> Twins =>
        from left in _history.Ancestors
        let segment = WalSegment.Before(left.Timeline, left.Address, _record.SegmentSize)
        where !_needed.Contains(segment.Name) && _catalogue.Has(segment.Name) && _needed.Contains(WalReach.At(_history, segment.Number(_record.SegmentSize), _record.SegmentSize).Name)
        select segment;

    private static TimelineHistory Follow(IReadOnlyList<TimelineHistory> histories, BaseRecord record, string wish)
    {
        var stop = BaseRecord.Lsn(record.StopLsn!);
        if (wish == "latest") return WalReach.Newest(histories, record.Timeline, stop);
        if (wish == "current") wish = record.Timeline.ToString(CultureInfo.InvariantCulture);
        var found = histories.FirstOrDefault(history => wish == history.Timeline.ToString(CultureInfo.InvariantCulture))
            ?? throw Catalogue.PostgresTarget.Throwable($"There is no timeline {wish} in the repository.", $"There are {string.Join(", ", histories.Select(history => history.Timeline).Order())}; 'holdfast wal status' tells where they branch off.");
        return found.Continues(record.Timeline, stop)
            ? found
            : throw Catalogue.PostgresTarget.Throwable($"Timeline {wish} does not come from timeline {record.Timeline} after {stop}, where the copy of this recovery point ends.", "Choose another timeline, or another recovery point.");
    }

    private async Task<RecoveryTarget> JudgeAsync(RecoveryTarget target, CancellationToken cancellation)
    {
        var end = NeededEnd(target);
        if (_reach.End < end)
            throw Catalogue.PostgresTarget.Throwable($"The WAL at hand ends at {_reach.End} on timeline {_history.Timeline}{Gap}, before {target.Text}.", Nearest((await NewestAsync(cancellation)).Last));
        if (target is { Setting: null, IsInPoint: false } && _reach.Gap is not null)
            throw Catalogue.PostgresTarget.Throwable($"The WAL at hand ends at {_reach.End} on timeline {_history.Timeline}{Gap}, and there is more behind that, which would be left out.", Nearest((await NewestAsync(cancellation)).Last));
        Need(Needed(end, target));
        if (target is { IsInPoint: false, Name: not null } or { Transaction: not null }) return await SeekAsync(target, cancellation);
        if (target is { IsInPoint: false, IsAddress: true, Address: { } address }) return await ArriveAsync(target, address, cancellation);
        if (target.Time is not { } time) return target;
        var newest = await NewestAsync(cancellation);
        if (!target.IsInPoint && !(time <= newest.Last))
            throw Catalogue.PostgresTarget.Throwable($"The last transaction in the WAL at hand is of {(newest.Last is { } last ? Show(last) : "an unknown time")}{Gap}, before {target.Text}.", $"{Nearest(newest.Last)}{StillWritten}");
        return time >= newest.LastTransaction ? target.ToEnd() : target;
    }

    /// <summary>
    /// Finds the LSN of a target that only the WAL can locate, once for all plans of a run; then only the WAL up to it
    /// is needed.
    /// </summary>
    private async Task<RecoveryTarget> SeekAsync(RecoveryTarget target, CancellationToken cancellation)
    {
        var found = await _session.RememberAsync($"{_cluster} {target.Setting} {target.Value} {Segments[0]} {_history.Timeline}", () => FindAsync(target, cancellation));
        Need(Segments.TakeWhile(segment => segment.Start(_record.SegmentSize) < found.End));
        return target.At(found, _record);
    }

    /// <summary>
    /// Returns the target, or the end of the WAL when no record follows the LSN: the server stops at an LSN only when
    /// it has read the first record after it.
    /// </summary>
    private async Task<RecoveryTarget> ArriveAsync(RecoveryTarget target, NpgsqlLogSequenceNumber address, CancellationToken cancellation)
    {
        var near = Segments.Where(segment => segment.End(_record.SegmentSize) > address).ToList();
        if (await new TargetSearch(target, address, _session.Report).RunAsync(near, _record.SegmentSize, OpenNeededAsync, cancellation) is not { } next) return target.ToEnd();
        Need(Segments.TakeWhile(segment => segment.Start(_record.SegmentSize) < next.End));
        return target;
    }

    private async Task<StopRecord> FindAsync(RecoveryTarget target, CancellationToken cancellation)
    {
        var search = new TargetSearch(target, BaseRecord.Lsn(_record.StartLsn!), _session.Report);
        if (await search.RunAsync(Segments, _record.SegmentSize, OpenNeededAsync, cancellation) is { } found) return found;
        throw Catalogue.PostgresTarget.Throwable(
            $"{target.Beginning} is not in the WAL at hand, from {_record.StartLsn} to {_reach.End} on timeline {_history.Timeline}{Gap}.",
            $"{search.Seen} {Nearest(search.Newest)}");
    }

    /// <summary>
    /// Returns where the needed WAL ends. When the target has no LSN, all WAL that exists may be needed.
    /// </summary>
    private NpgsqlLogSequenceNumber NeededEnd(RecoveryTarget target)
    {
        if (target.IsInPoint) return BaseRecord.Lsn(_record.Mark?.Lsn ?? _record.StopLsn!);
        return target.Address is { } address && address > Stop ? address : Stop;
    }

    private IEnumerable<WalSegment> Needed(NpgsqlLogSequenceNumber end, RecoveryTarget target)
    {
        var size = _record.SegmentSize;
        var first = WalSegment.Of(_record.Timeline, BaseRecord.Lsn(_record.StartLsn!), size).Number(size);
        var last = target.IsInPoint ? WalSegment.Before(_record.Timeline, end, size).Number(size) : _reach.Last?.Number(size) ?? first;
        for (var number = first; number <= last; number++) yield return _reach.Last is { } reached && reached.Number(size) == number ? reached : WalReach.At(_history, number, size);
    }

    private string Gap => _reach.Gap is { } gap ? $" (then {gap} is missing)" : "";

    /// <summary>Part of a message: a running server has not archived its current segment yet.</summary>
    private const string StillWritten = " Where the server still runs, end its current segment with 'SELECT pg_switch_wal()', or wait for archive_timeout, and run the restore again when 'holdfast wal status' shows it.";

    private string Nearest(DateTimeOffset? newest)
    {
        var nearest = _reach.Gap is null ? $"The nearest is --to-latest: {_reach.End}" : $"The nearest is --to-lsn {_reach.End}";
        var elsewhere = string.Join(" or ", Others) is { Length: > 0 } others ? $" It may be on another timeline: --to-timeline {others}." : "";
        return $"{nearest}{(newest is { } time ? $", the transactions up to {Show(time)}" : "")}.{elsewhere}";
    }

    /// <summary>
    /// Returns the time of the last transaction and of the last record that has a time: an idle server, or one with a
    /// single long transaction, writes many segments without either.
    /// </summary>
    private async Task<(DateTimeOffset? Last, DateTimeOffset? LastTransaction)> NewestAsync(CancellationToken cancellation)
    {
        var all = Segments.Count > 0 ? Segments : [.. Needed(_reach.End, RecoveryTarget.End)];
        var (last, next) = ((DateTimeOffset?)null, (byte[]?)null);
        foreach (var segment in all.Reverse())
        {
            if (await OpenAnyAsync(segment.Name, cancellation) is not { } found) continue;
            await using var content = found.Content;
            var bytes = new byte[found.Length];
            await content.ReadExactlyAsync(bytes, cancellation);
            var records = WalRecords.Read(bytes, next);
            if (!(records.Last <= last)) last = records.Last ?? last;
            if (records.LastTransaction is { } transaction) return (last, transaction);
            next = bytes;
        }
        return (last, null);
    }

    private static string Show(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture);
}
