using Holdfast.Engine.Problems;
using Holdfast.Engine.Running;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Base;

/// <summary>Puts changed pages into restored files, each page once.</summary>
/// <param name="cluster">The name of the cluster.</param>
/// <param name="session">The point.</param>
/// <param name="place">Where the file at a path of the data directory has been restored to.</param>
internal sealed class PagePatch(string cluster, RestoreSession session, Func<string, string> place)
{
    private sealed record Patch(string Relative, Node List, Node Delta);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = session.Repository.Options.Workers, CancellationToken = cancellation };
        await Parallel.ForEachAsync(await FindAsync(cancellation), parallel, async (patch, token) => await ApplyAsync(patch, token));
    }

    private async Task<IReadOnlyList<Patch>> FindAsync(CancellationToken cancellation)
    {
        var root = BasePath.Pages(cluster);
        if (await session.Repository.FindNodeAsync(session.Point, root, cancellation) is null) return [];
        var (lists, deltas) = (new Dictionary<string, Node>(StringComparer.Ordinal), new Dictionary<string, Node>(StringComparer.Ordinal));
        await foreach (var (path, node) in session.Repository.WalkAsync(session.Point, root, cancellation))
        {
            if (node.Type != NodeType.File) continue;
            if (path.EndsWith(BasePath.ListEnding, StringComparison.Ordinal)) lists.Add(path[(root.Length + 1)..^BasePath.ListEnding.Length], node);
            if (path.EndsWith(BasePath.DeltaEnding, StringComparison.Ordinal)) deltas.Add(path[(root.Length + 1)..^BasePath.DeltaEnding.Length], node);
        }
        return [.. lists.Select(list => new Patch(list.Key, list.Value, deltas.GetValueOrDefault(list.Key) ?? throw Damaged(list.Key, "its pages are missing")))];
    }

    private async Task ApplyAsync(Patch patch, CancellationToken cancellation)
    {
        var list = await ReadListAsync(patch, cancellation);
        await using var pages = session.Repository.OpenFile(patch.Delta);
        using var file = File.OpenHandle(place(patch.Relative), FileMode.Open, FileAccess.ReadWrite);
        var page = new byte[list.PageSize];
        foreach (var changed in list.Pages)
        {
            await pages.ReadExactlyAsync(page, cancellation);
            RandomAccess.Write(file, page, (long)changed.Block * list.PageSize);
        }
        RandomAccess.SetLength(file, list.Length);
    }

    private async Task<PageList> ReadListAsync(Patch patch, CancellationToken cancellation)
    {
        var bytes = new byte[patch.List.Size];
        await using var content = session.Repository.OpenFile(patch.List);
        await content.ReadExactlyAsync(bytes, cancellation);
        try
        {
            var list = PageList.Read(bytes);
            return (long)patch.Delta.Size == (long)list.Pages.Count * list.PageSize ? list : throw Damaged(patch.Relative, "its list and its pages do not fit each other");
        }
        catch (InvalidDataException unknown)
        {
            throw Damaged(patch.Relative, unknown.Message);
        }
    }

    private ProblemException Damaged(string relative, string why) =>
        Catalogue.PointManifest.Throwable($"The changed pages of '{relative}' in recovery point {session.Point.Id.ToShortString()} can not be used: {why}");
}
