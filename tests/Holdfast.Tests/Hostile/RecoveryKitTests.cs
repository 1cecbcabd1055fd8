using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Holdfast.Tests.Cli;
using Xunit;

namespace Holdfast.Tests.Hostile;

/// <summary>What is kept away from the machine brings back what opens a repository.</summary>
public sealed class RecoveryKitTests : IAsyncLifetime
{
    private FilesStage _stage = null!;

    public async ValueTask InitializeAsync()
    {
        _stage = await FilesStage.MakeAsync();
        _stage.Write("a", "content");
        Assert.Equal(ExitCode.Success, await _stage.RunAsync("backup", "--mode", "online"));
    }

    public ValueTask DisposeAsync()
    {
        _stage.Dispose();
        return default;
    }

    [Fact]
    public async Task A_kit_brings_back_a_lost_config_and_lost_keys_and_init_never_takes_their_place()
    {
        Assert.Equal(ExitCode.Success, await _stage.RunAsync("repo", "kit", _stage["kit"]));
        Assert.Equal(["README.txt", "config"], Directory.GetFiles(_stage["kit"]).Select(Path.GetFileName).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_stage["kit"]));
        Each.Holds(Directory.GetFiles(_stage["kit"], "*", SearchOption.AllDirectories), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        File.Delete($"{_stage.Repository}/config");
        Assert.Equal(ExitCode.Damaged, await _stage.RunAsync("points", "list"));
        Assert.Contains(Catalogue.RepositoryConfigLost.Code, _stage.Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Damaged, await _stage.RunAsync("init"));
        foreach (var key in _stage.Stored("keys")) File.Delete(key);
        Assert.Equal(ExitCode.Damaged, await _stage.RunAsync("init"));
        Assert.Equal(ExitCode.Success, await _stage.RunAsync("repo", "kit", "--restore", _stage["kit"]));
        Assert.Equal(ExitCode.Success, await _stage.RunAsync("restore", "latest", "--yes", "--target", _stage["target"]));
    }

    [Fact]
    public async Task Lost_keys_alone_have_a_hint_of_their_own()
    {
        foreach (var key in _stage.Stored("keys")) File.Delete(key);
        Assert.Equal(ExitCode.Damaged, await _stage.RunAsync("points", "list"));
        Assert.Contains(Catalogue.RepositoryKeysLost.Code, _stage.Errors, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Damaged, await _stage.RunAsync("init"));
        Assert.Empty(_stage.Stored("keys"));
    }

    [Fact]
    public async Task A_kit_is_never_written_over_anything_and_another_repository_is_left_alone()
    {
        Directory.CreateDirectory(_stage["kit"]);
        await File.WriteAllTextAsync($"{_stage["kit"]}/mine", "mine", TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.InTheWay, await _stage.RunAsync("repo", "kit", _stage["kit"]));
        Assert.Equal(ExitCode.InTheWay, await _stage.RunAsync("repo", "kit", "--restore", _stage["kit"]));
        using var other = await FilesStage.MakeAsync();
        Assert.Equal(ExitCode.Success, await other.RunAsync("repo", "kit", "--with-password", _stage["other"]));
        Assert.Equal("secret\n", await File.ReadAllTextAsync($"{_stage["other"]}/password", TestContext.Current.CancellationToken));
        Assert.Equal(ExitCode.InTheWay, await _stage.RunAsync("repo", "kit", "--restore", _stage["other"]));
        Assert.Equal(ExitCode.Success, await _stage.RunAsync("points", "list"));
    }
}
