using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Archiving;

/// <summary>Reads a file from its first byte to its last, skipping its holes.</summary>
/// <param name="file">The open file, which is not disposed of.</param>
/// <param name="path">The path for messages.</param>
/// <param name="size">The size in bytes when it was opened.</param>
internal sealed class SequentialFile(SafeFileHandle file, string path, long size) : IHoles
{
    private long _offset;

    /// <summary>Reads the next bytes; returns 0 at the end.</summary>
    /// <exception cref="PosixException">The file cannot be read.</exception>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        var count = FileReader.Read(file, path, buffer.Span, _offset);
        _offset += count;
        return ValueTask.FromResult(count);
    }

    public long Ahead() => FileCalls.HoleAt(file, _offset, size);

    public void Skip(long bytes) => _offset += bytes;
}
