using System.Globalization;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.DataDirectory;

/// <summary>A finished folder, its destination, and the path of the moved-aside copy of what exists there.</summary>
/// <param name="Growing">The finished folder.</param>
/// <param name="Place">Its destination.</param>
/// <param name="Aside">Where the old folder is moved aside to; null when there is none.</param>
internal sealed record ExchangedFolder(string Growing, string Place, string? Aside);

/// <summary>
/// Moves finished folders to their destinations and the old ones aside: the data directory and each tablespace, which
/// belong together. No rename can do that for several folders at once, so an undo that restores the old ones is
/// registered until all moves are done and durable.
/// </summary>
internal sealed class FolderExchange(string cluster) : IUndoHandler
{
    public string Kind => $"postgres/{cluster}.put-back";

    /// <summary>Creates the undo to register before the first folder is moved.</summary>
    public Undo PutBack(IReadOnlyList<ExchangedFolder> folders)
    {
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (number, folder) in folders.Index())
        {
            words[Key("growing", number)] = folder.Growing;
            words[Key("place", number)] = folder.Place;
            if (folder.Aside is { } aside) words[Key("aside", number)] = aside;
        }
        return new Undo(Kind, $"Puts the old files of {cluster} back, of which a restore had exchanged a part.", words);
    }

    /// <summary>Exchanges all folders; the exchange is durable when this returns.</summary>
    public static void Run(IReadOnlyList<ExchangedFolder> folders)
    {
        foreach (var (from, to) in Moves(folders)) Move(from, to);
        Sync(folders);
    }

    /// <summary>
    /// The renames in their order, all old folders first: the rest of a cluster that lacks a part does not start, while
    /// one with parts of two clusters might.
    /// </summary>
    public static IEnumerable<(string From, string To)> Moves(IReadOnlyList<ExchangedFolder> folders) =>
        [.. folders.Where(folder => folder.Aside is not null).Select(folder => (folder.Place, folder.Aside!)), .. folders.Select(folder => (folder.Growing, folder.Place))];

    /// <summary>Rolls back the moves; which folders exist at which paths shows how far each move got.</summary>
    /// <exception cref="ProblemException">
    /// A server has been started meanwhile: an administrator must decide.
    /// </exception>
    public Task UndoAsync(Undo undo, CancellationToken cancellation)
    {
        var folders = Read(undo);
        RefuseLed(folders);
        foreach (var folder in folders)
            if (Directory.Exists(folder.Place) && Postmaster.Find(folder.Place) is { } pid)
                throw Catalogue.PostgresRunning.Throwable($"A restore of {cluster} was cut off while folders changed places, and a server runs in {folder.Place} since then, as process {pid}.", "Stop it, and run 'holdfast recover' again: it puts the old files back.");
        foreach (var folder in Enumerable.Reverse(folders))
        {
            cancellation.ThrowIfCancellationRequested();
            PutBack(folder);
        }
        Sync(folders);
        return Task.CompletedTask;
    }

    private static void Sync(IReadOnlyList<ExchangedFolder> folders)
    {
        foreach (var parent in folders.Select(folder => Path.GetDirectoryName(folder.Place)!).Distinct(StringComparer.Ordinal)) DurableFolder.Sync(parent);
    }

    /// <summary>
    /// Renames as the owner of the parent folder: a link that replaces it meanwhile gives no access to anything that is
    /// closed to that user.
    /// </summary>
    private static void Move(string from, string to)
    {
        try
        {
            using (TrustedPath.ActAsKeeper(to)) Directory.Move(from, to);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.PostgresFiles.Throwable($"{from} cannot be renamed to {to}: {refused.Message.TrimEnd('.')}.", "Restore with --delta, which replaces files where they are: a folder of another file system, or of a lower layer of an overlay, cannot be renamed.", refused);
        }
    }

    private static void PutBack(ExchangedFolder folder)
    {
        var wasMoved = folder.Aside is null || Directory.Exists(folder.Aside);
        if (wasMoved && Directory.Exists(folder.Place) && !Directory.Exists(folder.Growing)) Move(folder.Place, folder.Growing);
        if (folder.Aside is { } aside && Directory.Exists(aside)) Move(aside, folder.Place);
    }

    /// <summary>
    /// Refuses a link or a file in the place of a folder: the owner of the parent folder can create one again and
    /// again, so an administrator must decide.
    /// </summary>
    /// <exception cref="ProblemException">A link or a file is in the place of a folder.</exception>
    private void RefuseLed(IReadOnlyList<ExchangedFolder> folders)
    {
        foreach (var path in folders.SelectMany(folder => new[] { folder.Growing, folder.Place, folder.Aside }).OfType<string>())
        {
            if (Environment.IsPrivilegedProcess && TrustedPath.LinkedBy(path, out var link) is not null) throw Lost($"{link} is a link that another user has made");
            if (FileFacts.TryFind(path) is { IsFolder: false }) throw Lost($"{path} is no folder");
        }

        ProblemException Lost(string why)
        {
            var renames = folders.Where(folder => folder.Aside is not null).Select(folder => $"{folder.Aside} to {folder.Place}");
            return Catalogue.UndoLost.Throwable(
                $"The old files of {cluster}, of which a restore had exchanged a part, were not put back: {why}.",
                $"Look at what is there before a server is started; then move aside what the restore has put in place, and rename what is there of the old files by hand: {string.Join(", ", renames)}.");
        }
    }

    private static List<ExchangedFolder> Read(Undo undo)
    {
        var folders = new List<ExchangedFolder>();
        for (var number = 0; undo.Arguments.TryGetValue(Key("place", number), out var place); number++)
            folders.Add(new ExchangedFolder(undo.Arguments[Key("growing", number)], place, undo.Arguments.GetValueOrDefault(Key("aside", number))));
        return folders;
    }

    private static string Key(string word, int number) => string.Create(CultureInfo.InvariantCulture, $"{word}-{number}");
}
