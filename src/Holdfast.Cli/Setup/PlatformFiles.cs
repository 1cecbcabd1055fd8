using Holdfast.Components.Systemd;

namespace Holdfast.Cli.Setup;

/// <summary>Finds the files of a platform: those that its units are, and those that they name.</summary>
internal static class PlatformFiles
{
    private const string Units = "/etc/systemd/system";

    /// <summary>
    /// Directories in which platforms are installed. Elsewhere a working directory may be anything, even the whole
    /// disk.
    /// </summary>
    private static readonly string[] _applicationFolders = ["/opt/", "/srv/", "/usr/local/", "/var/www/", "/home/"];

    /// <summary>Folders of many packages: single files of them are taken.</summary>
    private static readonly string[] _sharedFolders = ["/etc", "/etc/default", "/etc/sysconfig", "/etc/conf.d"];

    /// <summary>Groups that have something in them, by name.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Of(IReadOnlyList<RunningUnit> units)
    {
        var groups = new SortedDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
        {
            ["application"] = Outermost(units.Where(UnitRoles.IsLocal).SelectMany(FoldersOf).SelectMany(Release)),
            ["configuration"] = Outermost(units.SelectMany(ConfigurationOf)),
            ["units"] = Outermost(units.SelectMany(FilesOf)),
        };
        foreach (var empty in groups.Where(group => group.Value.Count == 0).Select(group => group.Key).ToList()) groups.Remove(empty);
        return groups;
    }

    /// <summary>Its own file and drop-ins where no package owns them, and the links that enable it.</summary>
    private static IEnumerable<string> FilesOf(RunningUnit unit)
    {
        foreach (var path in unit.DropIns.Prepend(unit.File))
            if (path.StartsWith("/etc/", StringComparison.Ordinal) || UnitRoles.IsLocal(unit)) yield return path;
        if (!Directory.Exists(Units)) yield break;
        foreach (var wants in Directory.EnumerateDirectories(Units, "*.wants").Select(folder => Path.Combine(folder, unit.Name)))
            if (Path.Exists(wants) || new FileInfo(wants).LinkTarget is not null) yield return wants;
    }

    /// <summary>The folders that its program works in or comes from.</summary>
    private static IEnumerable<string> FoldersOf(RunningUnit unit)
    {
        var scripts = Words(unit).Where(File.Exists).Select(path => Path.GetDirectoryName(path)!);
        return scripts.Concat(ProgramFoldersOf(unit)).Append(unit.Folder).Where(folder => _applicationFolders.Any(place => folder.StartsWith(place, StringComparison.Ordinal)) && Directory.Exists(folder));
    }

    /// <summary>
    /// The directory that its program is installed in, or the parent of "bin"; none where programs of several owners
    /// are installed, as in /usr/local/bin.
    /// </summary>
    private static IEnumerable<string> ProgramFoldersOf(RunningUnit unit)
    {
        if (unit.Command is not [['/', ..] program, ..] || !File.Exists(program)) return [];
        var folder = Path.GetDirectoryName(program)!;
        if (Path.GetFileName(folder) is not ("bin" or "sbin")) return [folder];
        var above = Path.GetDirectoryName(folder)!;
        return above == "/usr/local" || Path.GetDirectoryName(above) == "/home" ? [] : [above];
    }

    /// <summary>
    /// When a symlink in the path points to a release, the symlink and the directory of all releases; otherwise the
    /// directory itself.
    /// </summary>
    private static IEnumerable<string> Release(string folder)
    {
        for (var path = folder; path.Length > 1; path = Path.GetDirectoryName(path)!)
        {
            if (new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: true) is not { } target) continue;
            var releases = Path.GetDirectoryName(target.FullName)!;
            return [path, path.StartsWith(releases + "/", StringComparison.Ordinal) || releases.Length < 2 ? target.FullName : releases];
        }
        return [folder];
    }

    /// <summary>Folders and files of /etc that its command line and its file name, and those that its kind of program always has.</summary>
    private static IEnumerable<string> ConfigurationOf(RunningUnit unit)
    {
        var named = Words(unit).Concat(unit.Process?.Arguments ?? []).Select(word => word[(word.IndexOf('=', StringComparison.Ordinal) + 1)..]).Concat(EnvironmentFilesOf(unit));
        if (UnitRoles.KindOf(unit) == ProgramKind.Nginx) named = named.Append("/etc/nginx/nginx.conf");
        return named.Where(path => path.StartsWith("/etc/", StringComparison.Ordinal) && Path.Exists(path)).Select(Apart);
    }

    /// <summary>The directory of a file unless it is shared with other programs; otherwise the file.</summary>
    private static string Apart(string path)
    {
        if (Directory.Exists(path)) return path.TrimEnd('/');
        var folder = Path.GetDirectoryName(path)!;
        return _sharedFolders.Contains(folder, StringComparer.Ordinal) ? path : folder;
    }

    private static IEnumerable<string> Words(RunningUnit unit) => unit.Command.Skip(1).Where(word => word.StartsWith('/'));

    private static IEnumerable<string> EnvironmentFilesOf(RunningUnit unit)
    {
        const string Setting = "EnvironmentFile=";
        foreach (var path in unit.DropIns.Prepend(unit.File).Where(File.Exists))
            foreach (var line in ServerSearch.TextOf(path).Split('\n', StringSplitOptions.TrimEntries).Where(line => line.StartsWith(Setting, StringComparison.Ordinal)))
                yield return line[Setting.Length..].TrimStart('-');
    }

    /// <summary>Each path once, without paths below another one.</summary>
    private static IReadOnlyList<string> Outermost(IEnumerable<string> paths)
    {
        var all = paths.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        return [.. all.Where(path => !all.Any(other => path.StartsWith(other + "/", StringComparison.Ordinal)))];
    }
}
