using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// A process held by a descriptor, so that a signal cannot reach a later process with the same number. Source:
/// pidfd_open(2), pidfd_send_signal(2).
/// </summary>
public sealed partial class HeldProcess : IDisposable
{
    private const nint Open = 434, Send = 424; // the same numbers on every architecture

    private readonly SafeFileHandle _process;

    private HeldProcess(SafeFileHandle process) => _process = process;

    /// <summary>
    /// Opens a process by its number; null where it is gone, and on Linux before 5.3, which has no pidfd_open.
    /// </summary>
    public static HeldProcess? TryOpen(int id) => Call(Open, id, 0, 0, 0) is >= 0 and var descriptor ? new HeldProcess(new SafeFileHandle(descriptor, ownsHandle: true)) : null;

    /// <summary>Sends a signal by its number; does nothing when the process has ended.</summary>
    public void Signal(int signal) => _ = Call(Send, _process.DangerousGetHandle(), signal, 0, 0);

    public void Dispose() => _process.Dispose();

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Call(nint number, nint first, nint second, nint third, nint fourth);
}
