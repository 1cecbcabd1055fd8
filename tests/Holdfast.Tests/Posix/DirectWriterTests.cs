using Holdfast.Restic.Posix;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Posix;

/// <summary>Past the page cache or through it, the same bytes stand in the file.</summary>
public sealed class DirectWriterTests
{
    [Theory]
    [InlineData(1 << 20, 0, 0, true)]
    [InlineData((1 << 20) + 777, 8192, 0, true)] // the rest is the caller's
    [InlineData(1 << 20, 100, 0, false)] // a place that does not begin at a block
    [InlineData(1 << 20, 0, 8, false)] // memory that does not begin at a page
    [InlineData(100_000, 0, 0, false)] // not worth it
    public void What_it_says_it_has_written_stands_in_the_file(int length, long offset, int shift, bool mayBeDirect)
    {
        using var folder = new TempFolder();
        using var buffer = new FilledBuffer(length + shift);
        var bytes = buffer.Span[shift..];
        var path = Path.Join(folder.Path, "file");
        using (var file = FileCalls.CreateNew(path))
        {
            var written = DirectWriter.Write(file, bytes, offset);
            Assert.True(mayBeDirect ? written == 0 || written == length / DirectWriter.Alignment * DirectWriter.Alignment : written == 0, $"{written} of {length}");
            FileCalls.Write(file, bytes[written..], offset + written, path); // and the rest goes through the cache again
        }
        Assert.Equal(bytes.ToArray(), File.ReadAllBytes(path)[(int)offset..]);
    }

    [Fact]
    public void Where_the_file_system_does_not_allow_it_nothing_is_written()
    {
        using var buffer = new FilledBuffer(1 << 20);
        using var device = FileCalls.OpenWrite("/dev/null");
        Assert.Equal(0, DirectWriter.Write(device, buffer.Span, 0));
    }

    private sealed class FilledBuffer : IDisposable
    {
        private readonly NativeBuffer _buffer;

        public FilledBuffer(int length) => new Random(1).NextBytes((_buffer = new NativeBuffer(length)).GetSpan());

        public Span<byte> Span => _buffer.GetSpan();

        public void Dispose() => _buffer.Dispose();
    }
}
