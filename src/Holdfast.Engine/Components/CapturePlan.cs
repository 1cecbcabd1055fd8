using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Components;

/// <summary>The steps that put a component into a recovery point, by when they run.</summary>
public sealed record CapturePlan
{
    /// <summary>Before the mark, while the platform runs: the bulk.</summary>
    public IReadOnlyList<Step> Before { get; init; } = [];

    /// <summary>
    /// In the window, when no new work is created any more and the workers still run: waiting until they are idle. Left
    /// out in online mode.
    /// </summary>
    public IReadOnlyList<Step> Drain { get; init; } = [];

    /// <summary>
    /// The mark of the point. In quiesced and cold mode nothing is written meanwhile, so it should take no time.
    /// </summary>
    public IReadOnlyList<Step> Mark { get; init; } = [];

    /// <summary>
    /// In cold mode, when the data stores are down as well: copies of their files. In other modes the stores keep
    /// running, so planning refuses whatever needs this phase.
    /// </summary>
    public IReadOnlyList<Step> Down { get; init; } = [];

    /// <summary>After the mark, when the platform runs again.</summary>
    public IReadOnlyList<Step> After { get; init; } = [];

    /// <summary>What the recovery point is already known to lack. The steps warn of it again when they run.</summary>
    public IReadOnlyList<Problem> Warnings { get; init; } = [];
}
