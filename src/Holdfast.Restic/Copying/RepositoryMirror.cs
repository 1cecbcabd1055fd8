using System.Buffers;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Restic.Copying;

/// <summary>
/// Copies the files of a repository unchanged, by name and size. The source is listed from the snapshots backwards and
/// copied forwards, so that after any interruption every file that a file of the mirror refers to exists; removals are
/// done in the opposite order. A file's name is the digest of its bytes, which is verified during the copy. See
/// docs/decisions/0066-mirrors.md.
/// </summary>
internal sealed class RepositoryMirror(Repository source, IBackend mirror, string password, MirrorOptions options)
{
    /// <summary>The kinds of file in the order of copying: each refers only to kinds before it.</summary>
    private static readonly FileKind[] _order = [FileKind.Key, FileKind.Pack, FileKind.Index, FileKind.Snapshot];

    private readonly List<string> _damaged = [];

    /// <summary>
    /// Files that have another size in the mirror: left by a killed writer on a store without renames.
    /// </summary>
    private readonly HashSet<string> _torn = new(StringComparer.Ordinal);

    private readonly List<NamedFile> _keys = [];
    private List<NamedFile> _surplus = [];

    /// <summary>A file of the source that the mirror lacks, or one of the mirror that the source lacks.</summary>
    private readonly record struct NamedFile(FileKind Kind, string Name, long Size)
    {
        public string Path => Layout.PathOf(Kind, Name);
    }

    public async Task<MirrorReport> RunAsync(CancellationToken cancellation)
    {
        var config = await StoredFiles.ReadAsync(source.Backend, FileKind.Config, "", cancellation);
        var isNew = !await IsMirrorAsync(config, cancellation);
        if (options.PlanOnly) return await CopyAsync(isNew, cancellation);
        if (isNew) await mirror.CreateAsync(cancellation);
        if (isNew) await mirror.SaveAsync(FileKind.Config, "", config, cancellation);
        await CopyKeysAsync(cancellation);
        await using var opened = await Repository.OpenAsync(mirror, password, source.Options, cancellation);
        MirrorReport report;
        await using (var held = await opened.LockAsync(LockKind.Shared, cancellation: cancellation))
            report = await held.KeepForAsync(token => CopyAsync(isNew, token), cancellation);
        if (!options.Delete || _surplus.Count == 0 || _damaged.Count > 0) return report;
        await using var alone = await opened.LockAsync(LockKind.Exclusive, cancellation: cancellation);
        return await alone.KeepForAsync(token => RemoveAsync(report, token), cancellation);
    }

    /// <summary>Returns whether the mirror exists; false when the location is empty.</summary>
    /// <exception cref="ResticException">
    /// Occupied: another repository is there. ConfigLost: the remains of one are there.
    /// </exception>
    private async Task<bool> IsMirrorAsync(byte[] config, CancellationToken cancellation)
    {
        if (!await Repository.ExistsAsync(mirror, cancellation)) return false;
        var there = await StoredFiles.ReadAsync(mirror, FileKind.Config, "", cancellation);
        if (there.AsSpan().SequenceEqual(config)) return true;
        var message = $"The repository in {mirror.Location} is another one, with other keys, so nothing is mirrored to it.";
        throw new ResticException(ResticError.Occupied, message);
    }

    /// <summary>Copies config and keys first: without a key the mirror cannot be opened.</summary>
    private async Task CopyKeysAsync(CancellationToken cancellation)
    {
        var there = await ListAsync(mirror, FileKind.Key, cancellation);
        _keys.AddRange((await ListAsync(source.Backend, FileKind.Key, cancellation)).Except(there));
        foreach (var key in _keys) await CopyAsync(key, cancellation);
    }

    private async Task<MirrorReport> CopyAsync(bool isNew, CancellationToken cancellation)
    {
        // What a listed file refers to existed before it, so it is listed after it.
        var wanted = new Dictionary<FileKind, HashSet<NamedFile>>();
        foreach (var kind in _order.Reverse()) wanted[kind] = await ListAsync(source.Backend, kind, cancellation);
        var there = new Dictionary<FileKind, HashSet<NamedFile>>();
        foreach (var kind in _order)
            there[kind] = isNew && options.PlanOnly ? [] : await ListAsync(mirror, kind, cancellation);
        List<NamedFile> lacking = [.. _order.SelectMany(kind => wanted[kind].Except(there[kind])).Except(_keys)];
        _surplus = [.. _order.Reverse().SelectMany(kind => Surplus(there[kind], wanted[kind]))];
        var torn = _order.SelectMany(kind => there[kind].Except(wanted[kind]).Except(_surplus));
        _torn.UnionWith(torn.Select(file => file.Path));
        var report = new MirrorReport
        {
            Files = wanted.Values.Sum(files => (long)files.Count), Bytes = wanted.Values.Sum(files => Weigh(files)),
            Copied = lacking.Count + _keys.Count, BytesCopied = Weigh(lacking.Concat(_keys)),
            Surplus = _surplus.Count, BytesSurplus = Weigh(_surplus),
        };
        (options.Counters.FilesTotal, options.Counters.BytesTotal) = (lacking.Count, Weigh(lacking));
        if (options.Delete && wanted[FileKind.Snapshot].Count == 0 && there[FileKind.Snapshot].Count > 0) throw Empty();
        if (options.PlanOnly) return report;
        foreach (var kind in _order) await CopyAsync([.. lacking.Where(file => file.Kind == kind)], cancellation);
        await VerifyAsync(wanted, cancellation);
        _damaged.Sort(StringComparer.Ordinal);
        return report with { Copied = report.Copied - _damaged.Count, Damaged = _damaged };
    }

