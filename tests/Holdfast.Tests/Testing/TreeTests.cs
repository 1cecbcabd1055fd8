using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Testing;

/// <summary>The listing judges our restores, so it must see every difference itself.</summary>
public sealed class TreeTests
{
    private const string Make = """
        mkdir -p "$1/sub" && cd "$1"
        printf one > plain; ln plain sub/hard; ln -s plain soft; mkfifo pipe; mknod null c 1 3
        printf x > $'new\nline'; printf x > $'stray\xff\\byte'; printf x > "ümlaut"
        setfattr -n user.colour -v red $'stray\xff\\byte'
        find . -exec touch -h -d '2020-01-02T03:04:05.123456789Z' {} +
        """;

    [Theory]
    [InlineData("true", 0)]
    [InlineData("touch -d '2020-01-02T03:04:05.123456788Z' plain", 2)]
    [InlineData("chmod g+w plain", 2)]
    [InlineData("chown -h 7:0 soft", 1)]
    [InlineData("setfattr -n user.colour -v blue $'stray\\xff\\\\byte'", 1)]
    [InlineData("ln -sfn other soft && touch -h -d '2020-01-02T03:04:05.123456789Z' soft .", 1)]
    [InlineData("printf two > plain && touch -d '2020-01-02T03:04:05.123456789Z' plain", 2)]
    [InlineData("rm null && mknod null c 1 5 && touch -d '2020-01-02T03:04:05.123456789Z' null .", 1)]
    [InlineData("cp -p plain p && mv p plain && touch -d '2020-01-02T03:04:05.123456789Z' .", 2)]
    public async Task Every_difference_is_seen(string change, int differences)
    {
        Require.Root();
        using var folder = new TempFolder();
        (await Command.BashAsync(Make, folder["a"])).Succeeded();
        (await Command.BashAsync(Make, folder["b"])).Succeeded();
        (await Command.BashAsync("""cd "$1" && eval "$2" """, folder["b"], change)).Succeeded();

        var (left, right) = (await Tree.ListAsync(folder["a"]), await Tree.ListAsync(folder["b"]));

        Assert.Equal(10, left.Entries.Count);
        Assert.Equal(differences, left.Differences(right).Count);
    }
}
