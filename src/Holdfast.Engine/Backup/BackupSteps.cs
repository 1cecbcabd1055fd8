using System.Text;
using Holdfast.Engine.Components;
using Holdfast.Engine.Execution;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Backup;

/// <summary>The steps of a backup that belong to no component: those before and after the captures.</summary>
internal sealed class BackupSteps(RunEnvironment environment, BackupRequest request, RepositoryHold hold, Interruption interruption, CaptureSession session)
{
    /// <summary>
    /// The manifest and the profile, which every recovery point has of its own: they do not count as new files of the
    /// platform.
    /// </summary>
    public const int OwnFiles = 2;

    private byte[] _manifest = [];
    private Snapshot? _sealed;

    public CaptureSession Session => session;

    /// <summary>The recovery point, once it has been committed.</summary>
    public Snapshot? Point { get; private set; }

    /// <summary>The counters of the snapshot, while it is made and afterwards.</summary>
    public ArchiveCounters Counters { get; private set; } = new();

    public IReadOnlyList<Step> Before => [new Step { Name = "Open the repository", Does = $"Open {request.Repository.Path}, put a shared lock on it, and begin a snapshot.", Act = OpenAsync }];

    /// <summary>
    /// The point is verified under the lock, so that no other process removes data that it needs, and before it is
    /// committed, so that no unreadable point can be found.
    /// </summary>
    public IReadOnlyList<Step> After =>
    [
        new Step { Name = "Write the manifest", Does = "Describe the recovery point in itself, with its profile.", Act = WriteManifestAsync },
        new Step { Name = "Write the recovery point", Does = "Make all that it needs durable.", Act = SealAsync },
        new Step { Name = "Verify the recovery point", Does = "Read back from the disk what this run has stored and a share of the rest, its trees and its manifest, and look for every blob they name.", Act = VerifyAsync },
        new Step { Name = "Commit the recovery point", Does = "Make the snapshot durable that names it: from now on it can be found.", Act = CommitAsync },
        new Step { Name = "Release the repository", Does = "Take the lock off.", Act = hold.ReleaseAsync },
    ];

    private async Task OpenAsync(StepContext context, CancellationToken cancellation)
    {
        session.Repository = await hold.OpenAsync(cancellation);
        await hold.LockAsync(context, interruption, cancellation);
        var earlier = await new RecoveryPoints(session.Repository, context.Warn).ListAsync(request.Profile.Platform, cancellation);
        session.Parent = earlier.Count > 0 ? earlier[0] : null;
        session.Writer = hold.Writer = await session.Repository.BeginSnapshotAsync(session.Parent, cancellation);
        Counters = session.Writer.Counters;
        if (session.Repository.CacheTrouble is { } trouble)
            context.Warn(Catalogue.RepositoryCache.With($"The local cache of the repository is not used: {trouble.TrimEnd('.')}."));
    }

    private async Task WriteManifestAsync(StepContext context, CancellationToken cancellation)
    {
        session.Manifest.Ended = environment.Clock.GetUtcNow();
        Skew.Measure(session.Manifest);
        foreach (var warning in context.RunWarnings) session.Manifest.Warnings.Add(warning);
        _manifest = ManifestCodec.Write(session.Manifest);
        await session.Writer.AddStreamAsync(ManifestCodec.Path, new MemoryStream(_manifest), cancellation: cancellation);
        await session.Writer.AddStreamAsync(RecoveryPoints.ProfilePath, new MemoryStream(Encoding.UTF8.GetBytes(request.Profile.Source)), cancellation: cancellation);
    }

    private async Task SealAsync(StepContext context, CancellationToken cancellation)
    {
        var manifest = session.Manifest;
        _sealed = await session.Writer.SealAsync(
            new SnapshotHeader
            {
                Paths = [.. manifest.Components.Select(component => component.Path).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
                Hostname = environment.Host,
                Username = environment.User,
                Tags = PointTags.Of(manifest, isPartial: request.Only.Count > 0),
            },
            cancellation);
    }

    private Task VerifyAsync(StepContext context, CancellationToken cancellation) =>
        new PointVerifier(session.Repository, new ReadRounds(environment.State), environment.Clock).VerifyAsync(_sealed!, _manifest, context, cancellation);

    private async Task CommitAsync(StepContext context, CancellationToken cancellation)
    {
        var point = await session.Writer.CommitAsync(_sealed!, cancellation);
        Point = await session.Repository.ReadSnapshotAsync(point.Id, cancellation);
        context.Made(point.Id.ToString());
    }
}
