namespace Holdfast.Engine.Checking;

/// <summary>
/// Something that is asked before a backup. Asking changes nothing. A source may throw: what it was asked for is unknown then.
/// </summary>
public interface ICheckSource
{
    /// <summary>The subject of its lines: "clock", "postgres/main". <c>--only</c> takes it, or what stands before the slash.</summary>
    string Name { get; }

    /// <summary>What it finds out, in few words, for when it does not.</summary>
    string Question { get; }

    /// <summary>How long it waits on purpose, between two looks say: that much longer than others it may take.</summary>
    TimeSpan Waits => TimeSpan.Zero;

    /// <summary>At least one line.</summary>
    Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation);
}
