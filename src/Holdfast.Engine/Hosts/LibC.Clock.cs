using System.Runtime.InteropServices;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// Reads the synchronization state of the kernel's clock. The struct is that of 64-bit machines, source: linux/timex.h
/// and adjtimex(2).
/// </summary>
internal static partial class LibC
{
    /// <summary>TIME_ERROR, and STA_UNSYNC of the status.</summary>
    private const int TimeError = 5, Unsynchronised = 0x40;

    public static KernelClock ReadClock()
    {
        var asked = default(Timex); // no modes: it only asks, which needs no right
        var state = adjtimex(ref asked);
        if (state < 0) throw Failure("adjtimex");
        return new KernelClock(state != TimeError && (asked.Status & Unsynchronised) == 0, TimeSpan.FromMicroseconds(asked.MaximumError));
    }

    [StructLayout(LayoutKind.Explicit, Size = 208)]
    private struct Timex
    {
        [FieldOffset(0)]
        public uint Modes;
        [FieldOffset(24)]
        public long MaximumError;
        [FieldOffset(40)]
        public int Status;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int adjtimex(ref Timex asked);
}
