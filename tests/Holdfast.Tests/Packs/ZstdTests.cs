using Holdfast.Restic.Packs;
using Xunit;

namespace Holdfast.Tests.Packs;

public sealed class ZstdTests
{
    public static TheoryData<int> Lengths => [0, 1, 100, 5000, 300_000, 9_000_000];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void The_native_library_and_the_managed_port_read_each_other(int length)
    {
        var plaintext = new byte[length];
        for (var i = 0; i < length; i++) plaintext[i] = (byte)(i * i >> 7);
        using var native = new NativeZstd(3);
        using var managed = new ManagedZstd(3);
        foreach (var (writer, reader) in new (Zstd, Zstd)[] { (native, managed), (managed, native), (native, native) })
        {
            var frame = new byte[Zstd.Bound(length)];
            var size = writer.Compress(plaintext, frame);
            var read = new byte[length];
            Assert.Equal(length, reader.Decompress(frame.AsSpan(0, size), read));
            Assert.Equal(plaintext, read);
            Assert.Equal(plaintext, reader.Decompress(frame.AsSpan(0, size)));
        }
    }

    [Fact]
    public void A_frame_that_was_cut_off_is_an_error_and_no_endless_search_for_room()
    {
        using var zstd = Zstd.Create(3);
        var frame = new byte[Zstd.Bound(100_000)];
        var size = zstd.Compress(new byte[100_000], frame);
        Assert.Throws<InvalidDataException>(() => zstd.Decompress(frame.AsSpan(0, size - 3)));
        Assert.True(zstd.Decompress(frame.AsSpan(0, size), new byte[99_999]) < 0);
    }
}
