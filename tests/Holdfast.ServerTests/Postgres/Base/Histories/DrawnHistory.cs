using System.Globalization;
using System.Text.RegularExpressions;
using Holdfast.Engine.Components;
using Holdfast.ServerTests.Runs;
using Xunit;

namespace Holdfast.ServerTests.Postgres.Base.Histories;

/// <summary>Draws what happens to a cluster, and judges each restore by the tree and by PostgreSQL itself.</summary>
/// <param name="history">The cluster.</param>
/// <param name="random">Draws.</param>
internal sealed partial class DrawnHistory(History history, Random random)
{
    private const int Steps = 9, Wishes = 12;

    /// <summary>What was judged: wishes, those of them that were refused, restores, and recoveries by PostgreSQL alone.</summary>
    public (int Wishes, int Refused, int Restores, int Recoveries) Judged { get; private set; }

    public async Task RunAsync()
    {
        await CommitAsync();
        await history.CaptureAsync(Orders(random.Next(3)));
        for (var i = 0; i < Steps; i++) await StepAsync();
        await RestoreAsync();
    }

    private async Task StepAsync()
    {
        switch (random.Next(20))
        {
            case < 6: await CommitAsync(); break;
            case < 8: await history.SwitchAsync(); break;
            case < 10: await history.ArchiveAsync(int.MaxValue); break;
            case < 12: await history.ArchiveAsync(random.Next(1, 4)); break;
            case < 14: await history.ReceiveAsync(random.Next(3) == 0); break;
            case < 15:
                await history.CrashAsync();
                await history.StartAsync();
                break;
            case < 16: await history.CaptureAsync(Orders(random.Next(3))); break;
            default:
                await RestoreAsync();
                await CommitAsync();
                break;
        }
    }

    private Task CommitAsync() => history.CommitAsync(Orders(random.Next(1, 6)));

    private CommitOrder[] Orders(int count)
    {
        var open = history.Open.ToList();
        return [.. Enumerable.Range(0, count).Select(_ => Order(open))];
    }

    private CommitOrder Order(List<int> open)
    {
        var kind = (CommitKind)random.Next(6);
        var isEnd = kind is CommitKind.CommitPrepared or CommitKind.RollbackPrepared;
        if ((isEnd && open.Count == 0) || (kind == CommitKind.Prepared && open.Count > 5)) (kind, isEnd) = (CommitKind.Short, false);
        var of = isEnd ? open[random.Next(open.Count)] : 0;
        var order = new CommitOrder(history.Next(), kind) { Of = of, Gap = Gap(), NameGap = Gap() };
        if (isEnd) open.Remove(of);
        if (kind == CommitKind.Prepared) open.Add(order.Number);
        return random.Next(5) == 0 ? order with { Name = "again" } : order;
    }

    private int? Gap() => random.Next(8) == 0 ? random.Next(0, 8) * 8 : null;

    /// <summary>One of the wishes that are met is what the server goes on from.</summary>
    private async Task RestoreAsync()
    {
        await (random.Next(2) == 0 ? history.CrashAsync() : history.StopAsync());
        var met = new List<(TakenPoint, TreePoint, RecoveryRequest)> { (history.Points[^1].Taken, history.Points[^1].Point, RecoveryRequest.None) };
        for (var i = 0; i < Wishes; i++)
        {
            var (taken, point) = history.Points[random.Next(history.Points.Count)];
            if (await JudgeAsync(taken, point, Wish(point)) is { } wishes) met.Add((taken, point, wishes));
        }
        var (chosen, of, wish) = met[random.Next(met.Count)];
        await MeetAsync(chosen, of, wish);
    }

    /// <summary>Compares what the product says with what the tree says. Returns what is to be met: the wish, or the nearest that is told.</summary>
    public async Task<RecoveryRequest?> JudgeAsync(TakenPoint taken, TreePoint point, RecoveryRequest wishes)
    {
        var verdict = Oracle.Judge(history.Tree, point, wishes);
        history.Steps.Add($"wish {Show(point, wishes)}: the tree says {Show(verdict)}");
        Judged = Judged with { Wishes = Judged.Wishes + 1 };
        var refused = await history.PlanAsync(taken, wishes);
        history.Steps.Add($"  the product says {(refused is null ? "yes" : $"{refused.Message} {refused.Hint}")}");
        Assert.Equal(verdict.Refusal == Refusal.None, refused is null);
        if (refused is null) return wishes;
        Judged = Judged with { Refused = Judged.Refused + 1 };
        // PostgreSQL takes a gap for the end, and what lies before the end of the copy for reached when nothing ended by then.
        if (verdict.Refusal is Refusal.Beyond or Refusal.Absent && random.Next(12) == 0) await RecoverAsync(taken, point, wishes, verdict);
        return Nearest().Match(refused.Hint) is { Success: true } nearest && random.Next(2) == 0
            ? await JudgeNearestAsync(taken, point, wishes with { Limit = nearest.Groups["lsn"].Success ? RecoveryLimit.Address : RecoveryLimit.Latest, To = nearest.Groups["lsn"].Success ? nearest.Groups["lsn"].Value : null })
            : null;
    }

