using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Snapshots;

/// <summary>The snapshot files of a repository.</summary>
internal sealed class SnapshotStore(IBackend backend, StoredFiles files)
{
    /// <summary>Returns all snapshots, oldest first.</summary>
    public async Task<IReadOnlyList<Snapshot>> ListAsync(CancellationToken cancellation)
    {
        var snapshots = new List<Snapshot>();
        foreach (var name in await ListNamesAsync(cancellation)) snapshots.Add(await ReadAsync(name, cancellation));
        return InOrder(snapshots);
    }

    /// <summary>Returns the readable snapshots, without those that another process removes meanwhile.</summary>
    public async Task<SnapshotListing> ListReadableAsync(CancellationToken cancellation)
    {
        var (snapshots, damaged) = (new List<Snapshot>(), new List<DamagedSnapshot>());
        foreach (var name in await ListNamesAsync(cancellation))
        {
            try
            {
                snapshots.Add(await ReadAsync(name, cancellation));
            }
            catch (ResticException failure) when (failure.Error == ResticError.NotFound)
            {
                continue;
            }
            catch (ResticException failure) when (failure.Error is ResticError.Damaged or ResticError.Unsupported)
            {
                damaged.Add(new DamagedSnapshot(Id.Parse(name), failure.Message));
            }
        }
        return new SnapshotListing(InOrder(snapshots), damaged);
    }

    /// <summary>Removes files from the local cache that are no longer listed.</summary>
    private async Task<IReadOnlySet<string>> ListNamesAsync(CancellationToken cancellation)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var stored in backend.ListAsync(FileKind.Snapshot, cancellation)) names.Add(stored.Name);
        files.Cache?.Keep(FileKind.Snapshot, names);
        return names;
    }

    private static IReadOnlyList<Snapshot> InOrder(IEnumerable<Snapshot> snapshots) => [.. snapshots.OrderBy(s => s.Time).ThenBy(s => s.Id)];

    /// <summary>Returns a snapshot by its id, a prefix of it, or "latest".</summary>
    /// <exception cref="ResticException">NoSuchName or Ambiguous.</exception>
    public async Task<Snapshot> FindAsync(string name, CancellationToken cancellation)
    {
        if (name == "latest")
            return await ListAsync(cancellation) is [.., var latest] ? latest : throw new ResticException(ResticError.NoSuchName, "There is no snapshot in the repository yet.");
        var fitting = new List<string>();
        await foreach (var stored in backend.ListAsync(FileKind.Snapshot, cancellation))
            if (name.Length > 0 && stored.Name.StartsWith(name, StringComparison.Ordinal)) fitting.Add(stored.Name);
        return fitting.Count switch
        {
            0 => throw new ResticException(ResticError.NoSuchName, $"There is no snapshot '{name}' in the repository."),
            1 => await ReadAsync(fitting[0], cancellation),
            _ => throw new ResticException(ResticError.Ambiguous, $"'{name}' is the beginning of {fitting.Count} snapshots."),
        };
    }

    public async Task<Snapshot> ReadAsync(string name, CancellationToken cancellation) => StoredFiles.Parse(
        FileKind.Snapshot, name, await files.LoadAsync(FileKind.Snapshot, name, cancellation), json => SnapshotCodec.Decode(json.Span, Id.Parse(name)));
}
