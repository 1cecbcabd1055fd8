using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

public sealed class ProfileTroubleTests
{
    [Theory]
    [InlineData("profile", "validate")]
    [InlineData("backup")]
    public async Task Five_mistakes_in_a_profile_are_told_at_once_each_with_its_line(params string[] command)
    {
        using var scene = new Scene();
        File.WriteAllText(scene.Profile, """
            platform: Not A Name
            repositry: { path: /x }
            components:
              files:
                groups:
                  etc: [relative/path]
              postgres:
                - name: main
                  method: telepathy
                  jobs: many
            """);

        var result = await scene.FailsAsync(Catalogue.ProfileInvalid, command);

        foreach (var line in new[] { 1, 2, 6, 9, 10 })
            Assert.Matches($@"(line |:){line}\b", result.Errors);
        Assert.Contains("repository", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_that_is_not_there_is_told_by_its_path()
    {
        using var scene = new Scene();
        File.Delete(scene.Profile);

        var result = await scene.FailsAsync(Catalogue.ProfileMissing, "backup");

        Assert.Contains(scene.Profile, result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_file_that_is_not_there_is_told_by_its_path()
    {
        using var scene = await Scene.WithPointAsync();
        File.Delete(scene.PasswordFile);

        var result = await scene.FailsAsync(Catalogue.SecretUnreadable, "backup");

        Assert.Contains(scene.PasswordFile, result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_that_is_not_there_makes_the_point_incomplete_and_keeps_the_rest()
    {
        using var scene = new Scene();
        var before = await scene.FillAsync();
        scene.WriteProfile("scene", $"""
            files:
              groups:
                source: ["{scene.Source}", "{scene["absent"]}"]
            """);
        await scene.MakeRepositoryAsync();

        var result = await scene.RunAsync("backup");

        Assert.Equal((int)ExitCode.Incomplete, result.ExitCode);
        Assert.Contains($"[{Catalogue.FilesMissing.Code}]", result.Errors, StringComparison.Ordinal);
        Assert.Contains(scene["absent"], result.Errors, StringComparison.Ordinal);
        await scene.NothingIsLostAsync(before, isComplete: false);
    }
}
