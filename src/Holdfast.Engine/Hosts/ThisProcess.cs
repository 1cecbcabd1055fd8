using System.Diagnostics;

namespace Holdfast.Engine.Hosts;

/// <summary>The process we are.</summary>
internal static class ThisProcess
{
    public static int Id => Environment.ProcessId;

    /// <summary>When it began, which tells it from a later process of the same number.</summary>
    public static DateTimeOffset Started { get; } = ReadStart();

    private static DateTimeOffset ReadStart()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime.ToUniversalTime(), TimeSpan.Zero);
    }
}
