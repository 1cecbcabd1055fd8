using Holdfast.Engine.Running;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Components.Postgres.Base;

/// <summary>Puts changed pages into restored files, each page once.</summary>
/// <param name="session">The point.</param>
/// <param name="pages">What it has of pages.</param>
/// <param name="place">Where the file at a path of the data directory has been restored to.</param>
internal sealed class PagePatch(RestoreSession session, PointPages pages, Func<string, string> place)
{
    /// <param name="except">Files that have theirs.</param>
    /// <param name="cancellation">Stops it.</param>
    public async Task RunAsync(IReadOnlySet<string> except, CancellationToken cancellation)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = session.Repository.Options.Workers, CancellationToken = cancellation };
        await Parallel.ForEachAsync((await pages.FindAsync(cancellation)).Where(file => !except.Contains(file.Key)), parallel, async (file, token) => await ApplyAsync(file.Key, file.Value, token));
    }

    private async Task ApplyAsync(string relative, PageFiles files, CancellationToken cancellation)
    {
        if (await pages.ReadListAsync(relative, files, cancellation) is not { } list) return;
        using var file = File.OpenHandle(place(relative), FileMode.Open, FileAccess.ReadWrite);
        await WriteAsync(session, files, list, file, _ => true, cancellation);
        RandomAccess.SetLength(file, list.Length);
    }

    /// <summary>Writes those of the changed pages that are wanted.</summary>
    public static async Task WriteAsync(RestoreSession session, PageFiles files, PageList list, SafeFileHandle file, Func<uint, bool> isWanted, CancellationToken cancellation)
    {
        await using var content = session.Repository.OpenFile(files.Delta!);
        var page = new byte[list.PageSize];
        foreach (var changed in list.Pages)
        {
            await content.ReadExactlyAsync(page, cancellation);
            if (isWanted(changed.Block)) RandomAccess.Write(file, page, (long)changed.Block * list.PageSize);
        }
    }
}
