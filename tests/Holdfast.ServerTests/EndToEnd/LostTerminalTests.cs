using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>A backup in a terminal that is hung up, as that of a lost SSH session is, and another terminal that looks at it.</summary>
public sealed class LostTerminalTests
{
    [Fact]
    public async Task A_backup_whose_terminal_goes_away_goes_on_and_can_be_followed_to_its_end()
    {
        using var scene = new Scene();
        await scene.FillAsync(mebibytes: 150);
        await scene.MakeRepositoryAsync();
        using var terminal = scene.StartInTerminal("backup");
        var run = await WaitForCaptureAsync(scene);
        terminal.Kill(); // it holds the terminal's other end, so the kernel hangs up
        await terminal.WaitForExitAsync(TestContext.Current.CancellationToken);

        var followed = (await scene.RunAsync("runs", "follow", run)).Succeeded();
        Assert.Contains("Release the repository", followed.Output, StringComparison.Ordinal);
        Assert.Contains("succeeded", followed.Output, StringComparison.Ordinal);
        Assert.Equal(1, await scene.CountPointsAsync());
        Assert.Contains(run, (await scene.RunAsync("runs", "list")).Succeeded().Output, StringComparison.Ordinal);
        await scene.FailsAsync(Catalogue.RunUnknown, "runs", "follow", "nonsense");
    }

    [Fact]
    public async Task A_backup_that_is_interrupted_again_and_again_ends_once_and_leaves_nothing_undone()
    {
        using var scene = new Scene();
        var stop = TestContext.Current.CancellationToken;
        var before = await scene.FillAsync(mebibytes: 150);
        await scene.MakeRepositoryAsync();
        using var backup = scene.Start("backup");
        backup.StandardInput.Close();
        var reading = Task.WhenAll(backup.StandardOutput.ReadToEndAsync(stop), backup.StandardError.ReadToEndAsync(stop));
        await WaitForCaptureAsync(scene);
        foreach (var signal in Enumerable.Repeat(new[] { "-INT", "-TERM" }, 20).SelectMany(both => both))
            await Command.RunAsync("kill", [signal, $"{backup.Id}"]); // the last ones may come too late
        await backup.WaitForExitAsync(stop);

        var said = string.Concat(await reading);
        Assert.True(backup.ExitCode == (int)Catalogue.RunInterrupted.Exit, $"It ended with {backup.ExitCode}. {said}");
        Assert.Equal(2, said.Split($"[{Catalogue.RunInterrupted.Code}]").Length);
        Assert.Equal(0, await scene.CountPointsAsync());
        Assert.DoesNotContain("owing", (await scene.RunAsync("runs", "list", "--json")).Succeeded().Output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(scene.Repository, "locks")));
        (await scene.RunAsync("backup")).Succeeded();
        await scene.NothingIsLostAsync(before);
    }

    private static async Task<string> WaitForCaptureAsync(Scene scene)
    {
        string? found = null;
        await Eventually.HoldsAsync("the backup copies files", async () =>
        {
            var lines = (await scene.RunAsync("runs", "list", "--json")).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            var running = lines.Select(line => JsonNode.Parse(line)!).FirstOrDefault(run => (string?)run["state"] == "running" && (string?)run["step"] == "Capture configuration files");
            return (found = (string?)running?["run_id"]) is not null;
        });
        return found!;
    }
}
