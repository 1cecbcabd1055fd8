using System.Globalization;
using System.Text;
using Holdfast.Engine.Hosts;

namespace Holdfast.Components.Systemd;

/// <summary>The processes of a machine, read once. Source: proc(5). Kernel threads and processes that have ended are left out.</summary>
internal sealed class ProcessTable
{
    /// <summary>The kernel reports times to programs in hundredths of a second. Source: proc(5), sysconf(3).</summary>
    private const int TicksPerSecond = 100;

    /// <summary>
    /// The limit of a command line that is read. The kernel allows some 2 MiB; a longer one belongs to a program that
    /// overwrites it, and such a process is read without its command line.
    /// </summary>
    private const int LargestLine = 8 << 20;

    private readonly Dictionary<int, ProcessEntry> _byId;
    private readonly DateTimeOffset _booted;

    private ProcessTable(IEnumerable<ProcessEntry> entries, DateTimeOffset booted) =>
        (_byId, _booted) = (entries.ToDictionary(entry => entry.Id), booted);

    public IEnumerable<ProcessEntry> All => _byId.Values;

    /// <param name="root">"/proc".</param>
    public static ProcessTable Read(string root) => new(Ids(root).Select(id => TryRead(root, id)).OfType<ProcessEntry>(), BootedAt(root));

    /// <summary>The process of a number, or null.</summary>
    public ProcessEntry? Find(int id) => _byId.GetValueOrDefault(id);

    /// <summary>The time at which a process was started, accurate to a second.</summary>
    public DateTimeOffset StartOf(ProcessEntry entry) => _booted + TimeSpan.FromSeconds((double)entry.Started / TicksPerSecond);

    /// <summary>A process with its ancestors and its descendants.</summary>
    public IReadOnlySet<int> FamilyOf(int id)
    {
        var family = new HashSet<int>();
        for (var next = Find(id); next is not null && family.Add(next.Id);) next = Find(next.Parent);
        var ours = new HashSet<int> { id };
        while (All.Where(entry => ours.Contains(entry.Parent)).Any(entry => ours.Add(entry.Id))) continue;
        family.UnionWith(ours);
        return family;
    }

    private static IEnumerable<int> Ids(string root) =>
        Directory.EnumerateDirectories(root).Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0).Where(id => id > 0);

    /// <summary>Null when it has gone meanwhile, is a zombie, or is a thread of the kernel.</summary>
    private static ProcessEntry? TryRead(string root, int id)
    {
        try
        {
            var arguments = Encoding.UTF8.GetString(OwnedFile.ReadBytes($"{root}/{id}/cmdline", LargestLine)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
            using var opened = OwnedFile.Open($"{root}/{id}/stat");
            var stat = Encoding.UTF8.GetString(opened.Read(LargestLine));
            // The name of the program may hold anything, so that the fields are counted from behind its bracket.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            if (arguments.Length == 0 || fields[0] is "Z" or "X") return null;
            return new ProcessEntry
            {
                Id = id,
                Parent = int.Parse(fields[1], CultureInfo.InvariantCulture),
                Started = long.Parse(fields[19], CultureInfo.InvariantCulture),
                User = UserOf($"{root}/{id}/status") ?? opened.User,
                Program = ProgramOf($"{root}/{id}/exe"),
                IsLent = IsLent($"{root}/{id}/exe"),
                Arguments = arguments,
                ControlGroup = ControlGroups.Read(OwnedFile.ReadText($"{root}/{id}/cgroup", LargestLine)),
            };
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The effective uid, the second of the four in "Uid:". The owner of the files in /proc is root for a process that may not be dumped.</summary>
    private static uint? UserOf(string status)
    {
        if (!File.Exists(status)) return null;
        var line = OwnedFile.ReadText(status, LargestLine).Split('\n').FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal));
        return line?.Split('\t') is [_, _, var effective, ..] && uint.TryParse(effective, NumberStyles.None, CultureInfo.InvariantCulture, out var user) ? user : null;
    }

    /// <summary>A program that was replaced while it runs is named by its old path.</summary>
    private static string ProgramOf(string link)
    {
        const string Deleted = " (deleted)";
        try
        {
            var program = new FileInfo(link).LinkTarget ?? "";
            return program.EndsWith(Deleted, StringComparison.Ordinal) ? program[..^Deleted.Length] : program;
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static bool IsLent(string link)
    {
        try
        {
            return File.GetUnixFileMode(link).HasFlag(UnixFileMode.SetUser);
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static DateTimeOffset BootedAt(string root)
    {
        var line = File.ReadLines($"{root}/stat").First(line => line.StartsWith("btime ", StringComparison.Ordinal));
        return DateTimeOffset.FromUnixTimeSeconds(long.Parse(line.AsSpan(6), CultureInfo.InvariantCulture));
    }
}
