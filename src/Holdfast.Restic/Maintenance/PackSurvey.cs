using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Maintenance;

/// <summary>Compares the packs that exist with those that the index lists.</summary>
internal sealed class PackSurvey(Repository repository, IndexSurvey indexes, CheckedBlobs copies, Findings findings)
{
    /// <summary>The size in bytes of every existing pack.</summary>
    public Dictionary<Id, long> Stored { get; } = [];

    /// <summary>Packs that exist and are in no index.</summary>
    public IReadOnlyList<Id> Unindexed { get; private set; } = [];

    /// <summary>
    /// Assumes that every pack of the index exists, without listing them; a missing one is reported when it is read.
    /// </summary>
    public void Assume()
    {
        foreach (var layout in indexes.Packs.Values) Stored[layout.Pack] = layout.Size;
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        await foreach (var file in repository.Backend.ListAsync(FileKind.Pack, cancellation))
            Stored[Id.Parse(file.Name)] = file.Size;
        repository.Cache?.Keep(FileKind.Pack, Stored.Keys.Select(pack => pack.ToString()).ToHashSet(StringComparer.Ordinal));
        Unindexed = [.. Stored.Keys.Where(pack => !indexes.Packs.ContainsKey(pack))];
        await ReportMisfitsAsync(cancellation);
        ReportUnindexed();
    }

    private async Task ReportMisfitsAsync(CancellationToken cancellation)
    {
        var misfits = indexes.Packs.Values
            .Where(layout => !Stored.TryGetValue(layout.Pack, out var size) || size != layout.Size)
            .ToDictionary(layout => layout.Pack);
        foreach (var (pack, blobs) in await indexes.BlobsOfAsync(misfits.Keys.ToHashSet(), cancellation))
        {
            var there = Stored.TryGetValue(pack, out var size);
            var lost = await copies.LostAsync(blobs.Where(item => item.Blob.Offset + (long)item.Blob.Length > size), cancellation);
            findings.Add(
                Layout.PathOf(FileKind.Pack, pack.ToString()),
                there ? $"The pack has {size} bytes, where the index needs {misfits[pack].Size}." : "The pack is missing.",
                lost);
        }
    }

    private void ReportUnindexed()
    {
        if (Unindexed.Count == 0) return;
        foreach (var index in indexes.Unreadable)
            findings.Add(
                Layout.PathOf(FileKind.Index, index),
                $"{Unindexed.Count} packs that are there are in no readable index; rebuilding the index from the packs finds them again.");
        if (indexes.Unreadable.Count == 0)
            findings.AddHint($"{Unindexed.Count} packs are in no index: an interrupted backup leaves them, a prune removes them. The first is {Unindexed[0]}.");
    }
}
