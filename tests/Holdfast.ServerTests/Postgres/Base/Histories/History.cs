using System.Globalization;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Components.Postgres.WalReceive;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base.Histories;

/// <summary>
/// One cluster with all that happens to it, step by step: the server, the repository, and the tree that says what must come of it. It archives as a
/// server does (histories first, then by name, each name once), but when it is told to.
/// </summary>
internal sealed class History : IAsyncDisposable
{
    public const string Question = "SELECT (SELECT string_agg(n::text, ',' ORDER BY n) FROM c), (SELECT string_agg(substr(gid, 3), ',' ORDER BY substr(gid, 3)::int) FROM pg_prepared_xacts)";
    private const int SegmentSize = 1 << 20;
    private readonly BaseRig _rig;
    private readonly PlainRecovery _plain;
    private int _number;

    private History(BaseRig rig) => (_rig, _plain, Branch) = (rig, new PlainRecovery(rig, Tree), Tree.Branches[0]);

    public LogTree Tree { get; } = new(SegmentSize);

    public List<(TakenPoint Taken, TreePoint Point)> Points { get; } = [];

    /// <summary>What the server writes on.</summary>
    public Branch Branch { get; private set; }

    /// <summary>All that has been done, in words.</summary>
    public List<string> Steps { get; } = [];

    private string Wal => $"{_rig.Server.Data}/pg_wal";

    /// <summary>Prepared transactions that nobody has ended.</summary>
    public IReadOnlyList<int> Open => LogTree.State(Branch.Log).Split('|')[1] is { Length: > 0 } open ? [.. open.Split(',').Select(int.Parse)] : [];

    /// <summary>A number that nobody has used.</summary>
    public int Next() => ++_number;

    public static async Task<History> BeginAsync()
    {
        var rig = await BaseRig.StartAsync(new PostgresServerOptions { InitArguments = ["--wal-segsize=1"], Settings = ["archive_mode=on", "max_prepared_transactions=8", "min_wal_size=4MB"] });
        await rig.Server.ExecuteAsync("postgres", NumberedCommits.Tables + NumberedCommits.Filler);
        return new History(rig);
    }

    public async Task CommitAsync(params IReadOnlyList<CommitOrder> orders)
    {
        Steps.Add($"on {Branch}: {string.Join(", ", orders.Select(order => $"{order.Number} {order.Kind}{(order.Of > 0 ? $" {order.Of}" : "")}{(order.Gap is { } gap ? $" {gap} bytes before a segment's end" : "")}{(order.NameGap is { } nameGap ? $", name {order.Name} {nameGap} bytes before" : "")}"))}");
        foreach (var (commit, order) in (await NumberedCommits.WriteAsync(_rig.Server, orders)).Zip(orders)) Note(commit, order);
        Steps[^1] += $" to {Lsn.Show(Branch.Entries[^1].End)}";
    }

    private void Note(Commit commit, CommitOrder order)
    {
        var kind = order.Kind switch
        {
            CommitKind.Short or CommitKind.Nested => EntryKind.Commit,
            CommitKind.RolledBack => EntryKind.Rollback,
            CommitKind.Prepared => EntryKind.Prepare,
            CommitKind.CommitPrepared => EntryKind.CommitPrepared,
            _ => EntryKind.RollbackPrepared,
        };
        var row = order.Of > 0 ? order.Of : order.Number;
        if (commit.Undone is { Xid: not "0" } undone) Branch.Entries.Add(new LogEntry(EntryKind.Rollback, -row, Lsn.Read(undone.Before), Lsn.Read(undone.Lsn), TimeOf(undone.Time), uint.Parse(undone.Xid, CultureInfo.InvariantCulture), ""));
        Branch.Entries.Add(new LogEntry(kind, row, Lsn.Read(commit.Before), Lsn.Read(commit.Lsn), TimeOf(commit.Time), uint.Parse(commit.Xid, CultureInfo.InvariantCulture), "") { Part = uint.Parse(commit.Part, CultureInfo.InvariantCulture) });
        Branch.Entries.Add(new LogEntry(EntryKind.Name, 0, Lsn.Read(commit.NameBefore), Lsn.Read(commit.NameLsn), TimeOf(commit.NameTime), 0, order.Name));
    }

    public async Task SwitchAsync()
    {
        var told = await _rig.Server.QueryAsync("postgres", "SELECT pg_switch_wal()");
        Ends.Add(Lsn.Read(told));
        Steps.Add($"switch WAL at {told}");
    }

