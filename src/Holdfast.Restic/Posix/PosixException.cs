using System.Runtime.InteropServices;

namespace Holdfast.Restic.Posix;

/// <summary>Error numbers of Linux that callers distinguish. Source: asm-generic/errno.h.</summary>
internal enum Errno
{
    EPERM = 1,
    ENOENT = 2,
    EINTR = 4,
    ENXIO = 6,
    EBADF = 9,
    EAGAIN = 11,
    EACCES = 13,
    EBUSY = 16,
    EEXIST = 17,
    EXDEV = 18,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    EFBIG = 27,
    ENOSPC = 28,
    EROFS = 30,
    EMLINK = 31,
    ERANGE = 34,
    ENAMETOOLONG = 36,
    ENOSYS = 38,
    ENOTEMPTY = 39,
    ELOOP = 40,
    ENODATA = 61,
    EOPNOTSUPP = 95,
    ESTALE = 116,
    EDQUOT = 122,
}

/// <summary>A system call that failed. The message reads "cannot open /etc/shadow: Permission denied".</summary>
internal sealed class PosixException : IOException
{
    public PosixException(Errno errno, string verb, string path)
        : base($"cannot {verb} {path}: {Marshal.GetPInvokeErrorMessage((int)errno)}") => (Errno, Path) = (errno, path);

    private PosixException(string message, Errno errno, string path)
        : base(message) => (Errno, Path) = (errno, path);

    public Errno Errno { get; }

    public string Path { get; }

    /// <summary>
    /// A refusal by this program where a call would have succeeded: the path does not resolve to what it must resolve
    /// to.
    /// </summary>
    public static PosixException Refused(string path, string message) => new(message, Errno.ELOOP, path);

    /// <summary>
    /// The kernel's own file system that contains the path, where that is why it is not read; null otherwise.
    /// </summary>
    public string? KernelFileSystem { get; init; }

    /// <summary>True for a sparse file that was refused for the size of its holes.</summary>
    public bool HasTooManyHoles { get; private init; }

    /// <summary>Returns the exception for a refused sparse file.</summary>
    public static PosixException TooManyHoles(string path, string message) => new(message, Errno.EFBIG, path) { HasTooManyHoles = true };

    /// <summary>Returns the exception for the last failed system call of this thread.</summary>
    public static PosixException Last(string verb, string path) => new((Errno)Marshal.GetLastPInvokeError(), verb, path);

    /// <summary>Throws when a system call has returned a negative number.</summary>
    public static void ThrowIfNegative(long result, string verb, string path)
    {
        if (result < 0) throw Last(verb, path);
    }
}
