namespace Holdfast.Components.Files;

/// <summary>
/// Lets so many things be said one by one, and counts the rest: a tree of a million unreadable files must not make a
/// manifest of a million warnings. It may be asked from several threads.
/// </summary>
internal sealed class Allowance(int most)
{
    private int _taken;

    /// <summary>How many were not allowed.</summary>
    public int Suppressed => Math.Max(0, _taken - most);

    public bool Take() => Interlocked.Increment(ref _taken) <= most;
}
