namespace Holdfast.Components.Files;

/// <summary>
/// Allows a number of individual reports, and counts the rest: a tree of a million unreadable files must not produce a
/// manifest of a million warnings. Thread-safe.
/// </summary>
internal sealed class Allowance(int most)
{
    private int _taken;

    /// <summary>The number of reports that were not allowed.</summary>
    public int Suppressed => Math.Max(0, _taken - most);

    public bool Take() => Interlocked.Increment(ref _taken) <= most;
}
