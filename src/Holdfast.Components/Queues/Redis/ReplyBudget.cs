namespace Holdfast.Components.Queues.Redis;

/// <summary>
/// How much a reply may hold, by what was asked. What answers on a port need not be Redis: a reply that exceeds its budget is refused before
/// memory is taken for it.
/// </summary>
/// <param name="Bytes">The bytes of all its texts together.</param>
/// <param name="Items">The items of all its arrays together.</param>
internal sealed record ReplyBudget(long Bytes, long Items)
{
    /// <summary>Redis' own limit for a text, proto-max-bulk-len; 512 MiB.</summary>
    public const long LargestText = 512L << 20;

    /// <summary>Numbers, statuses, short texts and the facts of INFO.</summary>
    public static ReplyBudget Short { get; } = new(1 << 20, 2048);

    /// <summary>Names and times, which are held in memory.</summary>
    public static ReplyBudget Names { get; } = new(64 << 20, 1 << 20);

    /// <summary>One value of any size that Redis can hold.</summary>
    public static ReplyBudget Value { get; } = new(LargestText, 16);

    /// <summary>Values that are taken one at a time, so that only their number is limited.</summary>
    public static ReplyBudget Values(long items) => new(long.MaxValue, items);
}
