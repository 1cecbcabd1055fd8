using Holdfast.Components.Postgres.BaseBackup;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Xunit;

namespace Holdfast.Tests.Postgres.Base;

/// <summary>The small files that tell which pages have changed, and what damage to them is taken for.</summary>
public sealed class PageFilesTests
{
    [Fact]
    public void A_list_goes_round_and_one_that_is_cut_short_is_none()
    {
        var list = new PageList(8192, 5 * 8192 + 100, [new ChangedPage(3, ulong.MaxValue), new ChangedPage(0, 7)]);
        var bytes = list.Write();
        var read = PageList.Read(bytes);
        Assert.Equal((8192, list.Length), (read.PageSize, read.Length));
        Assert.Equal(list.Pages, read.Pages);
        for (var length = 0; length < bytes.Length; length++)
        {
            var cut = bytes[..length];
            Assert.Throws<InvalidDataException>(() => PageList.Read(cut));
        }
        bytes[4] = 2; // a version that is not known yet
        Assert.Throws<InvalidDataException>(() => PageList.Read(bytes));
    }

    [Fact]
    public void A_map_goes_round_and_tells_pages_apart_by_its_own_seed()
    {
        var (map, other) = (PageMap.New(8192, 1, 2), PageMap.New(8192, 2, 2));
        var page = new byte[8192];
        map.Set(0, map.Hash(page));
        page[8191] = 1;
        map.Set(1, 0);
        map.Set(1, map.Hash(page)); // it was torn the first time
        var read = PageMap.Read(map.Write())!;
        Assert.Equal((2, map.Seed, map[0], map[1]), (read.Count, read.Seed, read[0], read[1]));
        Assert.NotEqual(read[0], read[1]);
        Assert.Null(read[2]);
        Assert.NotEqual(map.Hash(page), other.Hash(page));
        Assert.Null(PageMap.Read(map.Write().AsSpan(0, 20)));
        Assert.Null(PageMap.Read("HFPM but not really, though long enough"u8));
    }

    [Theory]
    [InlineData(new uint[] { 7 }, 1, "7")]
    [InlineData(new uint[] { 3, 7, 8, 9, 12 }, 5, "3, 7-9, 12")]
    [InlineData(new uint[] { 0, 1 }, 5000, "0-1, ... (5000 in all)")]
    public void Damaged_pages_are_told_as_ranges(uint[] blocks, long count, string text) => Assert.Equal(text, DamagedPages.Text(new DamagedFile("base/5/1", blocks, count)));
}
