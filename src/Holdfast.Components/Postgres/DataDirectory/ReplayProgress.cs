using System.Globalization;
using Holdfast.Components.Postgres.Format;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.DataDirectory;

/// <summary>
/// Tells a server that replays, however long that takes, from one that hangs: its address moves on, or its control file changes, or the
/// process that replays has used the processor. Before the files fit each other a server answers nobody, so only the latter two can be seen.
/// </summary>
internal sealed class ReplayProgress(string data, TimeProvider clock)
{
    private (NpgsqlLogSequenceNumber? Replayed, DateTime Control, string Ticks) _last;
    private long _moved = clock.GetTimestamp();

    /// <summary>For how long nothing has moved.</summary>
    public TimeSpan Still(int postmaster, NpgsqlLogSequenceNumber? replayed)
    {
        var now = (replayed, File.GetLastWriteTimeUtc(ControlFile.PathIn(data)), Ticks(postmaster));
        if (now != _last) (_last, _moved) = (now, clock.GetTimestamp());
        return clock.GetElapsedTime(_moved);
    }

    /// <summary>The time of the startup process on the processor, and that of what it runs. Source: proc(5), /proc/pid/stat.</summary>
    private static string Ticks(int postmaster)
    {
        var children = Children(postmaster).Where(child => Read($"/proc/{child}/cmdline").Contains("startup", StringComparison.Ordinal)).ToList();
        return string.Join(' ', children.Concat(children.SelectMany(Children)).Select(process => Read($"/proc/{process}/stat")).Select(stat => stat[(stat.LastIndexOf(')') + 1)..].Split(' ')).Where(words => words.Length > 13).Select(words => $"{words[12]}+{words[13]}"));
    }

    private static IEnumerable<int> Children(int process) =>
        Read($"/proc/{process}/task/{process}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => int.Parse(word, CultureInfo.InvariantCulture));

    /// <summary>What has ended meanwhile has nothing to tell.</summary>
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
