using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>Holdfast as a user who is not root, on files that are his.</summary>
public sealed class OrdinaryUserTests
{
    [Fact]
    public async Task Files_in_folders_of_root_come_back_in_place_without_a_complaint()
    {
        using var scene = new Scene();
        await scene.FillAsync(mebibytes: 0);
        await scene.HandToNobodyAsync();
        scene.WriteProfile("scene", $"files: {{ groups: {{ own: [ '{scene.Source}/etc' ] }} }}");
        (await scene.RunAsync("init", "--yes")).Succeeded();
        (await scene.RunAsync("backup")).Succeeded();
        // The folders above belong to root, as /etc does; the user may go through them.
        const string change = """rm "$2/etc/deep/3.conf"; echo changed >"$2/etc/deep/4.conf"; chown root "$1" "$2"; chmod 711 "$1" "$2"; touch -d 2011-02-03 "$1" "$2" """;
        (await Command.BashAsync(change, scene[""], scene.Source)).Succeeded();

        var told = (await scene.RunAsync("restore", "--yes", "--overwrite")).Succeeded();

        Assert.DoesNotContain("warning", told.Errors, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("could not be restored", told.Output + told.Errors, StringComparison.Ordinal);
        Assert.True(File.Exists($"{scene.Source}/etc/deep/3.conf"));
        Assert.NotEqual("changed\n", await File.ReadAllTextAsync($"{scene.Source}/etc/deep/4.conf", TestContext.Current.CancellationToken));
        Assert.Equal("711 2011-02-03", (await Command.BashAsync("""stat -c '%a %y' "$1" | cut -c1-14""", scene.Source)).Succeeded().Output.Trim());
    }
}
