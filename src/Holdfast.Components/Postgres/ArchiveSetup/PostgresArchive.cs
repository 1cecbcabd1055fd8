using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Checking;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;

namespace Holdfast.Components.Postgres.ArchiveSetup;

/// <summary>The WAL archive of a cluster of the profile, together with its server.</summary>
public sealed class PostgresArchive
{
    /// <summary>
    /// The number of segments, from the end, that are searched for the end of a transaction: if they have none, nothing
    /// was written for long.
    /// </summary>
    private const int Searched = 8;

    /// <summary>The number of waiting files from which on a problem is reported: one batch of the service.</summary>
    private const int Patience = 32;


    public PostgresArchive(string platform, ProfileNode node, ISecretReader secrets, IHost host)
        : this(platform, new PostgresConnector(PostgresSettings.Read(node), secrets, host))
    {
    }

    internal PostgresArchive(string platform, PostgresConnector connector) => (Platform, Connector) = (platform, connector);

    /// <summary>The cluster's name.</summary>
    public string Cluster => Connector.Settings.Name;

    internal string Platform { get; }

    internal PostgresConnector Connector { get; }

    /// <summary>The archives of all clusters that a profile names.</summary>
    public static IReadOnlyList<PostgresArchive> Of(Profile profile, ISecretReader secrets, IHost host) =>
        [.. (profile.Root["components"].Find("postgres")?.Items ?? []).Select(node => new PostgresArchive(profile.Platform, node, secrets, host))];

    /// <summary>
    /// Returns what the archive has, what is missing, and how far it is behind. A server that cannot be queried is one
    /// of the problems.
    /// </summary>
    public async Task<WalStatus> ReadStatusAsync(Repository repository, CancellationToken cancellation)
    {
        using var catalogue = await WalCatalogue.ReadAsync(repository, Platform, Cluster, cancellation);
        var problems = new List<Problem>();
        var server = await AskAsync(problems, cancellation);
        var gaps = Gaps(catalogue, await catalogue.ReadHistoriesAsync(cancellation));
        foreach (var gap in gaps.Where(gap => gap.Matters))
            problems.Add(Catalogue.WalGap.With($"WAL of {Cluster} is missing: {(gap.Segments == 1 ? $"segment {gap.First}" : $"{gap.Segments} segments, {gap.First} to {gap.Last}")}."));
        var restorable = Restorable(catalogue, gaps);
        if (restorable is null && catalogue.Ranges.Count > 0)
            problems.Add(Catalogue.WalBaseless.With($"Nothing of {Cluster} can be recovered from the archive: no recovery point holds files of the cluster that its WAL could be replayed on."));
        var behind = server?.Current is { } current && catalogue.Newest is { } newest ? (long)current.Number(catalogue.SegmentSize) - (long)newest.Number(catalogue.SegmentSize) - 1 : (long?)null;
        if (server is not null) problems.AddRange(Judge(server));
        if (server?.Current is { } writes && writes.Timeline != catalogue.Newest?.Timeline && await JudgeTimelineAsync(repository, server.System, writes.Timeline, cancellation) is { } apart) problems.Add(apart);
        return new WalStatus
        {
            Cluster = Cluster, System = catalogue.Identity?.System, SegmentSize = catalogue.SegmentSize,
            Ranges = [.. catalogue.Ranges.Select(range => new WalRangeStatus(range.Timeline, range.First.Name, range.Last.Name, range.Count))],
            Gaps = gaps, Newest = catalogue.Newest?.Name, NewestTime = await NewestTimeAsync(repository, catalogue, restorable, cancellation), Restorable = restorable?.Last.Name, Snapshots = catalogue.WalSnapshots.Count,
            ArchiveMode = server?.Mode, Current = server?.Current?.Name, Behind = behind is { } count ? Math.Max(0, count) : null, Ready = server?.Ready,
            Archived = server?.Archived, Failed = server?.Failed, Problems = problems,
        };
    }

    /// <summary>Creates the check of the archive before a backup.</summary>
    public ICheckSource Check(Func<CancellationToken, Task<RepositorySettings>> settings) => new WalCheck(this, settings);

