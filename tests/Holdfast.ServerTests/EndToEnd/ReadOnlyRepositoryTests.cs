using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>
/// A repository that can only be read (a medium that is read-only, a user who may not write) gives back all it has. It can't be locked,
/// which is said.
/// </summary>
public sealed class ReadOnlyRepositoryTests
{
    private static readonly string Unlocked = $"[{Catalogue.RepositoryUnlocked.Code}]";

    public static TheoryData<string> Readers =>
        ["points list", "points show latest", "points files latest", "points diff latest latest", "repo stats", "repo check", "repo check --read-data"];

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task A_read_only_medium_can_be_read(string command)
    {
        using var scene = await MountedAsync();
        (await scene.RunAsync(command.Split(' '))).Succeeded();
    }

    [Fact]
    public async Task From_a_read_only_medium_all_is_restored_and_the_missing_lock_is_told()
    {
        using var scene = await MountedAsync();
        var before = await Tree.ListAsync(scene.Source);

        var told = (await scene.RunAsync("restore", "--target", scene["look"], "--yes", "--privileged-modes")).Succeeded();

        Assert.Contains(Unlocked, told.Errors, StringComparison.Ordinal);
        Assert.Empty(before.Differences(await Tree.ListAsync(scene["look"] + scene.Source)));
        // Nothing is owed: no lock was made.
        Assert.Contains("Nothing", (await scene.RunAsync("recover")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("repo", "check")]
    [InlineData("restore", "--yes", "--target", "look")]
    public async Task Who_asks_for_no_lock_is_told_nothing(params string[] command)
    {
        using var scene = await MountedAsync();
        string[] line = [.. command[..^1], command[^1] is "look" ? scene["look"] : command[^1]];
        Assert.Contains(Unlocked, (await scene.RunAsync(line)).Succeeded().Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(Unlocked, (await scene.RunAsync([.. line, "--no-lock"])).Succeeded().Errors, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public async Task A_user_who_may_only_read_can_read(string command)
    {
        using var scene = await ForNobodyAsync();
        (await scene.RunAsync(command.Split(' '))).Succeeded();
    }

    [Fact]
    public async Task A_user_who_may_only_read_can_restore()
    {
        using var scene = await ForNobodyAsync();
        var told = (await scene.RunAsync("restore", "--target", scene["look"], "--yes", "--privileged-modes")).Succeeded();
        Assert.Contains(Unlocked, told.Errors, StringComparison.Ordinal);
        Assert.Equal("plain", await File.ReadAllTextAsync($"{scene["look"]}{scene.Source}/etc/plain", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Who_prunes_a_repository_that_others_may_only_read_is_waited_for()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 0);
        await using (var repository = await Repository.OpenAsync(new LocalBackend(scene.Repository), Scene.Password, cancellation: TestContext.Current.CancellationToken))
        await using (await repository.LockAsync(LockKind.Exclusive, cancellation: TestContext.Current.CancellationToken))
        {
            scene.Space = await MountSpace.MakeAsync();
            await scene.Space.MakeReadOnlyAsync(scene.Repository);
            await scene.FailsAsync(Catalogue.RepositoryLocked, "restore", "--target", scene["look"], "--yes", "--privileged-modes");
            await scene.FailsAsync(Catalogue.RepositoryLocked, "repo", "check");
            (await scene.RunAsync("repo", "check", "--no-lock")).Succeeded();
        }
    }

    private static async Task<Scene> MountedAsync()
    {
        var scene = await Scene.WithPointAsync(mebibytes: 0);
        scene.Space = await MountSpace.MakeAsync();
        await scene.Space.MakeReadOnlyAsync(scene.Repository);
        return scene;
    }

    private static async Task<Scene> ForNobodyAsync()
    {
        var scene = await Scene.WithPointAsync(mebibytes: 0);
        await scene.HandToNobodyAsync();
        (await Command.RunAsync("chmod", ["-R", "a-w", scene.Repository])).Succeeded();
        return scene;
    }
}
