using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Running;

/// <summary>What a component's capture steps share. The writer exists from the first step on, not while planning.</summary>
public sealed class CaptureSession
{
    /// <summary>The snapshot in the making; throws while planning.</summary>
    public SnapshotWriter Writer { get => field ?? throw new InvalidOperationException("No snapshot has been begun."); set; }

    /// <summary>The repository, locked; throws while planning.</summary>
    public Repository Repository { get => field ?? throw new InvalidOperationException("The repository has not been opened."); set; }

    /// <summary>The newest recovery point of this platform, if any. Known from the first step on.</summary>
    public Snapshot? Parent { get; set; }

    /// <summary>What the platform does meanwhile.</summary>
    public BackupMode Mode { get => Manifest.Mode; internal set => Manifest.Mode = value; }

    /// <summary>The manifest that the steps fill in.</summary>
    public required Manifest Manifest { get; init; }
}
