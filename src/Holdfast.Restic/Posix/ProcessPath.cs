using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>
/// The path "/proc/self/fd/N", for calls that do not accept O_PATH descriptors. The kernel resolves it directly to the
/// open file, so that no other process can redirect it. Source: proc(5), "/proc/pid/fd".
/// </summary>
internal ref struct ProcessPath
{
    private readonly SafeFileHandle _file;
    private readonly byte[] _bytes;
    private bool _isHeld;

    public ProcessPath(SafeFileHandle file)
    {
        _file = file;
        file.DangerousAddRef(ref _isHeld);
        _bytes = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file.DangerousGetHandle()}\0"));
    }

    /// <summary>
    /// True when the last system call of this thread failed because of the type of its descriptor.
    /// </summary>
    public static bool IsNeeded => Marshal.GetLastPInvokeError() == (int)Errno.EBADF;

    public readonly ref byte GetPinnableReference() => ref _bytes[0];

    public void Dispose()
    {
        if (_isHeld) _file.DangerousRelease();
        _isHeld = false;
    }
}
