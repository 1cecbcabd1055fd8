using Holdfast.Restic.Posix;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Archiving;

/// <summary>A file that is read from its first byte to its last, over its holes.</summary>
/// <param name="file">The open file, which is not disposed of.</param>
/// <param name="path">For messages.</param>
/// <param name="size">Its size in bytes when it was opened.</param>
/// <param name="onHole">Told the bytes of each stretch of a hole that is passed over; it may refuse the file.</param>
internal sealed class SequentialFile(SafeFileHandle file, string path, long size, Action<long> onHole) : IHoles
{
    private long _offset;

    /// <summary>Reads on; 0 at the end.</summary>
    /// <exception cref="PosixException">It can't be read.</exception>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        var count = FileReader.Read(file, path, buffer.Span, _offset);
        _offset += count;
        return ValueTask.FromResult(count);
    }

    public long Ahead() => Math.Max(0, Math.Min(FileCalls.NextData(file, _offset) ?? size, size) - _offset);

    public void Skip(long bytes)
    {
        onHole(bytes);
        _offset += bytes;
    }
}
