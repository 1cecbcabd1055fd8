using System.Text;

namespace Holdfast.Engine.Hosts;

/// <summary>
/// Reads a stream to its end and keeps its last 64 KiB: a program never blocks because its standard error is not read.
/// </summary>
internal sealed class ErrorTail
{
    private const int Kept = 64 << 10;

    private readonly Lock _lock = new();
    private readonly byte[] _ring = new byte[Kept];
    private long _written;

    /// <summary>Reads until the stream ends.</summary>
    public async Task DrainAsync(Stream stream)
    {
        var buffer = new byte[8 << 10];
        for (int read; (read = await stream.ReadAsync(buffer)) > 0;) Add(buffer.AsSpan(0, read));
    }

    /// <summary>The text that was kept; the beginning of a cut line is left out.</summary>
    public override string ToString()
    {
        lock (_lock)
        {
            var length = (int)Math.Min(_written, Kept);
            var tail = new byte[length];
            for (var i = 0; i < length; i++) tail[i] = _ring[(_written - length + i) % Kept];
            var text = Encoding.UTF8.GetString(tail);
            return _written > Kept ? text[(text.IndexOf('\n') + 1)..] : text;
        }
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
            foreach (var b in bytes) _ring[_written++ % Kept] = b;
    }
}
