using System.Globalization;
using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Systemd;

/// <summary>Finds PID files by patterns, and tells stale ones, which keep programs from starting, from those of processes that run.</summary>
internal static class PidFiles
{
    /// <summary>A program writes its file after it has begun. Clocks are read to the second, and may have been set.</summary>
    private static readonly TimeSpan _slack = TimeSpan.FromSeconds(5);

    /// <param name="patterns">Absolute paths with wildcards.</param>
    /// <param name="processes">What runs.</param>
    /// <param name="isOurs">Whether a process may be one of the platform; null when nobody can say.</param>
    public static IReadOnlyList<PidFile> Find(IEnumerable<string> patterns, ProcessTable processes, Func<ProcessEntry, bool?> isOurs) =>
        [.. patterns.SelectMany(Expand).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(path => Judge(path, processes, isOurs)).OfType<PidFile>()];

    /// <summary>Moves a file aside; its new name.</summary>
    /// <exception cref="IOException">It can not be moved.</exception>
    public static string MoveAside(PidFile file, string suffix)
    {
        var aside = file.Path + suffix;
        File.Move(file.Path, aside);
        return aside;
    }

    private static PidFile? Judge(string path, ProcessTable processes, Func<ProcessEntry, bool?> isOurs)
    {
        try
        {
            var word = File.ReadAllText(path).Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return new PidFile(path, 0, "it holds no number");
            if (processes.Find(id) is not { } process) return new PidFile(path, id, $"process {id} is gone");
            if (processes.StartOf(process) > new DateTimeOffset(File.GetLastWriteTimeUtc(path)) + _slack) return new PidFile(path, id, $"process {id} is a later one, {process.Program}");
            return new PidFile(path, id, isOurs(process) == false ? $"process {id} is another program, {process.Program}" : null);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Expand(string pattern)
    {
        IEnumerable<string> found = [""];
        foreach (var part in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries))
            found = NamePattern.IsIn(part) ? found.SelectMany(folder => Below(folder, part)) : found.Select(folder => $"{folder}/{part}");
        return found.Where(File.Exists);
    }

    private static IEnumerable<string> Below(string folder, string part)
    {
        var pattern = new NamePattern(part);
        var names = Directory.Exists(folder + "/") ? Directory.EnumerateFileSystemEntries(folder + "/").Select(Path.GetFileName) : [];
        return names.OfType<string>().Where(name => pattern.Matches(name)).Select(name => $"{folder}/{name}");
    }
}
