using System.Collections.Concurrent;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.BaseBackup;

/// <summary>The pages whose checksums do not match, by file. Methods may be called from several threads.</summary>
internal sealed class DamagedPages
{
    private const int Listed = 1000;

    private readonly ConcurrentDictionary<string, (List<uint> Blocks, long Count)> _files = new(StringComparer.Ordinal);
    private long _pages;

    /// <summary>The number of pages that were verified.</summary>
    public long Verified => Interlocked.Read(ref _pages);

    public IReadOnlyList<DamagedFile> Files =>
        [.. _files.OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => new DamagedFile(file.Key, [.. file.Value.Blocks], file.Value.Count))];

    public void Add(string file, uint block) => _files.AddOrUpdate(
        file,
        _ => ([block], 1),
        (_, known) =>
        {
            if (known.Blocks.Count < Listed) known.Blocks.Add(block); // a file is read by one thread
            return (known.Blocks, known.Count + 1);
        });

    /// <summary>Adds the damaged pages that an earlier capture found in a file that has not changed since.</summary>
    public void Keep(DamagedFile known) => _files[known.File] = ([.. known.Blocks], known.Count);

    /// <summary>Removes the pages of a file that is going to be read again.</summary>
    public void Forget(string file) => _files.TryRemove(file, out _);

    public void Count(long pages) => Interlocked.Add(ref _pages, pages);

    /// <summary>Warns of each file; a damaged page does not stop the backup.</summary>
    /// <param name="context">Receives the warnings.</param>
    /// <param name="name">Returns the name of a file for messages.</param>
    public void Report(StepContext context, Func<string, string> name)
    {
        foreach (var file in Files)
            context.Warn(Catalogue.PostgresChecksum.With($"Pages of {name(file.File)} do not fit their checksums: {Text(file)}. They are in the recovery point as they are."));
    }

    /// <summary>Formats block numbers for messages: "3, 7-9 and 12".</summary>
    public static string Text(DamagedFile file)
    {
        var ranges = new List<(uint First, uint Last)>();
        foreach (var block in file.Blocks)
            if (ranges is [.., var last] && last.Last + 1 == block) ranges[^1] = (last.First, block);
            else ranges.Add((block, block));
        var shown = string.Join(", ", ranges.Take(20).Select(range => range.First == range.Last ? $"{range.First}" : $"{range.First}-{range.Last}"));
        return ranges.Count > 20 || file.Count > file.Blocks.Count ? $"{shown}, ... ({file.Count} in all)" : shown;
    }
}
