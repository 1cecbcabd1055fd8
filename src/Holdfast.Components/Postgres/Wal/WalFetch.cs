using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>
/// Fetches WAL files without a service. Opening a repository takes half a second, so the next segments are also stored
/// beside the target, where the next call finds them; they are removed when recovery requests one that does not exist.
/// </summary>
public sealed class WalFetch(Repository repository, string platform, string cluster)
{
    /// <summary>The number of segments that are read ahead: 128 MiB with the default size.</summary>
    private const int Ahead = 8;

    private const string Spool = ".holdfast-wal";

    /// <summary>The path of the read-ahead folder for a target.</summary>
    public static string SpoolOf(string target) => Path.Combine(Path.GetDirectoryName(target)!, Spool);

    /// <summary>
    /// Takes a file that an earlier call has read ahead; false when there is none. Needs no repository.
    /// </summary>
    public static bool TryTake(string name, string target)
    {
        var ready = Path.Combine(SpoolOf(target), name);
        if (WalFile.Find(name) is null || !HasSpool(target) || !File.Exists(ready)) return false;
        using (TrustedPath.ActAsKeeper(target)) File.Move(ready, target, overwrite: true);
        DurableFolder.Sync(Path.GetDirectoryName(target)!);
        return true;
    }

    /// <summary>Fetches a file. True when it was written, false when the archive does not have it.</summary>
    public async Task<bool> RunAsync(string name, string target, CancellationToken cancellation)
    {
        using var catalogue = await WalCatalogue.ReadAsync(repository, platform, cluster, cancellation);
        var files = new WalFiles(repository, catalogue);
        if (await files.OpenAsync(name, cancellation) is not { } found)
        {
            if (name.Length == WalSegment.NameLength) RemoveSpool(target);
            return false;
        }
        await using (found.Content) await WholeFile.WriteAsync(target, found.Content.CopyToAsync, cancellation);
        if (WalSegment.TryParse(name, out var segment)) await TryReadAheadAsync(catalogue, files, segment, target, cancellation);
        return true;
    }

    /// <summary>
    /// Reads the next segments ahead. The requested file is written already: one that cannot be stored beside it is
    /// requested by itself later, and fails then.
    /// </summary>
    private static async Task TryReadAheadAsync(WalCatalogue catalogue, WalFiles files, WalSegment segment, string target, CancellationToken cancellation)
    {
        try
        {
            await ReadAheadAsync(catalogue, files, segment, target, cancellation);
        }
        catch (Exception failure) when (failure is ProblemException or ResticException or IOException or UnauthorizedAccessException)
        {
            RemoveSpool(target);
        }
    }

    /// <summary>
    /// Removes the read-ahead folder. PostgreSQL calls as its own user; in a folder of that user, root does only what
    /// that user could do.
    /// </summary>
    private static void RemoveSpool(string target)
    {
        if (!HasSpool(target)) return;
        using (TrustedPath.ActAsKeeper(target)) Directory.Delete(SpoolOf(target), recursive: true);
    }

    /// <summary>
    /// True when the folder is owned by the user as whom root acts beside the target: then only that user can replace
    /// files in it. In /tmp another user may have created one, with segments of its own.
    /// </summary>
    private static bool HasSpool(string target) => FileFacts.TryFind(SpoolOf(target)) is { IsFolder: true } found
        && (!Environment.IsPrivilegedProcess || found.User == (TrustedPath.Keeper(target)?.User ?? 0));

    private static async Task ReadAheadAsync(WalCatalogue catalogue, WalFiles files, WalSegment segment, string target, CancellationToken cancellation)
    {
        var spool = SpoolOf(target);
        using (TrustedPath.ActAsKeeper(spool)) PrivateFolder.Make(spool);
        if (!HasSpool(target)) return;
        for (var i = 0; i < Ahead; i++)
        {
            segment = segment.Next(catalogue.SegmentSize);
            if (await files.ReadAsync(segment.Name, cancellation) is not { } content) return;
            await WholeFile.WriteAsync(Path.Combine(spool, segment.Name), async (file, token) => await file.WriteAsync(content, token), cancellation);
        }
    }
}
