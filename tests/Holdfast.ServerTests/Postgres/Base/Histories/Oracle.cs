using Holdfast.Engine.Components;

namespace Holdfast.ServerTests.Postgres.Base.Histories;

/// <summary>Why a wish can not be met.</summary>
internal enum Refusal
{
    None,
    TooEarly,

    /// <summary>The log at hand ends before.</summary>
    Beyond,

    /// <summary>It is nowhere in the log at hand.</summary>
    Absent,

    /// <summary>Something is missing in the middle, and more would be left out.</summary>
    Gap,

    /// <summary>That timeline is not there, or does not come from the point.</summary>
    Timeline,
}

/// <summary>What a wish must give.</summary>
/// <param name="Refusal">Why it must be refused.</param>
/// <param name="Followed">The timeline that is followed.</param>
/// <param name="State">Rows and prepared transactions; null when it is refused.</param>
/// <param name="Reach">Where the log at hand ends.</param>
/// <param name="IsAll">True when all that is at hand is replayed.</param>
internal sealed record Verdict(Refusal Refusal, Branch? Followed, string? State, ulong Reach, bool IsAll = false);

/// <summary>Says from the tree alone what a wish must give.</summary>
internal static class Oracle
{
    public static Verdict Judge(LogTree tree, TreePoint point, RecoveryRequest wishes)
    {
        var isInPoint = IsInPoint(point, wishes);
        if (Follow(tree, point, wishes.Timeline ?? (isInPoint ? "current" : "latest")) is not { } branch) return new Verdict(Refusal.Timeline, null, null, 0);
        var (reach, hasMore) = tree.Reach(branch, point.Start);
        var log = branch.Log.Where(entry => tree.IsWhole(entry, reach)).ToList();
        var behind = log.Where(entry => entry.Before >= point.Start).ToList();
        return wishes.Limit switch
        {
            _ when IsTooEarly(point, wishes) => No(Refusal.TooEarly),
            _ when reach < point.Stop => No(Refusal.Beyond),
            RecoveryLimit.Mark => UpToEntry(behind.Find(entry => entry.Name == point.MarkName)),
            RecoveryLimit.Immediate => UpToAddress(point.Stop),
            RecoveryLimit.Latest => hasMore ? No(Refusal.Gap) : Yes(log),
            RecoveryLimit.Address => Lsn.Read(wishes.To!) is var address && address <= reach ? UpToAddress(address) : No(Refusal.Beyond),
            RecoveryLimit.Time => Time(wishes) is var time && (isInPoint || behind.Any(entry => entry.Kind != EntryKind.Prepare && entry.Time > time)) ? Yes(log.Where(entry => entry.Time <= time)) : No(Refusal.Beyond),
            RecoveryLimit.Name => UpToEntry(behind.Find(entry => entry.Name == wishes.To)),
            _ => UpToEntry(behind.Find(entry => entry.EndsTransaction && $"{entry.Xid}" == wishes.To)),
        };

        Verdict No(Refusal refusal) => new(refusal, branch, null, reach);
        Verdict Yes(IEnumerable<LogEntry> replayed) => LogTree.State(replayed) is var state ? new(Refusal.None, branch, state, reach, state == LogTree.State(log)) : null!;
        Verdict UpToAddress(ulong address) => Yes(log.Where(entry => entry.Before < address));
        Verdict UpToEntry(LogEntry? found) => found is null ? No(Refusal.Absent) : found.Before < point.Stop ? No(Refusal.TooEarly) : Yes(log.TakeWhile(entry => entry != found).Append(found));
    }

    /// <summary>What lies between the copy and the mark is of the point's own timeline, unless somebody wants another.</summary>
    private static bool IsInPoint(TreePoint point, RecoveryRequest wishes) => wishes.Limit switch
    {
        RecoveryLimit.Mark or RecoveryLimit.Immediate => true,
        RecoveryLimit.Name => wishes.To == point.MarkName,
        RecoveryLimit.Address => Lsn.Read(wishes.To!) < point.Mark,
        RecoveryLimit.Time => Time(wishes) <= point.MarkTime,
        _ => false,
    };

    private static bool IsTooEarly(TreePoint point, RecoveryRequest wishes) => wishes.Limit switch
    {
        RecoveryLimit.Address => Lsn.Read(wishes.To!) < point.Stop,
        RecoveryLimit.Time => Time(wishes) < point.Stopped,
        _ => false,
    };

    private static DateTimeOffset Time(RecoveryRequest wishes) => DateTimeOffset.Parse(wishes.To!, System.Globalization.CultureInfo.InvariantCulture);

    private static Branch? Follow(LogTree tree, TreePoint point, string timeline)
    {
        var possible = tree.Reachable.Where(branch => ReferenceEquals(branch.At(point.Stop - 1), point.Branch)).ToList();
        if (timeline == "latest") return possible.MaxBy(branch => branch.Number);
        return possible.Find(branch => timeline == "current" ? ReferenceEquals(branch, point.Branch) : $"{branch.Number}" == timeline);
    }
}
