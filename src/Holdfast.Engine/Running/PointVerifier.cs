using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Running;

/// <summary>Reads a new recovery point back from the repository.</summary>
internal sealed class PointVerifier(Repository repository)
{
    /// <summary>
    /// Reads the indexes anew, looks for every pack they name, walks the trees of the point, looks for every blob its files
    /// name, and compares the manifest byte for byte. Damage that costs this point nothing is a warning.
    /// </summary>
    /// <exception cref="ProblemException">Anything is not as it was written: HF-POINT-UNVERIFIED.</exception>
    public async Task<Snapshot> VerifyAsync(Id id, byte[] manifest, StepContext context, CancellationToken cancellation)
    {
        var report = await repository.CheckAsync(new CheckOptions { Snapshots = [id] }, cancellation);
        if (report.Damages.FirstOrDefault(damage => damage.Affected.Count > 0) is { } costly) throw Unverified(id, costly.Message);
        foreach (var damage in report.Damages) context.Warn(Catalogue.RepositoryDamaged.With($"'{damage.File}' of the repository is damaged, which costs this point nothing: {damage.Message}"));
        return await CompareAsync(id, manifest, cancellation);
    }

    private async Task<Snapshot> CompareAsync(Id id, byte[] manifest, CancellationToken cancellation)
    {
        try
        {
            var point = await repository.FindSnapshotAsync(id.ToString(), cancellation);
            var stored = await new RecoveryPoints(repository).ReadAsync(point, ManifestCodec.Path, cancellation);
            return stored.AsSpan().SequenceEqual(manifest) ? point : throw Unverified(id, "Its manifest is not what was written.");
        }
        catch (ResticException damaged) when (damaged.Error is ResticError.Damaged or ResticError.NotFound)
        {
            throw Unverified(id, damaged.Message, damaged);
        }
    }

    private static ProblemException Unverified(Id id, string why, Exception? inner = null) =>
        Catalogue.PointUnverified.Throwable($"The recovery point {id.ToShortString()} was written but could not be read back: {why}", inner);
}
