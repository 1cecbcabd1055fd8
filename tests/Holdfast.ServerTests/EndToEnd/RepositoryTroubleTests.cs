using Holdfast.Engine.Problems;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>What can be wrong with the repository as a whole: each time a clear word, and nothing lost.</summary>
public sealed class RepositoryTroubleTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("backup")]
    [InlineData("points", "list")]
    [InlineData("restore", "--yes", "--target", "/nonexistent/target")]
    [InlineData("repo", "check")]
    public async Task A_wrong_password_opens_nothing(params string[] command)
    {
        using var scene = await Scene.WithPointAsync();
        var before = await Tree.ListAsync(scene.Source);
        File.Delete(scene.PasswordFile);
        File.WriteAllText(scene.PasswordFile, "wrong");
        File.SetUnixFileMode(scene.PasswordFile, UnixFileMode.UserRead);

        await scene.FailsAsync(Catalogue.RepositoryPassword, command);

        File.Delete(scene.PasswordFile);
        File.WriteAllText(scene.PasswordFile, Scene.Password);
        await scene.NothingIsLostAsync(before);
    }

    [Fact]
    public async Task A_place_without_anything_is_no_repository()
    {
        using var scene = new Scene();
        await scene.FillAsync(mebibytes: 0);

        await scene.FailsAsync(Catalogue.RepositoryMissing, "backup");

        Assert.False(Directory.Exists(scene.Repository));
    }

    [Fact]
    public async Task An_empty_folder_is_no_repository_and_stays_empty()
    {
        using var scene = new Scene();
        await scene.FillAsync(mebibytes: 0);
        Directory.CreateDirectory(scene.Repository);

        await scene.FailsAsync(Catalogue.RepositoryMissing, "backup");

        Assert.Empty(Directory.EnumerateFileSystemEntries(scene.Repository));
    }

    [Fact]
    public async Task A_folder_of_something_else_is_no_repository_and_is_left_alone()
    {
        using var scene = new Scene();
        await scene.FillAsync(mebibytes: 0);
        Directory.CreateDirectory(scene.Repository);
        File.WriteAllText(Path.Combine(scene.Repository, "letter.txt"), "mine");
        var before = await Tree.ListAsync(scene.Repository);

        await scene.FailsAsync(Catalogue.RepositoryMissing, "backup");

        Assert.Empty(before.Differences(await Tree.ListAsync(scene.Repository)));
    }

    [Fact]
    public async Task A_repository_that_is_there_is_not_made_again()
    {
        using var scene = await Scene.WithPointAsync();
        var before = await Tree.ListAsync(scene.Source);
        var config = File.ReadAllBytes(Path.Combine(scene.Repository, "config"));

        await scene.RunAsync("init", "--yes");

        Assert.Equal(config, File.ReadAllBytes(Path.Combine(scene.Repository, "config")));
        await scene.NothingIsLostAsync(before);
    }

    [Fact]
    public async Task Into_a_read_only_repository_nothing_is_written_and_what_is_there_can_be_read()
    {
        using var scene = await Scene.WithPointAsync();
        var before = await Tree.ListAsync(scene.Source);
        scene.Space = await MountSpace.MakeAsync();
        await scene.Space.MakeReadOnlyAsync(scene.Repository);
        File.WriteAllText(Path.Combine(scene.Source, "added"), "later");

        await scene.FailsAsync(Catalogue.RepositoryReadOnly, "backup");

        Assert.Equal(1, await scene.CountPointsAsync());
        (await scene.RunAsync("points", "list")).Succeeded();
        scene.Space.Dispose();
        scene.Space = null;
        await scene.NothingIsLostAsync(before);
    }

    [Fact]
    public async Task A_disk_that_fills_up_in_the_middle_costs_nothing_and_the_next_run_goes_on()
    {
        using var scene = new Scene();
        await scene.FillAsync(mebibytes: 4);
        Directory.CreateDirectory(scene.Repository);
        scene.Space = await MountSpace.MakeAsync();
        await scene.Space.MountSmallAsync(scene.Repository, "24m");
        (await scene.RunAsync("init", "--yes")).Succeeded();
        (await scene.RunAsync("backup")).Succeeded();
        var after = await scene.FillAsync(mebibytes: 60);

        await scene.FailsAsync(Catalogue.RepositoryFull, "backup");

        Assert.Equal(1, await scene.CountPointsAsync());
        (await scene.RunAsync("points", "list")).Succeeded();
        await scene.Space.EnlargeAsync(scene.Repository, "200m");
        await scene.CheckAsync();
        (await scene.RunAsync("backup")).Succeeded();
        Assert.Equal(2, await scene.CountPointsAsync());
        await scene.NothingIsLostAsync(after);
    }

    [Fact]
    public async Task A_repository_that_somebody_holds_alone_is_waited_out_or_told()
    {
        using var scene = await Scene.WithPointAsync();
        var before = await Tree.ListAsync(scene.Source);
        await using (var repository = await Repository.OpenAsync(new LocalBackend(scene.Repository), Scene.Password, cancellation: Cancellation))
        await using (await repository.LockAsync(LockKind.Exclusive, cancellation: Cancellation))
        {
            var result = await scene.FailsAsync(Catalogue.RepositoryLocked, "backup");
            Assert.Contains($"{Environment.ProcessId}", result.Errors, StringComparison.Ordinal);
        }

        (await scene.RunAsync("backup")).Succeeded();
        await scene.NothingIsLostAsync(before);
    }

    [Fact]
    public async Task Two_platforms_backed_up_at_once_share_one_repository()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 30);
        using var other = new Scene("other");
        await other.FillAsync(mebibytes: 30);
        var profile = File.ReadAllText(other.Profile).Replace(other.Repository, scene.Repository, StringComparison.Ordinal);
        File.WriteAllText(other.Profile, profile);

        var results = await Task.WhenAll(scene.RunAsync("backup"), other.RunAsync("backup"));

        Each.Holds(results, result => result.Succeeded());
        Assert.Equal(3, await scene.CountPointsAsync());
        await scene.CheckAsync();
    }

    [Fact]
    public async Task Two_backups_of_one_platform_at_once_are_one_backup_and_a_clear_word()
    {
        using var scene = await Scene.WithPointAsync(mebibytes: 1);
        var after = await scene.FillAsync(mebibytes: 60);

        var results = await Task.WhenAll(scene.RunAsync("backup"), scene.RunAsync("backup"));

        Assert.Contains(results, result => result.ExitCode == 0);
        var refused = Assert.Single(results, result => result.ExitCode != 0);
        Assert.Equal((int)ExitCode.Locked, refused.ExitCode);
        Assert.Contains($"[{Catalogue.RunInProgress.Code}]", refused.Errors, StringComparison.Ordinal);
        await scene.NothingIsLostAsync(after);
    }
}
