using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>
/// Stores WAL files of a cluster in the repository. Each batch is one snapshot, and is durable on return; a file is
/// never replaced by a different one. The caller must hold a lock on the repository.
/// </summary>
internal sealed class WalArchive(Repository repository, WalCatalogue catalogue)
{
    /// <summary>Stores the files that the archive does not have yet.</summary>
    /// <returns>The problems of files of the batch, by name; all other files are durable.</returns>
    /// <exception cref="ResticException">The repository failed: nothing of the batch counts as stored.</exception>
    public async Task<IReadOnlyDictionary<string, Problem>> StoreAsync(IReadOnlyList<WalSource> batch, CancellationToken cancellation)
    {
        var problems = new Dictionary<string, Problem>(StringComparer.Ordinal);
        var identity = catalogue.Identity;
        var news = new List<WalSource>();
        foreach (var source in batch.DistinctBy(source => source.File.Name, StringComparer.Ordinal))
        {
            if (await JudgeAsync(source, identity, cancellation) is { } problem) problems.Add(source.File.Name, problem);
            else if (!catalogue.IsArchived(source.File.Name)) (news, identity) = ([.. news, source], identity ?? await IdentityOfAsync(source, cancellation));
        }
        if (news.Count > 0) await CommitAsync(news, identity, problems, cancellation);
        return problems;
    }

    /// <summary>
    /// Combines all small snapshots into one: the old ones are forgotten after the new one is durable. When this is
    /// interrupted, files are in two snapshots until the next call. No other process may hold a lock.
    /// </summary>
    /// <returns>The number of snapshots that were combined.</returns>
    public async Task<int> ConsolidateAsync(CancellationToken cancellation)
    {
        // After a cluster was replaced by another one of the same name there may be WAL of both, under the same file
        // names.
        var old = catalogue.WalSnapshots.Where(snapshot => WalTags.IdentityOf(snapshot) is not { } identity || identity == catalogue.Identity).ToList();
        if (old.Count < 2) return 0;
        await ReplaceAsync(old, await WriteAsync(old, _ => true, cancellation), cancellation);
        return old.Count;
    }

    /// <summary>
    /// Removes files from the archive: writes one snapshot of all that stays, reads it back, and forgets the old ones.
    /// When this is interrupted, files are in two snapshots until the next call. A shared lock is sufficient: each
    /// process that combines snapshots forgets only what its own new snapshot contains, or what is to be removed.
    /// </summary>
    public async Task RemoveAsync(IReadOnlySet<string> names, CancellationToken cancellation)
    {
        if (names.Count == 0) return;
        // A snapshot without an identity may be of another cluster that had the same name.
        var old = catalogue.WalSnapshots.Where(snapshot => WalTags.IdentityOf(snapshot) is { } identity && identity == catalogue.Identity).ToList();
        var written = await WriteAsync(old, name => !names.Contains(name), cancellation);
        if (written is { } made) await VerifyAsync(made.Snapshot, made.Files, cancellation);
        await ReplaceAsync(old, written, cancellation);
    }

    /// <summary>Writes one durable snapshot of the files that stay; null when none stays.</summary>
    private async Task<(Snapshot Snapshot, IReadOnlyDictionary<string, Node> Files)?> WriteAsync(List<Snapshot> old, Func<string, bool> stays, CancellationToken cancellation)
    {
        await using var writer = await repository.BeginSnapshotAsync(cancellation: cancellation);
        var taken = new Dictionary<string, Node>(StringComparer.Ordinal);
        foreach (var snapshot in old) await TakeOverAsync(snapshot, stays, taken, writer, cancellation);
        if (taken.Count == 0) return null;
        var header = Header(catalogue.Identity) with { Paths = [WalPath.Folder(catalogue.Cluster)], Time = old[^1].Time };
        return (await writer.CommitAsync(header, cancellation), taken);
    }

    private async Task ReplaceAsync(List<Snapshot> old, (Snapshot Snapshot, IReadOnlyDictionary<string, Node> Files)? written, CancellationToken cancellation)
    {
        if (written is { } made) await catalogue.AddAsync(made.Snapshot, [.. made.Files.Keys], cancellation);
        foreach (var snapshot in old) await repository.ForgetAsync(snapshot.Id, cancellation);
        await catalogue.RefreshAsync(cancellation);
    }

    /// <exception cref="ResticException">Damaged: the snapshot does not have exactly these files.</exception>
    private async Task VerifyAsync(Snapshot written, IReadOnlyDictionary<string, Node> files, CancellationToken cancellation)
    {
        var (snapshot, found) = (await repository.ReadSnapshotAsync(written.Id, cancellation), 0);
        await foreach (var (_, node) in repository.WalkAsync(snapshot, WalPath.Folder(catalogue.Cluster), cancellation))
            if (node.Type == NodeType.File && files.TryGetValue(node.Name, out var expected) && expected.Content!.SequenceEqual(node.Content!)) found++;
        if (found != files.Count) throw new ResticException(ResticError.Damaged, $"The new snapshot {written.Id.ToShortString()} of archived WAL has {found} of {files.Count} files, so the old ones stay.");
    }

