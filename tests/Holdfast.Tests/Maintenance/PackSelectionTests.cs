using Holdfast.Restic;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Maintenance;

public sealed class PackSelectionTests
{
    private static readonly Id[] Packs = [.. Enumerable.Range(0, 500).Select(number => Id.Hash([(byte)number, (byte)(number >> 8)]))];

    [Fact]
    public void A_group_is_chosen_by_the_first_byte_as_restic_does() =>
        Each.Holds(PackSelection.Of(Packs, new ReadSubset(3, 7)), pack => Assert.Equal(2, Convert.ToByte(pack.ToString()[..2], 16) % 7));

    [Fact]
    public void Groups_share_all_packs_among_them() =>
        Assert.Equal(Packs.Order(), Enumerable.Range(1, 7).SelectMany(group => PackSelection.Of(Packs, new ReadSubset(group, 7))).Order());

    [Fact]
    public void A_share_is_random_and_never_empty()
    {
        Assert.Equal(50, PackSelection.Of(Packs, new ReadSubset(1, 1, 0.1)).Distinct().Count());
        Assert.NotEqual(PackSelection.Of(Packs, new ReadSubset(1, 1, 0.5)), PackSelection.Of(Packs, new ReadSubset(1, 1, 0.5)));
        Assert.Single(PackSelection.Of(Packs, new ReadSubset(1, 1, 0.00001)));
        Assert.Empty(PackSelection.Of([], new ReadSubset(1, 1, 0.5)));
    }

    [Theory]
    [InlineData(0, 5, null)]
    [InlineData(6, 5, null)]
    [InlineData(1, 257, null)]
    [InlineData(1, 1, 0.0)]
    [InlineData(1, 1, 1.1)]
    [InlineData(1, 1, double.NaN)]
    public void Impossible_subsets_are_refused(int group, int groups, double? share) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => PackSelection.Validate(new ReadSubset(group, groups, share)));
}
