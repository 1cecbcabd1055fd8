namespace Holdfast.Engine.Checking;

/// <summary>
/// A source of checks before a backup. A check changes nothing. A source may throw: its result is unknown then.
/// </summary>
public interface ICheckSource
{
    /// <summary>
    /// The subject of its lines: "clock", "postgres/main". <c>--only</c> accepts it, or the part before the slash.
    /// </summary>
    string Name { get; }

    /// <summary>What is checked, in a few words, for the line of a source without a result.</summary>
    string Question { get; }

    /// <summary>
    /// The time that it waits deliberately, for example between two samples; it is added to the deadline.
    /// </summary>
    TimeSpan Waits => TimeSpan.Zero;

    /// <summary>Returns at least one line.</summary>
    Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation);
}
