using System.Globalization;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>Where the files of a cluster go: where they came from, below another directory, or where the user wants each tablespace.</summary>
/// <param name="Data">The data directory.</param>
/// <param name="Tablespaces">The folder of each tablespace, with the one it came from.</param>
internal sealed record RestorePlaces(string Data, IReadOnlyList<TablespacePlace> Tablespaces)
{
    /// <summary>The data directory as it is named, before links are followed.</summary>
    private string Named { get; init; } = Data;

    /// <summary>The directory that all but the tablespaces for which the user has given a place lies below; null for a restore in place.</summary>
    private string? Target { get; init; }

    /// <exception cref="ProblemException">A place is given for a tablespace that the cluster does not have, or is no absolute path.</exception>
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

    /// <exception cref="ProblemException">Something that is no folder stands in the way of one, or one lies in another.</exception>
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

    /// <summary>Folders that the point alone names: no folder of the user with something in it stands there, and --tablespace does not name it.</summary>
    public IReadOnlyList<string> Unknown(uint user)
    {
        var named = Tablespaces.Where(tablespace => tablespace.Folder != tablespace.Source).Select(tablespace => tablespace.Folder);
        return [.. Folders.Except(named, StringComparer.Ordinal).Where(folder => !IsOf(folder))];

        bool IsOf(string folder) =>
            Directory.Exists(folder) && ActingUser.OwnerOf(folder).User == user && Directory.EnumerateFileSystemEntries(folder).Any();
    }

    /// <summary>A link of the server's user may lead to what that user could exchange anyway, never to what is root's: that would be moved aside, and a folder of the user put there.</summary>
    private void RefuseLed()
    {
        if (!Environment.IsPrivilegedProcess || TrustedPath.LinkedBy(Named, out var link) is not { } user || TrustedPath.LinkedBy(Data, out _) is null && TrustedPath.Keeper(Data)?.User == user.User) return;
        throw Catalogue.PostgresFiles.Throwable(
            $"The way to the data directory {Named} leads over {link} to {Data}, and another user than root can exchange that link.", "Let root make the link, in a folder that root alone can write, or restore with --target.");
    }

    /// <summary>Below the target no link is followed, root's neither: an earlier restore may have made it, and whoever made the recovery point said where it leads.</summary>
    /// <exception cref="ProblemException">A link stands on the way from the target to a folder.</exception>
    public void RefuseLeft()
    {
        if (Target is not { } target) return;
        foreach (var folder in Folders.Where(folder => folder.StartsWith($"{target}/", StringComparison.Ordinal)))
            for (var at = folder; at.Length > target.Length; at = Path.GetDirectoryName(at)!)
                if (LocalEntries.TryFind(at, out var type, out _) && type == NodeType.Symlink)
                    throw Catalogue.PostgresFiles.Throwable($"The way to {folder} goes through the link {at}, which may lead out of {target}.", "Restore to a directory that is empty or does not exist yet.");
    }

    /// <summary>The server that runs in the data directory, if one does.</summary>
    public int? Running => Directory.Exists(Data) ? Postmaster.Find(Data) : null;

    /// <exception cref="ProblemException">A server runs in the data directory.</exception>
    public void RefuseRunning()
    {
        if (Running is { } pid)
            throw Catalogue.PostgresRunning.Throwable($"A server runs in {Data}, as process {pid}{(ServerUnit.OfProcess(pid) is { } unit ? $" of {unit}" : "")}.", "Stop it ('holdfast platform stop --stores', or systemctl), or name its unit as 'service' of the cluster in the profile; or restore with --target to another place.");
    }

    private static ProblemException Refused(TablespacePlace tablespace, string why) =>
        Catalogue.PostgresFiles.Throwable($"The place {tablespace.Folder} of tablespace {tablespace.Oid} {why}.", $"Choose another with --tablespace {tablespace.Oid}=/PATH.");

    /// <summary>What stands at the path of a folder, or above it, and is none; null when nothing does.</summary>
    private static string? Obstacle(string folder)
    {
        var standing = FolderNesting.Nearest(folder);
        return Directory.Exists(standing) ? null : standing;
    }

    /// <summary>tablespace_map with the new places: when replay begins, the server makes its links by it.</summary>
    public string? Map(string? map)
    {
        if (map is null) return null;
        return string.Concat(TablespaceMap.Read(map).Select(line => TablespaceMap.Line(line.Oid, Tablespaces.FirstOrDefault(place => Key(place.Oid) == line.Oid)?.Folder ?? line.Path)));
    }

    private static string Key(TablespaceEntry tablespace) => Key(tablespace.Oid);

    private static string Key(uint oid) => oid.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A tablespace: where it was, and where it goes.</summary>
internal sealed record TablespacePlace(uint Oid, string Source, string Folder);
