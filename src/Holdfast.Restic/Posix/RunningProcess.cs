using System.Globalization;
using System.Runtime.InteropServices;

namespace Holdfast.Restic.Posix;

/// <summary>What can be told of a process of this machine by its number.</summary>
internal static partial class RunningProcess
{
    private const int NoSuchProcess = 3; // ESRCH

    /// <summary>True unless the kernel says that there is no such process; one of another user is alive as well.</summary>
    public static bool IsAlive(int pid) => pid > 0 && (Kill(pid, 0) == 0 || Marshal.GetLastPInvokeError() != NoSuchProcess);

    /// <summary>When a process was started, in the kernel's ticks since the boot; null when it is gone or may not be seen. Source: proc(5).</summary>
    public static long? StartTicks(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The name of the program may hold anything, so that the fields are counted from behind its bracket.
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
