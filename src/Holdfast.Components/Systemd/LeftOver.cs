using Holdfast.Engine.Problems;

namespace Holdfast.Components.Systemd;

/// <summary>A process of the platform that belongs to none of its units.</summary>
/// <param name="Process">The process.</param>
/// <param name="Reason">How it was found.</param>
/// <param name="MayEnd">The process may be terminated. False when only a PID file names it: a user who can write the
/// file could name any process of the same user.</param>
public sealed record Stray(ProcessEntry Process, string Reason, bool MayEnd);

/// <summary>The processes and PID files that are left of a platform outside its units.</summary>
/// <param name="Strays">Processes that belong to none of its units.</param>
/// <param name="PidFiles">Files that hold the number of a process.</param>
/// <param name="Warnings">PID files that could not be used.</param>
public sealed record LeftOver(IReadOnlyList<Stray> Strays, IReadOnlyList<PidFile> PidFiles, IReadOnlyList<Problem> Warnings)
{
    /// <summary>
    /// Processes that match the profile's patterns and belong to users that run nothing of the platform: any user can
    /// start one. They are reported, and do not delay the stop.
    /// </summary>
    public IReadOnlyList<Stray> Foreign { get; init; } = [];
}
