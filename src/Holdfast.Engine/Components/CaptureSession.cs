using Holdfast.Engine.Execution;
using Holdfast.Engine.Points;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Components;

/// <summary>
/// The state shared by a component's capture steps. The writer exists from the first step on, not while planning. The
/// session ends with the run, and closes the resources that steps have left with it, whichever step the run failed at.
/// </summary>
public sealed class CaptureSession : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _kept = new();

    /// <summary>The snapshot being written; throws while planning.</summary>
    public SnapshotWriter Writer { get => field ?? throw new InvalidOperationException("No snapshot has been begun."); set; }

    /// <summary>The repository, locked; throws while planning.</summary>
    public Repository Repository { get => field ?? throw new InvalidOperationException("The repository has not been opened."); set; }

    /// <summary>The newest recovery point of this platform, if any. Known from the first step on.</summary>
    public Snapshot? Parent { get; set; }

    /// <summary>What the platform does during the backup.</summary>
    public BackupMode Mode { get => Manifest.Mode; internal set => Manifest.Mode = value; }

    /// <summary>The platform was stopped before the run began, so no part of it is running.</summary>
    public bool IsPlatformStopped => WasStopped();

    internal Func<bool> WasStopped { get; set; } = () => false;

    /// <summary>The manifest that the steps fill in.</summary>
    public required Manifest Manifest { get; init; }

    /// <summary>
    /// Keeps a resource that one step opens and a later one uses: an open transaction, a connection. It is disposed of
    /// when the run has ended, the newest first. Cleanup that must also happen after a kill is an undo, not this.
    /// </summary>
    public void Keep(IAsyncDisposable resource) => _kept.Push(resource);

    /// <summary>Closes all kept resources; one that fails does not keep the others open.</summary>
    public async ValueTask DisposeAsync()
    {
        var failures = new List<Exception>();
        while (_kept.TryPop(out var resource))
        {
            try
            {
                using var patience = new CancellationTokenSource(Abandonable.Grace);
                await Abandonable.RunAsync(() => resource.DisposeAsync().AsTask(), TimeProvider.System, patience.Token);
            }
            catch (AbandonedException)
            {
                continue; // a step that was left behind still uses it, and it ends with the process
            }
            catch (Exception failure)
            {
                failures.Add(failure);
            }
        }
        if (failures.Count > 0) throw new AggregateException(failures);
    }
}