    /// <summary>What pg_switch_wal() has told.</summary>
    public List<ulong> Ends { get; } = [];

    /// <summary>Takes a recovery point, with commits between its copy and its mark.</summary>
    public async Task CaptureAsync(params IReadOnlyList<CommitOrder> between)
    {
        var before = 0UL;
        var taken = await _rig.CaptureAsync(between: async () =>
        {
            if (between.Count > 0) await CommitAsync(between);
            before = Lsn.Read(await _rig.Server.QueryAsync("postgres", "SELECT pg_current_wal_insert_lsn()"));
        });
        var record = await _rig.ReadRecordAsync(taken);
        var mark = record.Mark!;
        var point = new TreePoint(Points.Count, Branch, Lsn.Read(record.StartLsn!), Lsn.Read(record.StopLsn!), Lsn.Read(mark.Lsn), mark.Name, mark.Time, record.Stopped);
        Points.Add((taken, point));
        Branch.Entries.Add(new LogEntry(EntryKind.Name, 0, before, point.Mark, TimeOf(await _rig.Server.QueryAsync("postgres", "SELECT clock_timestamp()")), 0, mark.Name));
        foreach (var path in Directory.GetFiles(Wal, "*.history")) Hold(Path.GetFileName(path));
        for (var segment = point.Start / SegmentSize; segment <= (point.Mark - 1) / SegmentSize; segment++) Hold(NameOf(Branch.Number, segment, SegmentSize));
        Steps.Add($"point {point.Number} on {Branch} from {record.StartLsn} to {record.StopLsn}, mark {mark.Name} at {mark.Lsn}");
    }

    /// <summary>What the server has ready, in its order; no more than so many.</summary>
    public async Task ArchiveAsync(int most)
    {
        var status = $"{Wal}/archive_status";
        var ready = Directory.GetFiles(status, "*.ready").Select(path => Path.GetFileNameWithoutExtension(path)).OrderByDescending(name => name.EndsWith(".history", StringComparison.Ordinal)).ThenBy(name => name, StringComparer.Ordinal).Take(most).ToList();
        Steps.Add($"archive {string.Join(", ", ready)}");
        using var catalogue = await WalCatalogue.ReadAsync(_rig.Repository, "test", "main", BaseRig.Cancellation);
        foreach (var name in ready)
        {
            Assert.Empty((await new WalArchive(_rig.Repository, catalogue).StoreAsync([WalSource.Of(WalFile.Find(name)!, $"{Wal}/{name}")], BaseRig.Cancellation)).Select(problem => $"{problem.Key}: {problem.Value.Message}"));
            File.Move($"{status}/{name}.ready", $"{status}/{name}.done", overwrite: true);
            Hold(name);
        }
    }

    /// <summary>The receiver stores the running segment as far as it is written; those before it as well, unless it has just begun.</summary>
    public async Task ReceiveAsync(bool hasJustBegun)
    {
        await FlushAsync();
        var flushed = Lsn.Read(await _rig.Server.QueryAsync("postgres", "SELECT pg_current_wal_flush_lsn()"));
        using var catalogue = await WalCatalogue.ReadAsync(_rig.Repository, "test", "main", BaseRig.Cancellation);
        await using var store = new StreamedStore(_rig.Repository, catalogue, TimeSpan.FromSeconds(5), TimeProvider.System) { Identity = catalogue.Identity };
        var (running, history) = (flushed / SegmentSize, WalFile.HistoryName(Branch.Number));
        List<string> names = Branch.Parent is null ? [] : [history];
        if (!hasJustBegun) names.AddRange(Directory.GetFiles(Wal).Select(path => Path.GetFileName(path)).Where(name => name.Length == 24 && string.CompareOrdinal(name, NameOf(Branch.Number, 0, SegmentSize)) > 0 && string.CompareOrdinal(name, NameOf(Branch.Number, running, SegmentSize)) < 0).Order(StringComparer.Ordinal));
        Steps.Add($"receive {string.Join(", ", names)} and {NameOf(Branch.Number, running, SegmentSize)} to {Lsn.Show(flushed)}");
        foreach (var name in names)
        {
            await store.StoreAsync(WalSource.Of(WalFile.Find(name)!, $"{Wal}/{name}"), BaseRig.Cancellation);
            Hold(name);
        }
        if (flushed % SegmentSize == 0) return;
        var part = NameOf(Branch.Number, running, SegmentSize);
        var bytes = await File.ReadAllBytesAsync($"{Wal}/{part}", BaseRig.Cancellation);
        await store.StoreAsync(WalSource.Of(WalFile.Find($"{part}.partial")!, bytes.AsMemory(0, (int)(flushed % SegmentSize))), BaseRig.Cancellation);
        await File.WriteAllBytesAsync($"{_plain.Parts}/{part}", bytes, BaseRig.Cancellation);
        Tree.Hold(Branch, running, flushed);
    }

