using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Engine.Points;

/// <summary>Reads a new recovery point back from the repository, before it is committed.</summary>
/// <param name="repository">Locked, with the point sealed.</param>
/// <param name="rounds">The progress of reading back older packs.</param>
/// <param name="clock">The clock that dates the rounds.</param>
internal sealed class PointVerifier(Repository repository, ReadRounds rounds, TimeProvider clock)
{
    /// <summary>The time after which no writer is still working on a file.</summary>
    private static readonly TimeSpan _leftOver = TimeSpan.FromDays(1);

    /// <summary>
    /// Less than a day, so that a nightly backup which begins earlier than the last one takes its turn.
    /// </summary>
    private static readonly TimeSpan _betweenTurns = TimeSpan.FromHours(20);

    /// <summary>
    /// Reads the indexes again, verifies that every pack they name exists, walks the trees of the point, looks up every
    /// blob that its files name, and compares the manifest byte for byte. All packs that this run stored are read from
    /// the disk, and every blob in them is decrypted and hashed; so is a share of the older packs, the next one each
    /// time. Damage that does not affect this point is a warning.
    /// </summary>
    /// <exception cref="ProblemException">Anything differs from what was written: HF-POINT-UNVERIFIED.</exception>
    public async Task VerifyAsync(Snapshot point, byte[] manifest, StepContext context, CancellationToken cancellation)
    {
        var round = rounds.Find(repository.RepositoryId) ?? ReadRound.Begin(clock.GetUtcNow());
        var options = OptionsOf(point, round);
        context.Counters.Refresh = counters => counters.BytesDone = Interlocked.Read(ref options.Counters.BytesRead);
        var report = await repository.CheckAsync(options, cancellation);
        if (report.Damages.FirstOrDefault(damage => damage.Affected.Count > 0) is { } costly) throw Unverified(costly.Message);
        foreach (var damage in report.Damages) context.Warn(Catalogue.RepositoryDamaged.With($"'{damage.File}' of the repository is damaged, which costs this point nothing: {damage.Message}"));
        await CompareAsync(point, manifest, cancellation);
        // The damage is found again every night until it is repaired.
        if (report.Turn is { IsWhole: true } turn) rounds.Save(repository.RepositoryId, round.With(turn, clock.GetUtcNow()));
        context.Note($"{report.PacksRead} of {report.Packs} packs were read back from the disk, all that this run has stored among them.");
        await ClearAsync(context, cancellation);
    }

    /// <summary>
    /// Where each access is a round trip, or costs money, the packs of other runs are verified once a day: packs are
    /// listed, and a thirtieth of them is read. In between, the indexes are trusted.
    /// </summary>
    private CheckOptions OptionsOf(Snapshot point, ReadRound round)
    {
        var options = new CheckOptions { Sealed = [point], OwnPacks = true, FromDisk = true };
        var turn = new ReadTurn(Id.Parse(round.After));
        if (!repository.Backend.IsRemote) return options with { Turn = turn };
        var isDue = round.Read is not { } read || clock.GetUtcNow() - read >= _betweenTurns;
        return options with { MayBeCached = true, OnlyOwn = !isDue, Turn = isDue ? turn with { Least = 0 } : null };
    }

    private async Task ClearAsync(StepContext context, CancellationToken cancellation)
    {
        if (await repository.Backend.RemoveLeftoversAsync(_leftOver, cancellation) is > 0 and var count)
            context.Note($"{count} files were removed that killed writers have left half written.");
    }

    private async Task CompareAsync(Snapshot point, byte[] manifest, CancellationToken cancellation)
    {
        try
        {
            // The blob is named by its digest, and was read back with its pack.
            if (repository.Backend.IsRemote && await repository.FindNodeAsync(point, ManifestCodec.Path, cancellation) is { } node
                && node.Size == (ulong)manifest.Length && node.Content is [var blob] && blob == Id.Hash(manifest)) return;
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
