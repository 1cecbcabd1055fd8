using System.Diagnostics;

namespace Holdfast.Engine.Hosts;

/// <summary>The process we are.</summary>
public static class ThisProcess
{
    /// <summary>Sets umask 077 and switches core dumps off: what this process writes and remembers is for its user alone.</summary>
    public static void KeepPrivate() => LibC.KeepPrivate();

    /// <summary>The process id.</summary>
    internal static int Id => Environment.ProcessId;

    /// <summary>When it began, which tells it from a later process of the same number.</summary>
    internal static DateTimeOffset Started { get; } = ReadStart();

    private static DateTimeOffset ReadStart()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime.ToUniversalTime(), TimeSpan.Zero);
    }
}
