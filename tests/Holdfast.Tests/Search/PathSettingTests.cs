using Holdfast.Components.Search.Preparing;
using Holdfast.Engine.Problems;
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
    [InlineData("path:\n  data: /d\n  repo:\n    - /a\n    # why\n    - /c\nx: 1\n", "path:\n  data: /d\n    # why\n  repo: [\"/a\", \"/c\", \"/b\"]\nx: 1\n")]
    [InlineData("path:\n  data: /d\n  repo: /a\n", "path:\n  data: /d\n  repo: [\"/a\", \"/b\"]\n")]
    [InlineData("path:\n  repo: [ /a,\n    /c ]\n  data: /d\n", "path:\n  repo: [\"/a\", \"/c\", \"/b\"]\n  data: /d\n")]
    [InlineData("path.repo: [\n  /a,\n  /c\n]\nx: 1\n", "path.repo: [\"/a\", \"/c\", \"/b\"]\nx: 1\n")]
    [InlineData("path.repo:\n  # first\n  - /a\n# last\nx: 1\n", "  # first\npath.repo: [\"/a\", \"/b\"]\n# last\nx: 1\n")]
    [InlineData("path:\n  data: /d\nx: 1\n", "path:\n  data: /d\nx: 1\npath.repo: [\"/b\"]\n")]
    [InlineData("path.data: /d\r\npath.repo: /a\r\nx: 1\r\n", "path.data: /d\r\npath.repo: [\"/a\", \"/b\"]\nx: 1\r\n")]
    [InlineData("path.repo: /a,/c\n", "path.repo: [\"/a\", \"/c\", \"/b\"]\n")]
    [InlineData("path:\n  repo:\n    - /b\n", null)]
    [InlineData("path: { repo: [ /b ] }\n", null)]
    [InlineData("path.repo: []\n", "path.repo: [\"/b\"]\n")]
    [InlineData("path.repo: [ \"/b/\" ]\n", null)]
    [InlineData("path.repo: /b\n", null)]
    [InlineData("path.repo:\n  - '/b'\n", null)]
    public void A_directory_is_added_once_and_nothing_else_changes(string before, string? after) => Assert.Equal(after, PathSetting.Add(before, "/b"));

    [Theory]
    [InlineData("path: { repo: [ /a ] }\n")]
    [InlineData("path:\n  repo: &x [ /a ]\n")]
    [InlineData("path.repo: /a\npath:\n  repo: /c\n")]
    [InlineData("path.repo: [ /a\n")]
    public void What_can_not_be_changed_safely_is_refused_and_left_as_it_is(string before) =>
        Assert.Contains("'/b'", Assert.Throws<ProblemException>(() => PathSetting.Add(before, "/b")).Problem.Hint, StringComparison.Ordinal);
}
