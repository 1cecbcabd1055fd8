using Holdfast.Components.Search.Preparing;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>How path.repo stands in configurations of nodes, and what becomes of it.</summary>
public sealed class PathSettingTests
{
    [Theory]
    [InlineData("cluster.name: a\n", "cluster.name: a\npath.repo: [\"/b\"]\n")]
    [InlineData("", "path.repo: [\"/b\"]\n")]
    [InlineData("# path.repo: [\"/b\"]\n", "# path.repo: [\"/b\"]\npath.repo: [\"/b\"]\n")]
    [InlineData("path.repo: /a # old\nx: 1\n", "path.repo: [\"/a\", \"/b\"]\nx: 1\n")]
    [InlineData("x: 1\npath.repo: [\"/a\", '/c/']\n", "x: 1\npath.repo: [\"/a\", \"/c\", \"/b\"]\n")]
    [InlineData("path.repo:\n   - /a\n   - /c\nx: 1\n", "path.repo:\n   - /a\n   - /c\n   - \"/b\"\nx: 1\n")]
    [InlineData("path.repo: []\n", "path.repo: [\"/b\"]\n")]
    [InlineData("path.repo: [ \"/b/\" ]\n", null)]
    [InlineData("path.repo: /b\n", null)]
    [InlineData("path.repo:\n  - '/b'\n", null)]
    public void A_directory_is_added_once_and_nothing_else_changes(string before, string? after) => Assert.Equal(after, PathSetting.Add(before, "/b"));
}
