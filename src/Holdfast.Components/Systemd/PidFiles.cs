using System.Globalization;
using System.Text;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Systemd;

/// <summary>
/// Finds PID files by patterns, and distinguishes stale ones, which keep programs from starting, from those of running
/// processes.
/// </summary>
internal static class PidFiles
{
    /// <summary>A program writes its file after it has begun. Clocks are read to the second, and may have been set.</summary>
    private static readonly TimeSpan _slack = TimeSpan.FromSeconds(5);

    /// <summary>A number and a line break; some programs write more lines. 64 KiB is far more than any.</summary>
    private const int Largest = 64 << 10;

    /// <param name="patterns">Absolute paths with wildcards.</param>
    /// <param name="processes">The running processes.</param>
    /// <param name="isOurs">Whether a process may belong to the platform; null when it is unknown.</param>
    /// <param name="warn">Receives a message about each file that is ignored: a FIFO, a link, a device, a large
    /// file.</param>
    public static IReadOnlyList<PidFile> Find(IEnumerable<string> patterns, ProcessTable processes, Func<ProcessEntry, bool?> isOurs, Action<Problem> warn) =>
        [.. patterns.SelectMany(Expand).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(path => Judge(path, processes, isOurs, warn)).OfType<PidFile>()];

    /// <summary>Moves a file aside, and returns its new name.</summary>
    /// <exception cref="IOException">The file cannot be moved.</exception>
    public static string MoveAside(PidFile file, string suffix) => OwnedFile.Rename(file.Path, Path.GetFileName(file.Path) + suffix);

    private static PidFile? Judge(string path, ProcessTable processes, Func<ProcessEntry, bool?> isOurs, Action<Problem> warn)
    {
        try
        {
            using var file = OwnedFile.Open(path);
            var word = Encoding.UTF8.GetString(file.Read(Largest)).Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var id)) return new PidFile(path, 0, "it holds no number");
            return new PidFile(path, id, processes.Find(id) is { } process ? WhyStale(process, file, processes, isOurs) : $"process {id} is gone") { User = file.User };
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (IOException odd)
        {
            warn(Catalogue.PidFile.With($"The PID file '{path}' is not used: {odd.Message.TrimEnd('.')}."));
            return null;
        }
    }

    /// <summary>Only root may name a process of another user: the folder of the file may belong to the user of a service.</summary>
    private static string? WhyStale(ProcessEntry process, OwnedFile file, ProcessTable processes, Func<ProcessEntry, bool?> isOurs)
    {
        if (processes.StartOf(process) > new DateTimeOffset(file.Written) + _slack) return $"process {process.Id} is a later one, {process.Program}";
        if (file.User != 0 && file.User != process.User) return $"process {process.Id} belongs to another user than the file, {process.Program}";
        return isOurs(process) == false ? $"process {process.Id} is another program, {process.Program}" : null;
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
