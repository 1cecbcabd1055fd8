using CsCheck;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using NpgsqlTypes;
using Xunit;

namespace Holdfast.Tests.Postgres.Wal;

public sealed class WalSegmentTests
{
    private const int MiB = 1 << 20;

    [Theory] // reckoned by hand from XLByteToSeg and XLogFileName of PostgreSQL
    [InlineData("0/1", 16 * MiB, "000000010000000000000000")]
    [InlineData("0/1000000", 16 * MiB, "000000010000000000000001")]
    [InlineData("0/FFFFFFFF", 16 * MiB, "0000000100000000000000FF")]
    [InlineData("1/0", 16 * MiB, "000000010000000100000000")]
    [InlineData("A3/5D123456", 16 * MiB, "00000001000000A30000005D")]
    [InlineData("0/FFFFFFFF", MiB, "000000010000000000000FFF")]
    [InlineData("5/C0000000", 1024 * MiB, "000000010000000500000003")]
    public void An_address_lies_in_one_segment(string address, int size, string name) =>
        Assert.Equal(name, WalSegment.Of(1, NpgsqlLogSequenceNumber.Parse(address), size).Name);

    [Fact]
    public void Replay_up_to_the_end_of_a_segment_needs_no_next_one()
    {
        Assert.Equal("000000030000000000000007", WalSegment.Before(3, NpgsqlLogSequenceNumber.Parse("0/8000000"), 16 * MiB).Name);
        Assert.Equal("000000030000000000000008", WalSegment.Before(3, NpgsqlLogSequenceNumber.Parse("0/8000001"), 16 * MiB).Name);
        Assert.Equal("000000030000000000000008", WalSegment.Of(3, NpgsqlLogSequenceNumber.Parse("0/8000000"), 16 * MiB).Name);
    }

    [Theory]
    [InlineData("0000000100000000000000FF", 16 * MiB, "000000010000000100000000")]
    [InlineData("000000010000000000000FFF", MiB, "000000010000000100000000")]
    [InlineData("000000010000000000000003", 1024 * MiB, "000000010000000100000000")]
    [InlineData("0000000A0000000000000041", 16 * MiB, "0000000A0000000000000042")]
    public void The_last_part_of_a_log_is_followed_by_the_next_log(string name, int size, string next)
    {
        Assert.Equal(next, WalSegment.Parse(name).Next(size).Name);
        Assert.Equal(WalSegment.Parse(next).Start(size), WalSegment.Parse(name).End(size));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00000001000000000000000")]
    [InlineData("0000000100000000000000000")]
    [InlineData("00000001000000000000000a")]
    [InlineData("00000001000000000000000G")]
    [InlineData("000000010000000000000001.partial")]
    [InlineData(" 0000001000000000000000 ")]
    public void Anything_else_is_no_name(string name)
    {
        Assert.False(WalSegment.TryParse(name, out _));
        Assert.Throws<FormatException>(() => WalSegment.Parse(name));
    }

    [Fact]
    public void Names_numbers_and_addresses_go_round()
    {
        var sizes = Gen.Int[20, 30].Select(bits => 1 << bits);
        Gen.Select(Gen.UInt, Gen.ULong, sizes).Sample((timeline, address, size) =>
        {
            var segment = WalSegment.Of(timeline, new NpgsqlLogSequenceNumber(address), size);
            Assert.True(segment.Fits(size));
            Assert.Equal(segment, WalSegment.Parse(segment.Name));
            Assert.Equal(segment, WalSegment.Of(timeline, segment.Number(size), size));
            Assert.InRange(address - (ulong)segment.Start(size), 0UL, (ulong)size - 1);
        }, iter: 2000);
    }

    [Fact]
    public void Segments_sort_as_their_names_do() =>
        Gen.Select(Gen.UInt, Gen.UInt, Gen.UInt, Gen.UInt, Gen.UInt, Gen.UInt).Sample((a, b, c, d, e, f) =>
        {
            var (left, right) = (new WalSegment(a, b, c), new WalSegment(d, e, f));
            Assert.Equal(Math.Sign(string.CompareOrdinal(left.Name, right.Name)), Math.Sign(left.CompareTo(right)));
        }, iter: 500);

    [Theory]
    [InlineData(MiB, true)]
    [InlineData(1024L * MiB, true)]
    [InlineData(2048L * MiB, false)]
    [InlineData(MiB / 2, false)]
    [InlineData(3 * MiB, false)]
    public void Segment_sizes_are_those_of_initdb(long bytes, bool isOne) => Assert.Equal(isOne, WalSegment.IsSize(bytes));

    [Theory]
    [InlineData("00000001000000000000000A", WalFileKind.Segment)]
    [InlineData("00000001000000000000000A.partial", WalFileKind.Partial)]
    [InlineData("00000001000000000000000A.00000028.backup", WalFileKind.Backup)]
    [InlineData("00000002.history", WalFileKind.History)]
    public void Files_of_the_archive_are_told_by_their_names(string name, object kind)
    {
        var file = Assert.IsType<WalFile>(WalFile.Find(name));
        Assert.Equal(kind, file.Kind);
        Assert.Equal(uint.Parse(name[..8], System.Globalization.NumberStyles.HexNumber), file.Segment.Timeline);
    }

    [Theory]
    [InlineData("00000001000000000000000A.tmp")]
    [InlineData("00000001000000000000000A.0000028.backup")]
    [InlineData("00000001000000000000000A.0000002x.backup")]
    [InlineData("0000000g.history")]
    [InlineData("archive_status")]
    [InlineData("../../etc/passwd")]
    public void Other_files_are_none_of_the_archive(string name) => Assert.Null(WalFile.Find(name));

    [Fact]
    public void A_file_lies_in_the_folder_of_its_timeline_and_log_and_history_beside_it()
    {
        Assert.Equal("/postgres/main/wal/00000001000000A3/00000001000000A30000005D", WalPath.Of("main", WalSegment.Parse("00000001000000A30000005D")));
        Assert.Equal("/postgres/main/wal/00000001000000A3/00000001000000A30000005D.partial", WalPath.Of("main", WalFile.Find("00000001000000A30000005D.partial")!));
        Assert.Equal("/postgres/main/wal/00000002.history", WalPath.Of("main", WalFile.Find("00000002.history")!));
        Assert.Equal("/postgres/a%2Fb/wal", WalPath.Folder("a/b"));
    }
}