    private async Task<RecoveryRequest> JudgeNearestAsync(TakenPoint taken, TreePoint point, RecoveryRequest nearest)
    {
        history.Steps.Add($"the nearest is {Show(point, nearest)}");
        Assert.Null(await history.PlanAsync(taken, nearest));
        return nearest;
    }

    private async Task MeetAsync(TakenPoint taken, TreePoint point, RecoveryRequest wishes)
    {
        var verdict = Oracle.Judge(history.Tree, point, wishes);
        history.Steps.Add($"restore {Show(point, wishes)}: the tree says {Show(verdict)}");
        Assert.Equal(Refusal.None, verdict.Refusal);
        if (wishes.Limit is not (RecoveryLimit.Mark or RecoveryLimit.Immediate)) await RecoverAsync(taken, point, wishes, verdict);
        Judged = Judged with { Restores = Judged.Restores + 1 };
        Assert.Equal(verdict.State, await history.RestoreAsync(taken, wishes, verdict));
        Assert.Equal(verdict.State, LogTree.State(history.Branch.Log));
    }

    private async Task RecoverAsync(TakenPoint taken, TreePoint point, RecoveryRequest wishes, Verdict verdict)
    {
        Judged = Judged with { Recoveries = Judged.Recoveries + 1 };
        var (state, log) = await history.RecoverAsync(taken, point, wishes, verdict);
        history.Steps.Add($"  PostgreSQL says {state ?? string.Join("; ", log.Split('\n').Where(line => line.Contains("FATAL", StringComparison.Ordinal)))}");
        Assert.Equal(verdict.State, state);
    }

    /// <summary>Stops the server, and goes on from what the newest point and the log give.</summary>
    public async Task RestoreAsync(RecoveryRequest wishes)
    {
        await history.StopAsync();
        var (taken, point) = history.Points[^1];
        await MeetAsync(taken, point, wishes);
    }

    private RecoveryRequest Wish(TreePoint point)
    {
        var entry = Entry(point);
        var wishes = random.Next(16) switch
        {
            < 1 => RecoveryRequest.None,
            < 2 => new RecoveryRequest { Limit = RecoveryLimit.Immediate },
            < 5 => new RecoveryRequest { Limit = RecoveryLimit.Latest },
            < 8 => new RecoveryRequest { Limit = RecoveryLimit.Time, To = Show(entry.Time) },
            < 12 => new RecoveryRequest { Limit = RecoveryLimit.Address, To = Lsn.Show(Address(point, entry)) },
            < 14 => new RecoveryRequest { Limit = RecoveryLimit.Name, To = random.Next(12) == 0 ? "nowhere" : entry.Kind == EntryKind.Name ? entry.Name : "again" },
            _ => new RecoveryRequest { Limit = RecoveryLimit.Transaction, To = $"{(entry.Part > 0 && random.Next(3) == 0 ? entry.Part : entry.Xid > 0 ? entry.Xid : 1000)}" },
        };
        return wishes with { Timeline = Timeline() };
    }

    /// <summary>Any entry, and often one that lies near the end of what can be had.</summary>
    private LogEntry Entry(TreePoint point)
    {
        var all = history.Tree.Branches.SelectMany(branch => branch.Entries).ToList();
        if (random.Next(2) == 0 || Oracle.Judge(history.Tree, point, new RecoveryRequest { Limit = RecoveryLimit.Latest }) is not { Followed: { } followed, Reach: var reach }) return all[random.Next(all.Count)];
        var near = followed.Log.Where(entry => entry.Before < reach).TakeLast(4).Concat(followed.Log.Where(entry => entry.Before >= reach).Take(1)).ToList();
        return near[random.Next(near.Count)];
    }

    private ulong Address(TreePoint point, LogEntry entry) => random.Next(10) switch
    {
        < 4 => entry.Before,
        < 8 => entry.End,
        < 9 when history.Ends.Count > 0 => history.Ends[random.Next(history.Ends.Count)],
        _ => random.Next(2) == 0 ? point.Stop : point.Mark,
    };

    private string? Timeline() => random.Next(8) switch
    {
        < 4 => null,
        4 => "current",
        5 => "latest",
        _ => $"{random.Next(1, history.Tree.Branches.Count + 2)}",
    };

    public static string Show(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture);

    private static string Show(TreePoint point, RecoveryRequest wishes) => $"of point {point.Number}: {wishes.Limit} {wishes.To}{(wishes.Timeline is null ? "" : $" on timeline {wishes.Timeline}")}";

    private static string Show(Verdict verdict) => $"{(verdict.Refusal == Refusal.None ? verdict.State : verdict.Refusal)}, on {verdict.Followed}, the log reaches {Lsn.Show(verdict.Reach)}";

    [GeneratedRegex(@"The nearest is --to-(latest|lsn (?<lsn>[0-9A-F]+/[0-9A-F]+))", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Nearest();
}
