using System.Globalization;
using System.Runtime.InteropServices;

namespace Holdfast.Restic.Posix;

/// <summary>What can be told of a process of this machine by its number.</summary>
internal static partial class RunningProcess
{
    private const int NoSuchProcess = 3; // ESRCH

    // The kernel tells times to user space in hundredths of a second on every architecture. Source: proc(5), sysconf(3).
    private const int TicksPerSecond = 100;

    /// <summary>True unless the kernel says that there is no such process; one of another user is alive as well.</summary>
    public static bool IsAlive(int pid) => pid > 0 && (Kill(pid, 0) == 0 || Marshal.GetLastPInvokeError() != NoSuchProcess);

    /// <summary>When a process was started, to the second; null when it is gone or may not be seen.</summary>
    public static DateTimeOffset? StartedAt(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The name of the program may hold anything, so that the fields are counted from behind its bracket.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var sinceBoot = TimeSpan.FromSeconds(double.Parse(fields[19], CultureInfo.InvariantCulture) / TicksPerSecond);
            return BootedAt() + sinceBoot;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static DateTimeOffset? BootedAt()
    {
        var line = File.ReadLines("/proc/stat").FirstOrDefault(line => line.StartsWith("btime ", StringComparison.Ordinal));
        return line is null ? null : DateTimeOffset.FromUnixTimeSeconds(long.Parse(line.AsSpan(6), CultureInfo.InvariantCulture));
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
