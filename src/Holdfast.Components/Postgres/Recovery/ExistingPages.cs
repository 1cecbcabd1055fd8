using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using Holdfast.Components.Postgres.BaseBackup;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Restoring;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// Compares large relations that already exist with their page maps and writes only pages that differ. This costs a
/// fraction of hashing whole chunks, and includes the pages that are stored beside a file.
/// </summary>
/// <param name="cluster">The name of the cluster.</param>
/// <param name="session">The recovery point.</param>
/// <param name="pages">The recovery point's page maps and changed pages.</param>
/// <param name="roots">The data directory and the tablespaces.</param>
/// <param name="place">Returns where the file with a path in the data directory is.</param>
/// <param name="counters">The statistics of the restore.</param>
internal sealed class ExistingPages(string cluster, RestoreSession session, PointPages pages, IReadOnlyCollection<string> roots, Func<string, string> place, RestoreCounters counters)
{
    /// <summary>The user who opens the files: their owner, who could do the same.</summary>
    public (uint User, uint Group)? Actor { get; init; }

    /// <summary>The user who gets the repaired files; null to keep their owner.</summary>
    public (uint User, uint Group)? Owner { get; init; }

    /// <summary>
    /// One in how many pages of a stored file may differ; with more, the file is restored as if it did not exist.
    /// </summary>
    private const int Share = 4;

    private const int Buffer = 256 << 10;

    private readonly ConcurrentDictionary<string, bool> _folders = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<string> _unread = [];

    /// <summary>
    /// The problem with the maps of the recovery point; null when there is none. Files without a map are compared by
    /// their content.
    /// </summary>
    public Problem? Unreadable => _unread.IsEmpty
        ? null
        : Catalogue.PostgresMap.With($"The maps of the pages of {_unread.Count} files of {cluster} cannot be read, {_unread.Min(StringComparer.Ordinal)} is the first: these files are compared by their content.");

