using System.Buffers;

namespace Holdfast.Restic.Posix;

/// <summary>A path in the form that the kernel requires: zero-terminated bytes, on the stack where they fit.</summary>
internal ref struct NativePath
{
    /// <summary>The stack space in bytes, enough for nearly every path.</summary>
    public const int StackSize = 512;

    private readonly Span<byte> _bytes;
    private byte[]? _rented;

    /// <exception cref="PosixException">EINVAL: the path contains a zero, so it is not valid.</exception>
    public NativePath(string path, Span<byte> stack)
    {
        if (path.Contains('\0')) throw new PosixException(Errno.EINVAL, "use", path);
        var most = FileName.MaxByteCount(path.Length) + 1;
        _bytes = most <= stack.Length ? stack : _rented = ArrayPool<byte>.Shared.Rent(most);
        _bytes[FileName.Encode(path, _bytes)] = 0;
    }

    public readonly ref byte GetPinnableReference() => ref _bytes[0];

    public void Dispose()
    {
        if (_rented is not null) ArrayPool<byte>.Shared.Return(_rented);
        _rented = null;
    }
}
