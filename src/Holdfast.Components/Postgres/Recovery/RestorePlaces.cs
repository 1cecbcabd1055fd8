using System.Globalization;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// The target folders of a cluster: the original ones, folders below another directory, or one given for each
/// tablespace.
/// </summary>
/// <param name="Data">The data directory.</param>
/// <param name="Tablespaces">The folder of each tablespace, with the original one.</param>
internal sealed record RestorePlaces(string Data, IReadOnlyList<TablespacePlace> Tablespaces)
{
    /// <summary>The data directory as it was given, before links are resolved.</summary>
    private string Named { get; init; } = Data;

    /// <summary>
    /// The directory above all folders except tablespaces for which the user has given a place; null for a restore to
    /// the original folders.
    /// </summary>
    private string? Target { get; init; }

    /// <exception cref="ProblemException">
    /// A place is given for a tablespace that the cluster does not have, or is not an absolute path.
    /// </exception>
    public static RestorePlaces Of(BaseRecord record, string? target, IReadOnlyDictionary<string, string> places)
    {
        var moved = record.Tablespaces.Where(tablespace => Path.IsPathRooted(tablespace.Path)).ToList();
        foreach (var (oid, path) in places)
        {
            if (moved.All(tablespace => Key(tablespace) != oid))
                throw Catalogue.PostgresTarget.Throwable($"The cluster has no tablespace {oid}.", moved.Count == 0 ? "It has none outside of its data directory." : $"It has {string.Join(", ", moved.Select(tablespace => $"{Key(tablespace)} ({tablespace.Name}, {tablespace.Path})"))}.");
            if (!Path.IsPathRooted(path)) throw Catalogue.PostgresTarget.Throwable($"The place '{path}' of tablespace {oid} is no absolute path.", "Write it as --tablespace OID=/PATH.");
        }
        return new RestorePlaces(
            target is null ? LocalEntries.Resolve(record.DataDirectory) : target + record.DataDirectory,
            [.. moved.Select(tablespace => new TablespacePlace(tablespace.Oid, tablespace.Path, places.TryGetValue(Key(tablespace), out var place) ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(place)) : target + tablespace.Path))]) { Named = target + record.DataDirectory, Target = target };
    }

    /// <exception cref="ProblemException">
    /// A file exists at the path of a folder or of a parent folder, or one folder is in another.
    /// </exception>
    public void Check()
    {
        RefuseLed();
        RefuseLeft();
        foreach (var folder in Folders)
            if (Obstacle(folder) is { } obstacle) throw Catalogue.PostgresFiles.Throwable($"{folder} cannot be made a folder: {obstacle} is none.", "Move it away, or choose another place with --target or --tablespace.");
        foreach (var tablespace in Tablespaces)
        {
            if (FolderNesting.IsWithin(tablespace.Folder, Data)) throw Refused(tablespace, $"lies in the data directory {Data}");
            if (Tablespaces.FirstOrDefault(other => other.Oid < tablespace.Oid && FolderNesting.IsWithin(tablespace.Folder, other.Folder) && FolderNesting.IsWithin(other.Folder, tablespace.Folder)) is { } same) throw Refused(tablespace, $"is that of tablespace {same.Oid}, too");
        }
    }

    /// <summary>The data directory and the folder of each tablespace.</summary>
    public IEnumerable<string> Folders => Tablespaces.Select(tablespace => tablespace.Folder).Prepend(Data);

    /// <summary>
    /// Folders that only the recovery point names: no folder of the user with content exists there, and --tablespace
    /// does not name them.
    /// </summary>
    public IReadOnlyList<string> Unknown(uint user)
    {
        var named = Tablespaces.Where(tablespace => tablespace.Folder != tablespace.Source).Select(tablespace => tablespace.Folder);
        return [.. Folders.Except(named, StringComparer.Ordinal).Where(folder => !IsOf(folder))];

        bool IsOf(string folder) =>
            Directory.Exists(folder) && ActingUser.OwnerOf(folder).User == user && Directory.EnumerateFileSystemEntries(folder).Any();
    }

    /// <summary>
    /// Refuses links that could misdirect the restore. A link of the server's user may point to folders that this user
    /// could exchange anyway, never to root's: they would be moved aside and replaced by a folder of the user.
    /// </summary>
    private void RefuseLed()
    {
        if (!Environment.IsPrivilegedProcess || TrustedPath.LinkedBy(Named, out var link) is not { } user || TrustedPath.LinkedBy(Data, out _) is null && TrustedPath.Keeper(Data)?.User == user.User) return;
        throw Catalogue.PostgresFiles.Throwable(
            $"The way to the data directory {Named} leads over {link} to {Data}, and another user than root can exchange that link.", "Let root make the link, in a folder that root alone can write, or restore with --target.");
    }

    /// <summary>
    /// Refuses any link below the target, root's too: an earlier restore may have created it, with a target that the
    /// recovery point's author chose.
    /// </summary>
    /// <exception cref="ProblemException">A component of the path from the target to a folder is a link.</exception>
    public void RefuseLeft()
    {
        if (Target is not { } target) return;
        foreach (var folder in Folders.Where(folder => folder.StartsWith($"{target}/", StringComparison.Ordinal)))
            for (var at = folder; at.Length > target.Length; at = Path.GetDirectoryName(at)!)
                if (LocalEntries.TryFind(at, out var type, out _) && type == NodeType.Symlink)
                    throw Catalogue.PostgresFiles.Throwable($"The way to {folder} goes through the link {at}, which may lead out of {target}.", "Restore to a directory that is empty or does not exist yet.");
    }

    /// <summary>The process ID of the server that runs in the data directory; null when none does.</summary>
    public int? Running => Directory.Exists(Data) ? Postmaster.Find(Data) : null;

    /// <exception cref="ProblemException">A server runs in the data directory.</exception>
    public void RefuseRunning()
    {
        if (Running is { } pid)
            throw Catalogue.PostgresRunning.Throwable($"A server runs in {Data}, as process {pid}{(ServerUnit.OfProcess(pid) is { } unit ? $" of {unit}" : "")}.", "Stop it ('holdfast platform stop --stores', or systemctl), or name its unit as 'service' of the cluster in the profile; or restore with --target to another place.");
    }

    private static ProblemException Refused(TablespacePlace tablespace, string why) =>
        Catalogue.PostgresFiles.Throwable($"The place {tablespace.Folder} of tablespace {tablespace.Oid} {why}.", $"Choose another with --tablespace {tablespace.Oid}=/PATH.");

    /// <summary>
    /// Returns the first path, of a folder or of its parents, that exists and is not a folder; null when there is none.
    /// </summary>
    private static string? Obstacle(string folder)
    {
        var standing = FolderNesting.Nearest(folder);
        return Directory.Exists(standing) ? null : standing;
    }

    /// <summary>
    /// Returns tablespace_map with the new folders: the server creates its links from it when replay begins.
    /// </summary>
    public string? Map(string? map)
    {
        if (map is null) return null;
        return string.Concat(TablespaceMap.Read(map).Select(line => TablespaceMap.Line(line.Oid, Tablespaces.FirstOrDefault(place => Key(place.Oid) == line.Oid)?.Folder ?? line.Path)));
    }

    private static string Key(TablespaceEntry tablespace) => Key(tablespace.Oid);

    private static string Key(uint oid) => oid.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A tablespace: its original folder and its new one.</summary>
internal sealed record TablespacePlace(uint Oid, string Source, string Folder);