    private async Task<Problem?> JudgeAsync(WalSource source, WalIdentity? identity, CancellationToken cancellation)
    {
        try
        {
            if (await WalVerdict.JudgeAsync(source, identity, catalogue.Cluster, cancellation) is { } problem) return problem;
            // A partly received segment has the same name as the last segment of a timeline, and is a different file.
            if (!catalogue.Has(source.File.Name) || catalogue.IsStreamed(source.File.Name) || await IsSameAsync(source, cancellation)) return null;
            return Catalogue.WalDiffers.With($"The archive of cluster {catalogue.Cluster} has a file {source.File.Name} already, with other content.");
        }
        catch (IOException unreadable)
        {
            return Unreadable(source, unreadable);
        }
    }

    private static Problem Unreadable(WalSource source, IOException failure) => Catalogue.WalUnreadable.With($"The WAL file {source.File.Name} cannot be read: {failure.Message.TrimEnd('.')}.");

    private async Task CommitAsync(List<WalSource> news, WalIdentity? identity, Dictionary<string, Problem> problems, CancellationToken cancellation)
    {
        await using var writer = await repository.BeginSnapshotAsync(cancellation: cancellation);
        var stored = new List<WalFile>();
        foreach (var source in news)
        {
            try
            {
                await using var content = source.Open();
                var entry = await writer.AddStreamAsync(WalPath.Of(catalogue.Cluster, source.File), content, source.Metadata, cancellation);
                if (entry.Size != source.Length) throw new IOException($"it had {source.Length} bytes, and {entry.Size} of them could be read");
                stored.Add(source.File);
            }
            catch (IOException unreadable)
            {
                problems.Add(source.File.Name, Unreadable(source, unreadable));
            }
        }
        if (stored.Count == 0) return;
        var header = Header(identity) with { Paths = [.. stored.Select(file => WalPath.Of(catalogue.Cluster, file))] };
        await catalogue.AddAsync(await writer.CommitAsync(header, cancellation), [.. stored.Select(file => file.Name)], cancellation);
    }

    private SnapshotHeader Header(WalIdentity? identity) => new()
    {
        Paths = [], Hostname = Environment.MachineName, Username = Environment.UserName, Tags = WalTags.Of(catalogue.Platform, catalogue.Cluster, identity),
    };

    /// <summary>Compares two files by reading both to their ends.</summary>
    private async Task<bool> IsSameAsync(WalSource source, CancellationToken cancellation)
    {
        if (await catalogue.FindNodeAsync(source.File.Name, cancellation) is not { } node || (long)node.Size != source.Length) return false;
        await using var stored = repository.OpenFile(node);
        await using var content = source.Open();
        var (left, right) = (new byte[256 << 10], new byte[256 << 10]);
        while (true)
        {
            var count = await stored.ReadAtLeastAsync(left, left.Length, throwOnEndOfStream: false, cancellation);
            var other = await content.ReadAtLeastAsync(right, right.Length, throwOnEndOfStream: false, cancellation);
            if (!left.AsSpan(0, count).SequenceEqual(right.AsSpan(0, other))) return false;
            if (count == 0) return true;
        }
    }

    private static async Task<WalIdentity?> IdentityOfAsync(WalSource source, CancellationToken cancellation) =>
        await WalVerdict.ReadHeaderAsync(source, cancellation) is { } header ? new WalIdentity(header.SystemIdentifier, header.SegmentSize) : null;

    /// <summary>
    /// Adds the files of a snapshot. A file of several snapshots has the same content in all, except where two services
    /// ran at once: then an exception leaves all snapshots unchanged.
    /// </summary>
    private async Task TakeOverAsync(Snapshot snapshot, Func<string, bool> stays, Dictionary<string, Node> taken, SnapshotWriter writer, CancellationToken cancellation)
    {
        await foreach (var (path, node) in repository.WalkAsync(snapshot, WalPath.Folder(catalogue.Cluster), cancellation))
        {
            if (node.Type != NodeType.File || !stays(node.Name)) continue;
            if (taken.TryAdd(node.Name, node)) writer.AddNode(path, node);
            else if (!taken[node.Name].Content!.SequenceEqual(node.Content!))
                throw Catalogue.WalDiffers.Throwable($"The archive of cluster {catalogue.Cluster} has two files {node.Name} with different content, the second in snapshot {snapshot.Id.ToShortString()}.");
        }
    }
}