    /// <returns>The files that are now as they were captured, by their paths in the data directory.</returns>
    public async Task<FrozenSet<string>> PutRightAsync(CancellationToken cancellation)
    {
        var (right, stored) = (new ConcurrentBag<string>(), await StoredAsync(cancellation));
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = session.Repository.Options.Workers, CancellationToken = cancellation };
        await Parallel.ForEachAsync(await pages.FindAsync(cancellation), parallel, async (file, token) =>
        {
            if (stored.GetValueOrDefault(file.Key) is not { } node || !await PutRightAsync(file.Key, file.Value, node, token)) return;
            right.Add(file.Key);
            Interlocked.Increment(ref counters.FilesDone);
        });
        return right.ToFrozenSet(StringComparer.Ordinal);
    }

    private async Task<Dictionary<string, Node>> StoredAsync(CancellationToken cancellation)
    {
        var stored = new Dictionary<string, Node>(StringComparer.Ordinal);
        await CollectAsync(BasePath.Data(cluster), "");
        foreach (var oid in (await pages.FindAsync(cancellation)).Keys.Select(relative => relative.Split('/', 3)).Where(parts => parts[0] == "pg_tblspc").Select(parts => parts[1]).Distinct(StringComparer.Ordinal))
            await CollectAsync(BasePath.Tablespace(cluster, uint.Parse(oid, CultureInfo.InvariantCulture)), $"pg_tblspc/{oid}/");
        return stored;

        async Task CollectAsync(string below, string prefix)
        {
            await foreach (var (path, node) in session.Repository.WalkAsync(session.Point, below, cancellation))
                if (node.Type == NodeType.File) stored[prefix + path[(below.Length + 1)..]] = node;
        }
    }

    private async Task<bool> PutRightAsync(string relative, PageFiles files, Node node, CancellationToken cancellation)
    {
        var path = place(relative);
        if (!IsPlain(path) || await TryReadMapAsync(relative, files, cancellation) is not { } map || (long)node.Size != (long)map.Count * map.PageSize) return false;
        var list = await pages.ReadListAsync(relative, files, cancellation);
        var wanted = new WantedPages(map, list);
        if (wanted.Length % map.PageSize != 0) return false;
        if (PagePatch.TryOpen(path, Actor) is not { } opened) return false;
        using var file = opened;
        var (wrong, changed) = Compare(file, wanted, cancellation);
        if (wrong.Count > map.Count / Share || (wrong.Count > 0 && wrong.Max >= map.Count)) return false;
        if (wrong.Count > 0) await WriteAsync(node, wrong, map.PageSize, file, cancellation);
        if (changed.Count > 0) await PagePatch.WriteAsync(session, files, list!, file, changed.Contains, cancellation);
        if (RandomAccess.GetLength(file) != wanted.Length) RandomAccess.SetLength(file, wanted.Length);
        if (Owner is { } owner) FileOwner.Give(file, owner);
        File.SetUnixFileMode(file, (UnixFileMode)(node.Mode & GoMode.Permissions));
        return true;
    }

    /// <summary>
    /// Reads the map of a file; null when it cannot be read. The map holds nothing that is not in the file itself.
    /// </summary>
    private async Task<PageMap?> TryReadMapAsync(string relative, PageFiles files, CancellationToken cancellation)
    {
        try
        {
            return await pages.ReadMapAsync(files, cancellation);
        }
        catch (ResticException damaged) when (damaged.IsLoss)
        {
            _unread.Add(relative);
            return null;
        }
    }

    /// <summary>
    /// Returns the pages that differ: from the stored file, and from the pages that have changed since it was stored.
    /// </summary>
    private (SortedSet<uint> Wrong, HashSet<uint> Changed) Compare(SafeFileHandle file, WantedPages wanted, CancellationToken cancellation)
    {
        var (wrong, changed, size) = (new SortedSet<uint>(), new HashSet<uint>(), wanted.PageSize);
        var buffer = ArrayPool<byte>.Shared.Rent(Buffer);
        try
        {
            for (long at = 0; at < wanted.Length; at += Buffer)
            {
                cancellation.ThrowIfCancellationRequested();
                var length = (int)Math.Min(Buffer, wanted.Length - at);
                var read = Read(file, buffer.AsSpan(0, length), at);
                Interlocked.Add(ref counters.BytesWritten, length);
                for (var offset = 0; offset < length; offset += size)
                    wanted.Judge((uint)((at + offset) / size), offset + size <= read ? buffer.AsSpan(offset, size) : default, wrong, changed);
            }
            return (wrong, changed);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task WriteAsync(Node node, SortedSet<uint> wrong, int size, SafeFileHandle file, CancellationToken cancellation)
    {
        await using var content = session.Repository.OpenFile(node);
        var page = new byte[size];
        for (uint block = 0; block <= wrong.Max; block++)
        {
            await content.ReadExactlyAsync(page, cancellation);
            if (wrong.Contains(block)) RandomAccess.Write(file, page, (long)block * size);
        }
    }

    private static int Read(SafeFileHandle file, Span<byte> buffer, long at)
    {
        var filled = 0;
        while (filled < buffer.Length && RandomAccess.Read(file, buffer[filled..], at + filled) is var count and > 0) filled += count;
        return filled;
    }

    /// <summary>
    /// Returns true for a regular file in a real folder. Links are not followed: a link in their place is not the
    /// cluster's.
    /// </summary>
    private bool IsPlain(string path) => LocalEntries.TryFind(path, out var type, out _) && type == NodeType.File && IsFolder(Path.GetDirectoryName(path)!);

    private bool IsFolder(string path) => roots.Contains(path, StringComparer.Ordinal) || _folders.GetOrAdd(path, folder =>
        LocalEntries.TryFind(folder, out var type, out _) && type == NodeType.Directory && Path.GetDirectoryName(folder) is { } above && IsFolder(above));
}

/// <summary>The hashes of the pages of a file as it was captured.</summary>
internal sealed class WantedPages(PageMap map, PageList? list)
{
    private readonly Dictionary<uint, ulong> _changed = (list?.Pages ?? []).ToDictionary(page => page.Block, page => page.Hash);

    public int PageSize => map.PageSize;

    public long Length { get; } = list?.Length ?? (long)map.Count * map.PageSize;

    /// <summary>Notes a page that is missing or differs.</summary>
    public void Judge(uint block, ReadOnlySpan<byte> page, SortedSet<uint> wrong, HashSet<uint> changed)
    {
        var isChanged = _changed.TryGetValue(block, out var hash);
        if (!page.IsEmpty && map.Hash(page) == (isChanged ? hash : map[block])) return;
        if (isChanged) changed.Add(block);
        else wrong.Add(block);
    }
}
