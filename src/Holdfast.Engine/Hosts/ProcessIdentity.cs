using System.ComponentModel;
using System.Diagnostics;

namespace Holdfast.Engine.Hosts;

/// <summary>Distinguishes a process from a later one with the same number.</summary>
internal static class ProcessIdentity
{
    /// <summary>
    /// The kernel reports start times in hundredths of a second; the clock may have been adjusted slightly since.
    /// </summary>
    private static readonly TimeSpan _tolerance = TimeSpan.FromSeconds(2);

    public static bool IsAlive(int process, DateTimeOffset started)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return (found.StartTime.ToUniversalTime() - started.UtcDateTime).Duration() < _tolerance;
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }
}
