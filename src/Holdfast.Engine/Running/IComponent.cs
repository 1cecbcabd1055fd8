using System.Text.Json.Nodes;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Running;

/// <summary>A part of the platform that is captured into recovery points and restored from them.</summary>
public interface IComponent
{
    /// <summary>Unique in the profile, stable from point to point: "files", "postgres/main". <c>--only</c> takes it, or its kind.</summary>
    string Name { get; }

    /// <summary>"files", "postgres".</summary>
    string Kind { get; }

    /// <summary>Tries what a backup would need (connections, paths, programs) without changing anything. An empty list is good.</summary>
    Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation);

    /// <summary>The steps that put this component into a recovery point. Planning asks servers, but changes nothing.</summary>
    Task<IReadOnlyList<Step>> PlanCaptureAsync(CaptureSession session, CancellationToken cancellation);

    /// <summary>The steps that bring it back. Planning changes nothing.</summary>
    Task<IReadOnlyList<Step>> PlanRestoreAsync(RestoreSession session, CancellationToken cancellation);

    /// <summary>The undos that its steps may owe.</summary>
    IReadOnlyList<IUndoHandler> UndoHandlers { get; }
}

/// <summary>What a component's capture steps share. The writer exists from the first step on, not while planning.</summary>
public sealed class CaptureSession
{
    /// <summary>The snapshot in the making; throws while planning.</summary>
    public SnapshotWriter Writer { get => field ?? throw new InvalidOperationException("No snapshot has been begun."); set; }

    /// <summary>The repository, locked; throws while planning.</summary>
    public Repository Repository { get => field ?? throw new InvalidOperationException("The repository has not been opened."); set; }

    /// <summary>The newest recovery point of this platform, if any. Known from the first step on.</summary>
    public Snapshot? Parent { get; set; }

    /// <summary>The manifest that the steps fill in.</summary>
    public required Manifest Manifest { get; init; }
}

/// <summary>What a component's restore steps share.</summary>
public sealed class RestoreSession
{
    public required Repository Repository { get; init; }
    public required Snapshot Point { get; init; }
    public required Manifest Manifest { get; init; }

    /// <summary>A directory that everything is restored below instead of its own place; null for the place it came from.</summary>
    public string? Target { get; init; }

    /// <summary>What exists is replaced instead of moved aside.</summary>
    public bool Overwrite { get; init; }

    public IReadOnlyList<string> Include { get; init; } = [];
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Added to the name of what is moved aside; unique for the run.</summary>
    public required string AsideSuffix { get; init; }
}

/// <summary>/recovery-point.json: all that a person or a restore must know of a recovery point.</summary>
public sealed class Manifest
{
    /// <summary>The version of this format; 1.</summary>
    public int Format { get; init; } = 1;
    public required string Platform { get; init; }
    public required string RunId { get; init; }
    public required string Mode { get; init; }
    public required string HoldfastVersion { get; init; }
    public required string Host { get; init; }
    public DateTimeOffset Started { get; set; }
    public DateTimeOffset Ended { get; set; }

    /// <summary>The instant that the point is of: the moment its databases' snapshots were taken.</summary>
    public DateTimeOffset? Mark { get; set; }
    public IList<ComponentRecord> Components { get; init => field = value ?? []; } = [];
    public IList<Problem> Warnings { get; init => field = value ?? []; } = [];
}

/// <summary>What one component noted of itself: where it lies in the point, its versions and counts, and details of its own.</summary>
public sealed class ComponentRecord
{
    public required string Name { get; init; }
    public required string Kind { get; init; }

    /// <summary>The folder of the snapshot: "/files", "/postgres/main".</summary>
    public required string Path { get; init; }

    /// <summary>Incomplete when something that was asked for is not in the point.</summary>
    public bool Complete { get; set; } = true;
    public IDictionary<string, string> Versions { get; init => field = value ?? field; } = new Dictionary<string, string>(StringComparer.Ordinal);
    public IDictionary<string, long> Counts { get; init => field = value ?? field; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>The component's own facts, in its own shape.</summary>
    public JsonNode? Details { get; set; }
}
