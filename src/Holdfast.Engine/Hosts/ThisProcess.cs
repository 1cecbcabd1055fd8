using System.Diagnostics;

namespace Holdfast.Engine.Hosts;

/// <summary>The current process.</summary>
public static class ThisProcess
{
    /// <summary>
    /// Sets umask 077 and disables core dumps: the files and the memory of this process are for its user alone.
    /// </summary>
    public static void KeepPrivate() => LibC.KeepPrivate();

    /// <summary>The process id.</summary>
    internal static int Id => Environment.ProcessId;

    /// <summary>The start time, which distinguishes the process from a later one with the same number.</summary>
    internal static DateTimeOffset Started { get; } = ReadStart();

    private static DateTimeOffset ReadStart()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime.ToUniversalTime(), TimeSpan.Zero);
    }
}
