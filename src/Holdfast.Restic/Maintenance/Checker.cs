using Holdfast.Restic.Backends;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Maintenance;

/// <summary>
/// Checks a repository from the outside in: small files, indexes, packs, snapshots, trees, and data if requested.
/// Damage is collected and never ends the check; the affected snapshots and paths are reported at the end. The
/// requirements are those of restic (restic 0.14, internal/checker), and that keys, names and order of nodes are valid.
/// </summary>
internal sealed class Checker(Repository repository)
{
    private readonly Findings _findings = new();

    public async Task<CheckReport> RunAsync(CheckOptions options, CancellationToken cancellation)
    {
        if (options.ReadData is { } subset) PackSelection.Validate(subset);
        var counters = options.Counters;
        if (!options.OnlyOwn)
        {
            await CheckConfigAsync(cancellation);
            await CheckKeysAsync(cancellation);
        }
        var indexes = new IndexSurvey(repository, _findings, options);
        await indexes.LoadAsync(cancellation);
        var blobs = new CheckedBlobs(repository, indexes.Blobs, options.MayBeCached);
        var packs = new PackSurvey(repository, indexes, blobs, _findings);
        if (options.OnlyOwn) packs.Assume();
        else await packs.RunAsync(cancellation);
        var snapshots = await ReadSnapshotsAsync(options, cancellation);
        var (trees, data) = (new TreeSurvey(blobs, _findings, counters), new DataSurvey(repository, indexes, packs, blobs, _findings, counters));
        // What this process has stored is read first, which puts its trees into the cache.
        var turn = options.OwnPacks ? await data.RunAsync(options, cancellation) : null;
        await trees.RunAsync(snapshots.Select(snapshot => snapshot.Tree), repository.Options.Workers, cancellation);
        if (!options.OwnPacks) turn = await data.RunAsync(options, cancellation);
        await new MissingBlobs(repository, packs, _findings).ReportAsync(cancellation);
        var damages = _findings.Damaged.Count == 0 ? [] : await new DamageTrace(blobs, _findings.Damaged).RunAsync(snapshots, cancellation);
        return new CheckReport(snapshots.Count, packs.Stored.Count, counters.PacksDone, counters.BytesRead, damages, _findings.Hints) { Turn = turn };
    }

    private async Task CheckConfigAsync(CancellationToken cancellation) =>
        await TryAsync(FileKind.Config, "", async () => await repository.LoadUnpackedAsync(FileKind.Config, "", cancellation));

    /// <summary>
    /// Verifies that a key's name is the digest of its file, which restic does not check: a damaged key would be
    /// noticed only when it is needed.
    /// </summary>
    private async Task CheckKeysAsync(CancellationToken cancellation)
    {
        await foreach (var key in repository.Backend.ListAsync(FileKind.Key, cancellation))
        {
            await TryAsync(FileKind.Key, key.Name, async () =>
            {
                var bytes = new byte[key.Size];
                await repository.Backend.ReadAsync(FileKind.Key, key.Name, 0, bytes, cancellation);
                if (Id.Hash(bytes).ToString() != key.Name)
                    _findings.Add(Layout.PathOf(FileKind.Key, key.Name), "The key is damaged: its name is not the digest of its content.");
            });
        }
    }

    private async Task<IReadOnlyList<Snapshot>> ReadSnapshotsAsync(CheckOptions options, CancellationToken cancellation)
    {
        if (options.Sealed is { } pending) return pending;
        var snapshots = new List<Snapshot>();
        await foreach (var file in repository.Backend.ListAsync(FileKind.Snapshot, cancellation))
        {
            if (options.Snapshots is { } asked && !asked.Any(id => id.ToString() == file.Name)) continue;
            if (!await TryAsync(FileKind.Snapshot, file.Name, async () => snapshots.Add(await ReadSnapshotAsync(file.Name, cancellation))))
                _findings.AddSnapshot(Layout.PathOf(FileKind.Snapshot, file.Name), Id.Parse(file.Name));
            Interlocked.Increment(ref options.Counters.SnapshotsDone);
        }
        return snapshots;
    }

    private async Task<Snapshot> ReadSnapshotAsync(string name, CancellationToken cancellation) => StoredFiles.Parse(
        FileKind.Snapshot, name, await repository.LoadUnpackedAsync(FileKind.Snapshot, name, cancellation, mayBeCached: false),
        json => SnapshotCodec.Decode(json.Span, Id.Parse(name)));

    private async Task<bool> TryAsync(FileKind kind, string name, Func<Task> read)
    {
        try
        {
            await read();
            return true;
        }
        catch (ResticException failure) when (failure.Error is ResticError.Damaged or ResticError.NotFound or ResticError.Unsupported or ResticError.InputOutput)
        {
            _findings.Add(Layout.PathOf(kind, name), failure.Message);
            return false;
        }
    }
}
