using Holdfast.Engine.Problems;

namespace Holdfast.Components.Systemd;

/// <summary>A process of the platform that no unit of it accounts for.</summary>
/// <param name="Process">The process.</param>
/// <param name="Reason">How it was found.</param>
/// <param name="MayEnd">It may be ended. False when only a PID file names it: who can write the file could name any process of the same user.</param>
public sealed record Stray(ProcessEntry Process, string Reason, bool MayEnd);

/// <summary>What is left of a platform beside its units.</summary>
/// <param name="Strays">Processes.</param>
/// <param name="PidFiles">Files that hold the number of a process.</param>
/// <param name="Warnings">PID files that could not be used.</param>
public sealed record LeftOver(IReadOnlyList<Stray> Strays, IReadOnlyList<PidFile> PidFiles, IReadOnlyList<Problem> Warnings)
{
    /// <summary>Processes that fit the profile's patterns and are of users that run nothing of the platform: anybody can start one. They are told, and hold nothing up.</summary>
    public IReadOnlyList<Stray> Foreign { get; init; } = [];
}
