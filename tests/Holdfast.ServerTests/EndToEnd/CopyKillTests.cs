using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>
/// kill -9 at random instants of `repo copy`: the copy is whole, and the same command makes up what is missing.
/// HOLDFAST_KILLS sets how many times, HOLDFAST_SEED when.
/// </summary>
public sealed class CopyKillTests(ITestOutputHelper output)
{
    private const string Another = "battery staple";

    private static readonly int Kills = Sample.Count("HOLDFAST_KILLS", 5, 50);

    [Fact]
    public async Task Killed_while_copying_the_copy_is_whole_and_the_next_run_completes_it()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 2);
        await MakeCopyAsync(scene);
        await scene.FillAsync(mebibytes: 40);
        (await scene.RunAsync("backup")).Succeeded();
        var killer = new Killer(Sample.Random("CopyKillTests"), await TimeAsync(scene));
        for (var round = 0; round < Kills; round++)
        {
            await scene.FillAsync(mebibytes: 40);
            (await scene.RunAsync("backup")).Succeeded();
            using (var copy = scene.Start(Copy(scene))) await killer.KillAsync(copy);

            // Stock restic would stop at the dead process's lock.
            (await scene.RunAsync(["repo", "unlock", .. Of(scene)])).Succeeded();
            await scene.Restic.CheckAsync(scene["copy"], Another);
            Assert.InRange(Snapshots(scene), round + 2, round + 3);
            (await scene.RunAsync(Copy(scene))).Succeeded();
            Assert.Equal(round + 3, Snapshots(scene));
        }
        await scene.Restic.CheckAsync(scene["copy"], Another);
        output.WriteLine($"{killer.Killed} of {Kills} copies were killed before their end; seed {Sample.Seed}.");
        Assert.True(killer.Killed > Kills / 3, $"Only {killer.Killed} of {Kills} copies were killed; seed {Sample.Seed}.");

        var tree = await Tree.ListAsync(scene.Source);
        string[] restore = ["restore", "--target", scene["target"], "--yes", "--privileged-modes", .. Of(scene)];
        (await scene.RunAsync(restore)).Succeeded();
        var restored = await Tree.ListAsync(scene["target"] + scene.Source);
        Each.Holds(
            tree.Entries.Where(entry => entry.Value.Type == "f"),
            entry => Assert.Equal(entry.Value with { LinkedTo = "" }, restored.Entries[entry.Key] with { LinkedTo = "" }));
    }

    private static async Task MakeCopyAsync(Scene scene)
    {
        File.WriteAllText(scene["copy-password"], Another + "\n");
        File.SetUnixFileMode(scene["copy-password"], UnixFileMode.UserRead);
        var cheap = new InitOptions { KeyDerivation = KeyDerivation.Random };
        await using var made = await Repository.InitAsync(
            new LocalBackend(scene["copy"]), Another, cheap, cancellation: TestContext.Current.CancellationToken);
    }

    private static string[] Copy(Scene scene) =>
        ["repo", "copy", "--to", scene["copy"], "--to-password-file", scene["copy-password"]];

    private static string[] Of(Scene scene) =>
        ["--repository", scene["copy"], "--password-file", scene["copy-password"]];

    private static int Snapshots(Scene scene) => Directory.GetFiles(Path.Combine(scene["copy"], "snapshots")).Length;

    private static async Task<TimeSpan> TimeAsync(Scene scene)
    {
        var began = TimeProvider.System.GetTimestamp();
        (await scene.RunAsync(Copy(scene))).Succeeded();
        return TimeProvider.System.GetElapsedTime(began);
    }
}
