using System.Globalization;
using System.Runtime.InteropServices;

namespace Holdfast.Restic.Posix;

/// <summary>Finds information about a process of this machine by its number.</summary>
internal static partial class RunningProcess
{
    private const int NoSuchProcess = 3; // ESRCH

    /// <summary>
    /// Returns true unless the kernel reports that there is no such process; a process of another user counts as alive.
    /// </summary>
    public static bool IsAlive(int pid) => pid > 0 && (Kill(pid, 0) == 0 || Marshal.GetLastPInvokeError() != NoSuchProcess);

    /// <summary>
    /// Returns the start time of a process, in clock ticks since the boot; null when it has ended or may not be read.
    /// Source: proc(5).
    /// </summary>
    public static long? StartTicks(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The name of the program may contain any character, so fields are counted from its closing parenthesis.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
