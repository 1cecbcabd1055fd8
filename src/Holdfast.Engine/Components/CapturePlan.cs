using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Components;

/// <summary>The steps that put a component into a recovery point, by when they run.</summary>
public sealed record CapturePlan
{
    /// <summary>Before the mark, while the platform runs: the bulk.</summary>
    public IReadOnlyList<Step> Before { get; init; } = [];

    /// <summary>In the window, when nothing makes new work any more and the workers still run: waiting until they are idle. Left out in online mode.</summary>
    public IReadOnlyList<Step> Drain { get; init; } = [];

    /// <summary>The instant that the point is of. In quiesced and cold mode nobody writes meanwhile, so it should take no time.</summary>
    public IReadOnlyList<Step> Mark { get; init; } = [];

    /// <summary>In cold mode, when what holds the data is down as well: copies of its files. In other modes nothing stops it, so that planning refuses what needs it.</summary>
    public IReadOnlyList<Step> Down { get; init; } = [];

    /// <summary>After the mark, when the platform runs again.</summary>
    public IReadOnlyList<Step> After { get; init; } = [];

    /// <summary>What is known before of what the recovery point will lack. The steps warn of it again when they run.</summary>
    public IReadOnlyList<Problem> Warnings { get; init; } = [];
}
