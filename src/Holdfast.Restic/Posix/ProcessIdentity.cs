using System.Globalization;

namespace Holdfast.Restic.Posix;

/// <summary>
/// Identifies a process permanently: its number is valid only in its namespace and its boot, and even there it is
/// reused. Boot and namespace are unknown (empty) where /proc is not mounted.
/// </summary>
/// <param name="Boot">The random id of the boot. Source: proc(5), "random/boot_id".</param>
/// <param name="Namespace">The namespaces of process numbers and of clocks. Source: namespaces(7).</param>
/// <param name="Started">
/// Its start time, in clock ticks since the boot. Source: proc(5), "/proc/[pid]/stat", field 22.
/// </param>
internal sealed record ProcessIdentity(string Boot, string Namespace, long Started)
{
    /// <summary>Returns the identity of this process.</summary>
    public static ProcessIdentity Own { get; } = new(Read("/proc/sys/kernel/random/boot_id"), Link("pid") + Link("time"), RunningProcess.StartTicks(Environment.ProcessId) ?? 0);

    /// <summary>
    /// Returns true only when the process cannot be alive: it belongs to this boot and namespace, and its number is
    /// unused, or used by another process.
    /// </summary>
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
