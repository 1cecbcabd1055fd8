using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Running;

/// <summary>Reads a new recovery point back from the repository, before it is committed.</summary>
internal sealed class PointVerifier(Repository repository)
{
    /// <summary>
    /// Reads the indexes anew, looks for every pack they name, walks the trees of the point, looks for every blob its files
    /// name, and compares the manifest byte for byte. Damage that costs this point nothing is a warning.
    /// </summary>
    /// <exception cref="ProblemException">Anything is not as it was written: HF-POINT-UNVERIFIED.</exception>
    public async Task VerifyAsync(Snapshot point, byte[] manifest, StepContext context, CancellationToken cancellation)
    {
        var report = await repository.CheckAsync(new CheckOptions { Sealed = point }, cancellation);
        if (report.Damages.FirstOrDefault(damage => damage.Affected.Count > 0) is { } costly) throw Unverified(costly.Message);
        foreach (var damage in report.Damages) context.Warn(Catalogue.RepositoryDamaged.With($"'{damage.File}' of the repository is damaged, which costs this point nothing: {damage.Message}"));
        await CompareAsync(point, manifest, cancellation);
    }

    private async Task CompareAsync(Snapshot point, byte[] manifest, CancellationToken cancellation)
    {
        try
        {
            var stored = await new RecoveryPoints(repository).ReadAsync(point, ManifestCodec.Path, cancellation);
            if (!stored.AsSpan().SequenceEqual(manifest)) throw Unverified("Its manifest is not what was written.");
        }
        catch (ResticException damaged) when (damaged.IsLoss)
        {
            throw Unverified(damaged.Message, damaged);
        }
    }

    private static ProblemException Unverified(string why, Exception? inner = null) =>
        Catalogue.PointUnverified.Throwable($"What was written for the recovery point could not be read back: {why}", inner);
}
