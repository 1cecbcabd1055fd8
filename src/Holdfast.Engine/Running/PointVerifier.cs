using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Running;

/// <summary>Reads a new recovery point back from the repository.</summary>
internal sealed class PointVerifier(Repository repository)
{
    /// <summary>
    /// The snapshot's file is read and decrypted, every tree of it is read and verified, every blob that a file names is
    /// looked for in the index, and the manifest is compared byte for byte. Items count the nodes.
    /// </summary>
    /// <exception cref="ProblemException">Anything is not as it was written: HF-POINT-UNVERIFIED.</exception>
    public async Task<Snapshot> VerifyAsync(Id id, byte[] manifest, StepCounters counters, CancellationToken cancellation)
    {
        try
        {
            var point = await repository.FindSnapshotAsync(id.ToString(), cancellation);
            await foreach (var _ in repository.WalkAsync(point, cancellation: cancellation)) Interlocked.Increment(ref counters.ItemsDone);
            var stored = await new RecoveryPoints(repository).ReadAsync(point, ManifestCodec.Path, cancellation);
            return stored.AsSpan().SequenceEqual(manifest) ? point : throw Unverified(id, "its manifest is not what was written");
        }
        catch (ResticException damaged) when (damaged.Error is ResticError.Damaged or ResticError.NotFound)
        {
            throw Unverified(id, damaged.Message.TrimEnd('.'), damaged);
        }
    }

    private static ProblemException Unverified(Id id, string why, Exception? inner = null) =>
        Catalogue.PointUnverified.Throwable($"The recovery point {id.ToShortString()} was written but could not be read back: {why}.", inner);
}
