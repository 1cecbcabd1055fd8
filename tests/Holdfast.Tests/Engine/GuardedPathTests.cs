using Holdfast.Engine.Execution;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Journals;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class GuardedPathTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a/b/file", 0b110_110_100, "chmod go-w")]
    [InlineData("a/b/file", 0b110_100_110, "chmod go-w")]
    [InlineData("a/b", 0b111_111_101, "chmod go-w")]
    [InlineData("a", 0b111_101_111, "chmod go-w")]
    public void A_path_is_refused_when_others_can_write_it_or_a_folder_above_it(string place, int mode, string hint)
    {
        var file = _folder.Write("a/b/file", "x");
        GuardedPath.Require(file, "The file");
        File.SetUnixFileMode(_folder[place], (UnixFileMode)mode);
        var problem = Assert.Throws<ProblemException>(() => GuardedPath.Require(file, "The file")).Problem;
        Assert.Equal("HF-PATH-UNSAFE", problem.Code);
        Assert.Contains(hint + " " + _folder[place], problem.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sticky_folder_is_good_enough_for_what_belongs_to_us()
    {
        var file = _folder.Write("a/b/file", "x");
        File.SetUnixFileMode(_folder["a"], UnixFileMode.StickyBit | (UnixFileMode)0b111_111_111);
        GuardedPath.Require(file, "The file");
    }

    [Fact]
    public void What_another_user_owns_is_refused_also_behind_a_link()
    {
        Require.Root();
        var file = _folder.Write("theirs/file", "x");
        File.CreateSymbolicLink(_folder["link"], file);
        GuardedPath.Require(_folder["link"], "The file");
        OwnedFileTests.Give(_folder["theirs"]);
        foreach (var path in new[] { file, _folder["link"], _folder["theirs/not-there-yet"] })
            Assert.Contains($"'{_folder["theirs"]}' belongs to another user", Assert.Throws<ProblemException>(() => GuardedPath.Require(path, "The file")).Problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_directory_of_another_user_is_neither_read_nor_written()
    {
        Require.Root();
        _folder.Write("state/runs/run-1.jsonl", "");
        OwnedFileTests.Give(_folder["state"]);
        var state = new StateDirectory(_folder["state"]);
        Assert.Equal("HF-PATH-UNSAFE", Assert.Throws<ProblemException>(() => Recovery.PlatformsWithOpenRuns(state)).Problem.Code);
        Assert.Equal("HF-PATH-UNSAFE", Assert.Throws<ProblemException>(() => RunLock.Take(state, "p", "me")).Problem.Code);
        Assert.Equal("HF-PATH-UNSAFE", Assert.Throws<ProblemException>(() => KeptProfile.Read(state, "p")).Problem.Code);
        Assert.Equal("HF-PATH-UNSAFE", Assert.Throws<ProblemException>(() => StoppedPlatform.Read(state, "p")).Problem.Code);
    }

    [Fact]
    public void Each_folder_that_is_made_on_the_way_has_the_mode_that_was_asked_for()
    {
        PrivateFolder.Make(_folder["a/b/c"]);
        PrivateFolder.MakeShared(_folder["s/t"]);
        Each.Holds(new[] { "a", "a/b", "a/b/c" }, name => Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(_folder[name])));
        Each.Holds(new[] { "s", "s/t" }, name => Assert.Equal((UnixFileMode)0b111_101_101, File.GetUnixFileMode(_folder[name])));
    }
}