    /// <summary>Drops a replication slot; one that does not exist is no error.</summary>
    public async Task DropSlotAsync(string slot, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await Connector.OpenMaintenanceAsync(cancellation);
            await connection.ExecuteAsync($"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = {Sql.Literal(slot)}", cancellation);
        }
        catch (Exception failure) when (PostgresProblem.Recognises(failure))
        {
            throw PostgresProblem.Of(failure, $"Dropping the slot {slot} of {Connector.Place} failed");
        }
    }

    /// <summary>The gaps between segments of a timeline, and where a timeline branches off from another.</summary>
    private static List<WalGapStatus> Gaps(WalCatalogue catalogue, IReadOnlyList<TimelineHistory> histories)
    {
        var anew = catalogue.PointSegments.Select(segment => (WalSegment?)segment).Max();
        var size = catalogue.SegmentSize;
        return
        [
            .. from pair in catalogue.Ranges.Zip(catalogue.Ranges.Skip(1))
               where pair.First.Timeline == pair.Second.Timeline
               let first = pair.First.Last.Next(size)
               let last = WalSegment.Of(pair.Second.Timeline, pair.Second.First.Number(size) - 1, size)
               select new WalGapStatus(first.Name, last.Name, (long)(last.Number(size) - first.Number(size)) + 1, anew is null || anew < last),
            .. from range in catalogue.Ranges.DistinctBy(range => range.Timeline)
               where histories.FirstOrDefault(history => history.Timeline == range.Timeline)?.Ancestors is [.., var parent] && catalogue.Ranges.Any(other => other.Timeline == parent.Timeline)
               let history = histories.First(history => history.Timeline == range.Timeline)
               let branch = (ulong)history.Ancestors[^1].Address / (uint)size
               where range.First.Number(size) > branch
               let first = WalSegment.Of(range.Timeline, branch, size)
               let last = WalSegment.Of(range.Timeline, range.First.Number(size) - 1, size)
               select new WalGapStatus(first.Name, last.Name, (long)(range.First.Number(size) - branch), anew is null || anew < last),
        ];
    }

    private IEnumerable<Problem> Judge(ArchiverState server)
    {
        if (server.Mode == "off") yield return Catalogue.ArchivingOff.With($"The server of {Cluster} does not archive its WAL: archive_mode is off.");
        else if (server.IsFailing) yield return Catalogue.WalLate.With($"The server of {Cluster} could not archive {server.LastFailed}, last at {server.Failed:yyyy-MM-dd HH:mm:ss zzz}; files that wait: {server.Ready}.");
        else if (server.Ready > Patience) yield return Catalogue.WalLate.With($"{server.Ready} files of {Cluster} wait to be archived.");
    }

    /// <summary>
    /// Reports an unexpected timeline. A restore follows the newest timeline: where a copy of the cluster also
    /// archives, that is the copy's. WAL of another cluster that had the name before is ignored.
    /// </summary>
    private async Task<Problem?> JudgeTimelineAsync(Repository repository, ulong system, uint writes, CancellationToken cancellation)
    {
        using var own = await WalCatalogue.ReadAsync(repository, Platform, Cluster, system, cancellation);
        if (own.Newest is not { } newest || newest.Timeline == writes) return null;
        if (newest.Timeline > writes)
            return Catalogue.WalTimeline.With($"The archive of {Cluster} goes on to timeline {newest.Timeline} ({newest}), and the server writes timeline {writes}: a copy that was promoted archives here, too. A restore follows timeline {newest.Timeline} unless --to-timeline says otherwise.");
        return own.Files.Any(file => file.Segment.Timeline == writes)
            ? null // its history exists, and its first segment is not full
            : Catalogue.WalTimeline.With($"The server of {Cluster} writes timeline {writes}, of which the archive has nothing: it ends with timeline {newest.Timeline} ({newest}).");
    }

    private async Task<ArchiverState?> AskAsync(List<Problem> problems, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await Connector.OpenMaintenanceAsync(cancellation);
            return await ArchiverState.ReadAsync(connection, cancellation);
        }
        catch (Exception failure) when (failure is ProblemException || PostgresProblem.Recognises(failure))
        {
            problems.Add(failure is ProblemException known ? known.Problem : PostgresProblem.Of(failure, $"Asking {Connector.Place} failed").Problem);
            return null;
        }
    }

    /// <summary>
    /// The last segments to which a recovery point can be replayed: WAL after a gap, or without an earlier recovery
    /// point, cannot be restored.
    /// </summary>
    private static WalRange? Restorable(WalCatalogue catalogue, IReadOnlyList<WalGapStatus> gaps)
    {
        var (size, points) = (catalogue.SegmentSize, catalogue.PointSegments.ToList());
        var reached = new List<WalRange>();
        foreach (var range in catalogue.Ranges)
        {
            var begins = points.Any(point => point >= range.First && point <= range.Last);
            var branches = !catalogue.Ranges.Any(other => other.Timeline == range.Timeline && other.First < range.First) && gaps.All(gap => WalSegment.Parse(gap.Last).Next(size) != range.First);
            if (begins || (branches && reached.Exists(other => other.Timeline < range.Timeline))) reached.Add(range);
        }
        return reached is [.., var last] ? last : null;
    }

    private static async Task<DateTimeOffset?> NewestTimeAsync(Repository repository, WalCatalogue catalogue, WalRange? restorable, CancellationToken cancellation)
    {
        if (restorable is not { } last) return null;
        var reader = new WalFiles(repository, catalogue);
        for (var (number, left) = (last.Last.Number(last.SegmentSize), Searched); left > 0 && number >= last.First.Number(last.SegmentSize); number--, left--)
            if (await reader.ReadAsync(WalSegment.Of(last.Timeline, number, last.SegmentSize).Name, cancellation) is { } segment && WalRecords.Read(segment).LastTransaction is { } time) return time;
        return null;
    }
}
