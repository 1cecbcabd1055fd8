using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.Tests.Engine;

/// <summary>What --only takes: components, kinds of component, and parts of them.</summary>
public sealed class SelectionTests
{
    private static readonly (string Name, string Kind, IReadOnlyList<string>? Parts)[] _components =
        [("postgres/main", "postgres", ["shop", "wiki", "a:b"]), ("postgres/old", "postgres", ["shop"]), ("files", "files", null)];

    [Theory]
    [InlineData("postgres", null)]
    [InlineData("postgres/main", null)]
    [InlineData("postgres:shop", "shop")]
    [InlineData("postgres/main:wiki", "wiki")]
    [InlineData("postgres/main:a:b", "a:b")]
    [InlineData("postgres:shop postgres/main:wiki", "shop wiki")]
    [InlineData("postgres:shop postgres", null)]
    [InlineData("search:shop", null)]
    public void A_part_is_what_stands_behind_the_first_colon(string only, string? parts) =>
        Assert.Equal(parts?.Split(' '), Selection.PartsOf("postgres/main", "postgres", only.Split(' ')));

    [Theory]
    [InlineData("postgres:shop")]
    [InlineData("postgres/main:a:b")]
    [InlineData("postgres")]
    public void A_part_that_is_there_is_known(string only) => Selection.RequireParts(_components, [only]);

    [Theory]
    [InlineData("postgres:shpo", "The recovery point has no 'shpo' in postgres/main and postgres/old, only a:b, shop, wiki. Did you mean 'shop'?")]
    [InlineData("postgres/old:wiki", "The recovery point has no 'wiki' in postgres/old, only shop.")]
    [InlineData("files:/etc", "The recovery point has files as a whole: '--only files:/etc' cannot be restored of it.")]
    public void A_part_that_is_not_there_is_refused_with_those_that_are(string only, string message)
    {
        var refused = Assert.Throws<ProblemException>(() => Selection.RequireParts(_components, [only])).Problem;
        Assert.Equal((Catalogue.ComponentUnknown.Code, message), (refused.Code, refused.Message));
    }

    [Fact]
    public async Task A_backup_takes_a_component_as_a_whole()
    {
        using var rig = await PlatformRig.MakeAsync();
        var refused = await Assert.ThrowsAsync<ProblemException>(() => rig.BackUpAsync("things/a:part"));
        Assert.Equal(Catalogue.ComponentUnknown.Code, refused.Problem.Code);
    }

    [Fact]
    public async Task A_component_without_parts_is_never_restored_for_one()
    {
        using var rig = await PlatformRig.MakeAsync();
        await rig.BackUpAsync();
        var refused = await Assert.ThrowsAsync<ProblemException>(() => rig.RestoreAsync(rig.Request with { Only = ["things/a:part"] }));
        Assert.Equal(Catalogue.ComponentUnknown.Code, refused.Problem.Code);
        Assert.Empty(rig.A.Restored);
    }
}
