using System.Collections.Frozen;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>
/// Reads the files of a cluster: unchanged files not at all, and relations page by page, with their checksums verified.
/// A large relation with few changed pages stays as it is stored, and only those pages are stored beside it.
/// </summary>
internal sealed class PageSource(ClusterFacts facts, BaseParent? parent, ulong start, DamagedPages damaged, PageStore pages, TimeProvider clock) : IContentSource
{
    private const string ControlName = "global/pg_control";

    /// <summary>
    /// The size of pg_control is PG_CONTROL_FILE_SIZE, 8192 bytes; within this number of readings, of microseconds
    /// each, two agree.
    /// </summary>
    private const int LargestControl = 1 << 20, MostReadings = 1000;

    /// <summary>The size of a file in bytes below which it gets no map: it is stored in one or two chunks.</summary>
    private const long Smallest = 1 << 20;

    /// <summary>
    /// The fixed chunk size. A page never moves within its file, so no content-defined chunking is needed; and chunks
    /// that begin at memory page boundaries are restored without the page cache.
    /// </summary>
    private const int ChunkSize = 2 << 20;

    /// <summary>
    /// The clock resolution that is assumed: a file may be written twice within it, so a file changed this late is read
    /// again.
    /// </summary>
    private static readonly TimeSpan _tick = TimeSpan.FromSeconds(1);

    private readonly Timestamp? _trusted = parent is null ? null : Timestamp.FromDateTimeOffset(parent.Record.Started - _tick);
    private readonly FrozenDictionary<string, DamagedFile> _known = (parent?.Record.Damaged ?? []).ToFrozenDictionary(file => file.File, StringComparer.Ordinal);

    /// <summary>The path of the folder in the data directory: "" or "pg_tblspc/16385/".</summary>
    public required string Root { get; init; }

    /// <summary>The limit of what may be read.</summary>
    public required ReadBudget Budget { get; init; }

    /// <summary>The local folder that is read.</summary>
    public required string Folder { get; init; }

    public async ValueTask<FileContent> OpenAsync(LocalFile file, CancellationToken cancellation)
    {
        var relative = Root + file.Path[(Folder.Length + 1)..];
        if (relative == ControlName) return new FileContent { Bytes = new MemoryStream(ReadControl(file)) };
        var relation = file.Size <= facts.RelationBlocks * (long)facts.BlockSize ? RelationFile.OfPath(relative) : null; // no file of a relation is larger
        var before = relation is not null && file.Previous is not null ? await pages.FindAsync(relative, cancellation) : PageFiles.None;
        if (before is not null && IsUnchanged(file, before))
        {
            if (_known.TryGetValue(relative, out var known)) damaged.Keep(known);
            pages.Keep(relative, before);
            return new FileContent { Stored = file.Previous };
        }
        if (relation is not { } found) return Sparse(new PageStream(file, facts.BlockSize, (_, _, _) => true, clock) { Budget = Budget });
        var verify = Verifier(relative, found);
        if (file.Size < Smallest) return new FileContent { Bytes = new PageStream(file, facts.BlockSize, verify, clock) { Budget = Budget } };
        return before is not null && await StoreChangesAsync(file, relative, before, verify, cancellation) ? new FileContent { Stored = file.Previous, IsRead = true } : Whole(file, relative, verify);
    }

    /// <summary>
    /// Returns whether a file is unchanged. Where pages are stored beside a file, the size of the stored file need not
    /// match, and the change times decide.
    /// </summary>
    private bool IsUnchanged(LocalFile file, PageFiles before) =>
        _trusted is { } trusted && file.IsUnchanged(trusted, before.List is null ? null : file.Size) && before.All.All(file.IsStored);

    private async Task<bool> StoreChangesAsync(LocalFile file, string relative, PageFiles before, PageVisitor verify, CancellationToken cancellation)
    {
        if (file.Previous is not { } previous || before.Map is not { } node || !file.IsStored(previous) || !before.All.All(file.IsStored)) return false;
        if (await pages.ReadMapAsync(node, cancellation) is not { } map || map.PageSize != facts.BlockSize) return false;
        var changes = new PageChanges(map, await pages.ReadListAsync(before.List, cancellation));
        if (await changes.FindAsync(visit => Open(file, verify, visit), file.Size, cancellation) is { } list)
        {
            pages.Keep(relative, new PageFiles(node, null, null));
            if (list.Pages.Count > 0 || list.Length != (long)previous.Size) await pages.AddAsync(relative, list, new ChangedPageStream(file, list), cancellation);
            return true;
        }
        damaged.Forget(relative); // the file is going to be read again
        return false;
    }

    private FileContent Whole(LocalFile file, string relative, PageVisitor verify)
    {
        var map = pages.NewMap(facts.BlockSize, (int)(file.Size / facts.BlockSize));
        var stream = Open(file, verify, (page, block, _) =>
        {
            map.Set(block, map.Hash(page));
            return true;
        });
        return Sparse(stream) with { ChunkSize = ChunkSize, OnStored = cancellation => pages.AddAsync(relative, map, cancellation) };
    }

    private static FileContent Sparse(PageStream stream) => new() { Bytes = stream, Holes = stream };

    private PageStream Open(LocalFile file, PageVisitor verify, PageVisitor visit) =>
        new(file, facts.BlockSize, (page, block, isLast) => visit(page, block, isLast) & verify(page, block, isLast), clock) { Budget = Budget };

    /// <summary>
    /// Verifies checksums. A page that has changed since the start of the backup is restored from the WAL, whatever is
    /// read here.
    /// </summary>
    private PageVisitor Verifier(string relative, RelationFile relation)
    {
        if (!facts.Checksums) return (_, _, _) => true;
        var first = (uint)relation.Segment * facts.RelationBlocks;
        return (page, block, isLast) =>
        {
            if (!isLast) damaged.Count(1);
            if (PageChecksum.Fits(page, first + block) || PageChecksum.Lsn(page) >= start) return true;
            if (isLast) damaged.Add(relative, block);
            return false;
        };
    }

    /// <summary>
    /// Reads pg_control. It is small, and the server writes it in one call; but only two equal readings prove that
    /// neither is torn.
    /// </summary>
    private static byte[] ReadControl(LocalFile file)
    {
        var (last, next) = (Read(file), Read(file));
        for (var attempt = 0; attempt < MostReadings; attempt++, (last, next) = (next, Read(file)))
            if (last.AsSpan().SequenceEqual(next)) return next;
        throw new IOException($"{file.Path} changes all the time");
    }

    private static byte[] Read(LocalFile file)
    {
        if (file.Size > LargestControl) throw new IOException($"{file.Path} has {file.Size} bytes, which is no control file");
        var bytes = new byte[file.Size];
        return file.Read(bytes, 0) == bytes.Length ? bytes : throw new IOException($"{file.Path} could not be read to its end");
    }
}