    /// <summary>
    /// A file of the same name and another size was truncated; it is replaced, and does not count as surplus.
    /// </summary>
    private static IEnumerable<NamedFile> Surplus(HashSet<NamedFile> there, HashSet<NamedFile> wanted) =>
        there.ExceptBy(wanted.Select(file => file.Name), file => file.Name, StringComparer.Ordinal);

    private static long Weigh(IEnumerable<NamedFile> files) => files.Sum(file => file.Size);

    private static async Task<HashSet<NamedFile>> ListAsync(
        IBackend backend, FileKind kind, CancellationToken cancellation)
    {
        var files = new HashSet<NamedFile>();
        await foreach (var file in backend.ListAsync(kind, cancellation))
            files.Add(new NamedFile(kind, file.Name, file.Size));
        return files;
    }

    /// <summary>
    /// Copies files, as many concurrently as suit both backends and fit into memory.
    /// </summary>
    private async Task CopyAsync(List<NamedFile> files, CancellationToken cancellation)
    {
        if (files.Count == 0) return;
        var room = Math.Max(1, source.Options.MemoryLimit / Math.Max(1, files.Max(file => file.Size)));
        var atOnce = (int)Math.Min(room, Math.Max(source.Backend.Concurrency, mirror.Concurrency));
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellation };
        await Parallel.ForEachAsync(files, parallel, async (file, token) =>
        {
            await CopyAsync(file, token);
            Interlocked.Add(ref options.Counters.BytesDone, file.Size);
            Interlocked.Increment(ref options.Counters.FilesDone);
        });
    }

    private async Task CopyAsync(NamedFile file, CancellationToken cancellation)
    {
        var bytes = ArrayPool<byte>.Shared.Rent((int)file.Size);
        try
        {
            var content = bytes.AsMemory(0, (int)file.Size);
            if (!await TryReadAsync(file, content, cancellation)) return;
            // A server may refuse to replace a file.
            if (_torn.Contains(file.Path)) await mirror.RemoveAsync(file.Kind, file.Name, cancellation);
            await mirror.SaveAsync(file.Kind, file.Name, content, cancellation);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>
    /// Copies a file; false for a snapshot that was removed meanwhile, and for a file that does not match its name.
    /// </summary>
    private async Task<bool> TryReadAsync(NamedFile file, Memory<byte> content, CancellationToken cancellation)
    {
        try
        {
            await source.Backend.ReadAsync(file.Kind, file.Name, 0, content, cancellation);
            if (Id.Hash(content.Span).ToString() == file.Name) return true;
        }
        catch (ResticException lost) when (lost.IsLoss || lost.Error == ResticError.InputOutput)
        {
            if (file.Kind == FileKind.Snapshot && lost.Error == ResticError.NotFound) return false;
        }
        lock (_damaged) _damaged.Add(file.Path);
        return false;
    }

    /// <summary>Lists the mirror again: every file must be there, with its size.</summary>
    private async Task VerifyAsync(Dictionary<FileKind, HashSet<NamedFile>> wanted, CancellationToken cancellation)
    {
        foreach (var kind in _order)
        {
            var left = wanted[kind].Except(await ListAsync(mirror, kind, cancellation));
            foreach (var file in left.Where(file => !_damaged.Contains(file.Path)))
            {
                if (kind == FileKind.Snapshot && !await IsThereAsync(file, cancellation)) continue;
                var message = $"'{file.Path}' was written to {mirror.Location}, and is not there with its {file.Size} bytes.";
                throw new ResticException(ResticError.Damaged, message);
            }
        }
    }

    private async Task<bool> IsThereAsync(NamedFile file, CancellationToken cancellation)
    {
        try
        {
            return await source.Backend.SizeAsync(file.Kind, file.Name, cancellation) == file.Size;
        }
        catch (ResticException gone) when (gone.Error == ResticError.NotFound)
        {
            return false;
        }
    }

    /// <summary>Removes snapshots first, then indexes, then packs: no remaining file refers to a removed one.</summary>
    private async Task<MirrorReport> RemoveAsync(MirrorReport report, CancellationToken cancellation)
    {
        var atOnce = new ParallelOptions { MaxDegreeOfParallelism = mirror.Concurrency, CancellationToken = cancellation };
        foreach (var files in _surplus.GroupBy(file => file.Kind))
            await Parallel.ForEachAsync(files, atOnce, (file, token) => mirror.RemoveAsync(file.Kind, file.Name, token));
        return report with { Removed = true };
    }

    private ResticException Empty() => new(
        ResticError.NoSuchName,
        $"There is no snapshot in {source.Backend.Location}, so all of {mirror.Location} would be removed; nothing was.");
}
