using System.ComponentModel;
using System.Runtime.InteropServices;
using Holdfast.Components.Postgres.BaseBackup;
using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Components;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>Writes changed pages into restored files, each page once.</summary>
/// <param name="session">The recovery point.</param>
/// <param name="pages">The recovery point's page maps and changed pages.</param>
/// <param name="place">Returns where the file with a path in the data directory has been restored to.</param>
internal sealed partial class PagePatch(RestoreSession session, PointPages pages, Func<string, string> place)
{
    /// <summary>The user who opens the files; null for root, in folders that only root can enter.</summary>
    public (uint User, uint Group)? Actor { get; init; }

    /// <param name="except">Files that already have their changed pages.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    public async Task RunAsync(IReadOnlySet<string> except, CancellationToken cancellation)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = session.Repository.Options.Workers, CancellationToken = cancellation };
        await Parallel.ForEachAsync((await pages.FindAsync(cancellation)).Where(file => !except.Contains(file.Key)), parallel, async (file, token) => await ApplyAsync(file.Key, file.Value, token));
    }

    private async Task ApplyAsync(string relative, PageFiles files, CancellationToken cancellation)
    {
        if (await pages.ReadListAsync(relative, files, cancellation) is not { } list) return;
        using var file = TryOpen(place(relative), Actor) ?? throw Catalogue.PostgresFiles.Throwable($"{place(relative)} is no longer the file that was restored.");
        await WriteAsync(session, files, list, file, _ => true, cancellation);
        RandomAccess.SetLength(file, list.Length);
    }

    /// <summary>
    /// Opens a regular file that has a single name and belongs to the user, for writing; null for anything else, such
    /// as a link.
    /// </summary>
    public static SafeFileHandle? TryOpen(string path, (uint User, uint Group)? actor)
    {
        const int ReadWrite = 2, NonBlocking = 0x800, CloseOnExec = 0x80000;
        int descriptor;
        using (ActingUser.As(actor)) descriptor = open(path, ReadWrite | NonBlocking | CloseOnExec | OpenFlags.NoFollow, 0);
        if (descriptor < 0) return Marshal.GetLastPInvokeError() is NotThere or TooManyLinks or NoDevice ? null : throw new IOException($"{path}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        if (FileFacts.Of(file) is { IsRegular: true, Links: 1 } facts && (actor is null || !Environment.IsPrivilegedProcess || facts.User == actor.Value.User)) return file;
        file.Dispose();
        return null;
    }

    private const int NotThere = 2, NoDevice = 6, TooManyLinks = 40; // ENOENT, ENXIO, ELOOP

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    /// <summary>Writes the changed pages that <paramref name="isWanted"/> selects.</summary>
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