    /// <summary>A file of the server is stored now.</summary>
    private void Hold(string name)
    {
        File.Copy($"{Wal}/{name}", $"{_plain.Archive}/{name}", overwrite: true);
        if (WalFile.Find(name) is { Kind: WalFileKind.History } history) Tree.Known.Add(Of(history.Segment.Timeline));
        else if (WalSegment.TryParse(name, out var segment)) Tree.Hold(Of(segment.Timeline), segment.Number(SegmentSize), (segment.Number(SegmentSize) + 1) * SegmentSize);
    }

    /// <summary>Of those that had a number it is the last: the ones before were lost.</summary>
    private Branch Of(uint number) => Tree.Branches.FindLast(branch => branch.Number == number)!;

    public async Task CrashAsync()
    {
        await FlushAsync();
        await _rig.Server.StopServerAsync("immediate");
        Steps.Add("crash");
    }

    public async Task StopAsync()
    {
        await _rig.Server.StopServerAsync();
        Steps.Add("stop");
    }

    public async Task StartAsync()
    {
        await _rig.Server.StartServerAsync();
        Steps.Add("start");
    }

    /// <summary>Restore points and ends that were rolled back reach the disk a little later.</summary>
    private Task FlushAsync() => Eventually.HoldsAsync("the server has written its WAL", async () =>
        await _rig.Server.QueryAsync("postgres", "SELECT pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn() <= 40") == "t");

    /// <summary>What the product says to a wish; null when it would meet it.</summary>
    public async Task<Problem?> PlanAsync(TakenPoint taken, RecoveryRequest wishes)
    {
        try
        {
            await _rig.PlanRestoreAsync(taken, wishes);
            return null;
        }
        catch (ProblemException refused) when (refused.Problem.Code == "HF-PG-TARGET")
        {
            return refused.Problem;
        }
    }

    /// <summary>What PostgreSQL makes of it by itself.</summary>
    public async Task<(string? State, string Log)> RecoverAsync(TakenPoint taken, TreePoint point, RecoveryRequest wishes, Verdict verdict)
    {
        var found = await _plain.RunAsync(taken, point, wishes, verdict);
        // It takes a target for a failure behind which nothing begins.
        if (found.State is null && verdict.IsAll && wishes.Limit is RecoveryLimit.Address or RecoveryLimit.Time) return await _plain.RunAsync(taken, point, wishes with { Limit = RecoveryLimit.Latest, To = null }, verdict);
        return found;
    }

    /// <summary>Restores, and goes on from there. Returns rows and prepared transactions.</summary>
    public async Task<string> RestoreAsync(TakenPoint taken, RecoveryRequest wishes, Verdict verdict)
    {
        try
        {
            await _rig.RestoreAsync(taken, wishes with { Delta = true });
        }
        catch (ProblemException)
        {
            Steps.Add($"the server's log:\n{await File.ReadAllTextAsync($"{_rig.Server.Data}/restore.log", BaseRig.Cancellation)}");
            throw;
        }
        var number = uint.Parse((await _rig.Server.QueryAsync("postgres", "SELECT pg_walfile_name(pg_current_wal_insert_lsn())"))[..8], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var left = TimelineHistory.Parse(number, await File.ReadAllTextAsync($"{Wal}/{WalFile.HistoryName(number)}", BaseRig.Cancellation))!.Ancestors[^1];
        Branch = new Branch(number, verdict.Followed, (ulong)left.Address);
        Steps.Add($"the server goes on on {Branch}");
        Assert.Equal(verdict.Followed!.Number, left.Timeline);
        Assert.DoesNotContain(Tree.Reachable, branch => branch.Number == number);
        Tree.Branches.Add(Branch);
        return await _rig.Server.QueryAsync("postgres", Question);
    }

    public static string NameOf(uint timeline, ulong segment, uint size) => WalSegment.Of(timeline, segment, (int)size).Name;

    private static DateTimeOffset TimeOf(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => _rig.DisposeAsync();
}
