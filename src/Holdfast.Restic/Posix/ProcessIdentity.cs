using System.Globalization;

namespace Holdfast.Restic.Posix;

/// <summary>
/// Names a process for good: its number means something only in its namespace and its boot, and even there it is given again. Both are
/// unknown (empty) where /proc is not there.
/// </summary>
/// <param name="Boot">The random name of the boot. Source: proc(5), "random/boot_id".</param>
/// <param name="Namespace">The namespaces of process numbers and of clocks. Source: namespaces(7).</param>
/// <param name="Started">When it was started, in the kernel's ticks since the boot. Source: proc(5), "/proc/[pid]/stat", field 22.</param>
internal sealed record ProcessIdentity(string Boot, string Namespace, long Started)
{
    /// <summary>This process.</summary>
    public static ProcessIdentity Own { get; } = new(Read("/proc/sys/kernel/random/boot_id"), Link("pid") + Link("time"), RunningProcess.StartTicks(Environment.ProcessId) ?? 0);

    /// <summary>True only when the process of that number can't be alive: it belongs to this boot and namespace, and there is none, or another one.</summary>
    public bool IsGone(int pid) =>
        Boot.Length > 0 && Namespace.Length > 0 && Started > 0 && pid > 0 && Boot == Own.Boot && Namespace == Own.Namespace
        && (!RunningProcess.IsAlive(pid) || (RunningProcess.StartTicks(pid) is { } now && now != Started));

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string Link(string name)
    {
        try
        {
            return new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/self/ns/{name}")).LinkTarget ?? "";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
