using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class KeysVerbTests
{
    [Fact]
    public async Task A_key_is_added_listed_and_removed()
    {
        using var stage = await FilesStage.MakeAsync();
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "keys", "add", "--new-password-file", Password(stage, "second")));
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "keys", "list", "--password-file", stage["second"], "--json"));
        var events = stage.Output.Trim().Split('\n').Select(line => JsonNode.Parse(line)!);
        var keys = events.Where(told => (string?)told["event"] == "key").ToList();
        Assert.Equal([false, true], keys.Select(key => (bool)key["current"]!));
        var (first, second) = ((string)keys[0]["id"]!, (string)keys[1]["id"]!);

        Assert.Equal(ExitCode.Usage, await stage.RunAsync("repo", "keys", "remove", first[..10]));
        Assert.Contains("whose password was used", stage.Errors, StringComparison.Ordinal);
        foreach (var unknown in new[] { "zz", "" }) Assert.Equal(ExitCode.Usage, await stage.RunAsync("repo", "keys", "remove", unknown));
        Assert.Equal(2, stage.Stored("keys").Count());
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "keys", "remove", second[..10]));
        Assert.Single(stage.Stored("keys"));
        Assert.Equal(ExitCode.WrongPassword, await stage.RunAsync("repo", "stats", "--password-file", stage["second"]));
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "stats"));
    }

    [Fact]
    public async Task The_password_is_replaced_by_a_person_and_the_old_one_opens_nothing()
    {
        using var stage = await FilesStage.MakeAsync();
        stage.Answers = new(["one", "another"]);
        Assert.NotEqual(ExitCode.Success, await stage.RunAsync("repo", "keys", "password"));
        Assert.Contains("The two passwords differ", stage.Errors, StringComparison.Ordinal);
        stage.Answers = new(["changed", "changed"]);
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "keys", "password"));
        Assert.Contains($"put the new password into {stage["password"]}", stage.Output, StringComparison.Ordinal);
        Assert.Single(stage.Stored("keys"));
        Assert.Equal(ExitCode.WrongPassword, await stage.RunAsync("repo", "stats"));
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "stats", "--password-file", Password(stage, "changed")));
    }

    [Fact]
    public async Task Without_a_new_password_nothing_is_changed()
    {
        using var stage = await FilesStage.MakeAsync();
        Assert.Equal(ExitCode.Usage, await stage.RunAsync("repo", "keys", "password"));
        Assert.NotEqual(ExitCode.Success, await stage.RunAsync("repo", "keys", "password", "--new-password-file", stage["nowhere"]));
        File.WriteAllText(Password(stage, "empty"), "\n");
        Assert.NotEqual(ExitCode.Success, await stage.RunAsync("repo", "keys", "add", "--new-password-file", stage["empty"]));
        Assert.Single(stage.Stored("keys"));
        Assert.Equal(ExitCode.Success, await stage.RunAsync("repo", "stats"));
    }

    private static string Password(FilesStage stage, string password)
    {
        File.WriteAllText(stage[password], password + "\n");
        File.SetUnixFileMode(stage[password], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return stage[password];
    }
}
