using System.Collections.Frozen;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;

namespace Holdfast.Components.Postgres.Base;

/// <summary>How files are read of a server that runs: not at all when they are as before, and relations page by page, with their checksums verified.</summary>
internal sealed class PageSource(ClusterFacts facts, BaseRecord? previous, ulong start, DamagedPages damaged, TimeProvider clock) : IContentSource
{
    private const string ControlName = "global/pg_control";

    /// <summary>Within one tick of a clock a file may be written twice: one that was touched this late is read again.</summary>
    private static readonly TimeSpan _tick = TimeSpan.FromSeconds(1);

    private readonly Timestamp? _trusted = previous is null ? null : Timestamp.FromDateTimeOffset(previous.Started - _tick);
    private readonly FrozenDictionary<string, DamagedFile> _known = (previous?.Damaged ?? []).ToFrozenDictionary(file => file.File, StringComparer.Ordinal);

    /// <summary>Where the folder that is walked stands in the data directory: "" or "pg_tblspc/16385/".</summary>
    public required string Root { get; init; }

    /// <summary>The local folder that is walked.</summary>
    public required string Folder { get; init; }

    public ValueTask<FileContent> OpenAsync(LocalFile file, CancellationToken cancellation)
    {
        var relative = Root + file.Path[(Folder.Length + 1)..];
        if (_trusted is { } trusted && file.IsUnchanged(trusted))
        {
            if (_known.TryGetValue(relative, out var known)) damaged.Keep(known);
            return ValueTask.FromResult(new FileContent { Stored = file.Previous });
        }
        if (relative == ControlName) return ValueTask.FromResult(new FileContent { Bytes = new MemoryStream(ReadControl(file)) });
        var bytes = RelationFile.OfPath(relative) is { } relation && facts.Checksums
            ? new PageStream(file, facts.BlockSize, Verifier(relative, relation), clock)
            : new PageStream(file, facts.BlockSize, (_, _, _) => true, clock);
        return ValueTask.FromResult(new FileContent { Bytes = bytes });
    }

    /// <summary>It is small, and the server writes it at once; but only two readings that agree prove that none was in the middle of that.</summary>
    private static byte[] ReadControl(LocalFile file)
    {
        for (var (last, next) = (Read(file), Read(file)); ; (last, next) = (next, Read(file)))
            if (last.AsSpan().SequenceEqual(next)) return next;
    }

    private static byte[] Read(LocalFile file)
    {
        var bytes = new byte[file.Size];
        return file.Read(bytes, 0) == bytes.Length ? bytes : throw new IOException($"{file.Path} could not be read to its end");
    }

    /// <summary>A page that has changed since the start is written anew from the WAL, whatever is read here.</summary>
    private PageVisitor Verifier(string relative, RelationFile relation)
    {
        var first = (uint)relation.Segment * facts.RelationBlocks;
        return (page, block, isLast) =>
        {
            if (!isLast) damaged.Count(1);
            if (PageChecksum.Fits(page, first + block) || PageChecksum.Lsn(page) >= start) return true;
            if (isLast) damaged.Add(relative, block);
            return false;
        };
    }
}
