using System.Globalization;
using Holdfast.Components.Postgres.Format;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.DataDirectory;

/// <summary>
/// Distinguishes a server that replays WAL, however long that takes, from one that hangs: its replay LSN advances, its
/// control file changes, or its startup process uses CPU time. A server accepts no connections before it is consistent,
/// so until then only the latter two can be seen.
/// </summary>
internal sealed class ReplayProgress(string data, TimeProvider clock)
{
    private (NpgsqlLogSequenceNumber? Replayed, DateTime Control, string Ticks) _last;
    private long _moved = clock.GetTimestamp();

    /// <summary>Returns how long none of these has changed.</summary>
    public TimeSpan Still(int postmaster, NpgsqlLogSequenceNumber? replayed)
    {
        var now = (replayed, File.GetLastWriteTimeUtc(ControlFile.PathIn(data)), Ticks(postmaster));
        if (now != _last) (_last, _moved) = (now, clock.GetTimestamp());
        return clock.GetElapsedTime(_moved);
    }

    /// <summary>The CPU time of the startup process and of its children. Source: proc(5), /proc/pid/stat.</summary>
    private static string Ticks(int postmaster)
    {
        var children = Children(postmaster).Where(child => Read($"/proc/{child}/cmdline").Contains("startup", StringComparison.Ordinal)).ToList();
        return string.Join(' ', children.Concat(children.SelectMany(Children)).Select(process => Read($"/proc/{process}/stat")).Select(stat => stat[(stat.LastIndexOf(')') + 1)..].Split(' ')).Where(words => words.Length > 13).Select(words => $"{words[12]}+{words[13]}"));
    }

    private static IEnumerable<int> Children(int process) =>
        Read($"/proc/{process}/task/{process}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => int.Parse(word, CultureInfo.InvariantCulture));

    /// <summary>Reads a file; empty when the process has ended meanwhile.</summary>
    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
