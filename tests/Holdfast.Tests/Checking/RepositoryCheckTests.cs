using Holdfast.Engine.Checking;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Checking;

public sealed class RepositoryCheckTests : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ManualClock _clock = new();
    private Repository? _repository;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_repository is not null) await _repository.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_last_complete_point_of_the_platform_counts_and_grows_old()
    {
        await InitAsync();
        Assert.Equal((CheckState.Warn, "the platform 'shop' has no recovery point"), await PointAsync());
        await CommitAsync("holdfast", "platform=other");
        await CommitAsync(); // of another program
        Assert.Equal((CheckState.Warn, "the platform 'shop' has no recovery point"), await PointAsync());
        await CommitAsync("holdfast", "platform=shop", "partial");
        Assert.Equal((CheckState.Warn, "the only recovery point was made with --only, so that it does not hold everything"), await PointAsync());
        await CommitAsync("holdfast", "platform=shop", "incomplete");
        Assert.Equal((CheckState.Warn, "none of the 2 recovery points is complete: each lacks something, or was made with --only"), await PointAsync());

        var complete = await CommitAsync("holdfast", "platform=shop");
        Assert.Equal((CheckState.Pass, $"{complete} is less than a minute old"), await PointAsync());
        await CommitAsync("holdfast", "platform=shop", "incomplete");
        Assert.Equal((CheckState.Pass, $"{complete} is less than a minute old, and later ones are not complete"), await PointAsync());

        _clock.Advance(TimeSpan.FromHours(27.5));
        Assert.Equal((CheckState.Warn, $"{complete} is 27 h old, and later ones are not complete; more than 26 h"), await PointAsync());
        _clock.Advance(TimeSpan.FromHours(-30));
        Assert.Equal(CheckState.Warn, (await PointAsync()).State);
    }

    // qemu 7.2 shows each thread another start time of the process in /proc/self/stat, so that a live one seems to be gone.
    [Fact, Trait("qemu", "no")]
    public async Task Locks_of_others_warn_exclusive_ones_fail_and_those_of_the_dead_do_not_matter()
    {
        var repository = await InitAsync();
        Assert.Equal(CheckState.Pass, (await LineAsync("locks")).State);
        await using (await repository.LockAsync(LockKind.Shared, cancellation: Cancellation))
        {
            var shared = await LineAsync("locks");
            Assert.Equal(CheckState.Warn, shared.State);
            Assert.Contains($"process {Environment.ProcessId} of ", shared.Found, StringComparison.Ordinal);
        }
        await using (await repository.LockAsync(LockKind.Exclusive, cancellation: Cancellation)) Assert.Equal(CheckState.Fail, (await LineAsync("locks")).State);
        await File.WriteAllTextAsync(_folder[$"repository/locks/{new string('a', 64)}"], "no lock that anybody could read", Cancellation);
        Assert.Equal(CheckState.Fail, (await LineAsync("locks")).State);
    }

    [Fact]
    public async Task What_would_end_a_backup_fails_with_the_same_words()
    {
        Assert.Equal((CheckState.Fail, Catalogue.RepositoryMissing.Hint), await OpensAsync());
        await InitAsync();
        Assert.Equal((CheckState.Pass, null), await OpensAsync());
        Assert.Equal((CheckState.Fail, Catalogue.RepositoryPassword.Hint), await OpensAsync("wrong"));
        await File.WriteAllTextAsync(_folder["repository/config"], "bent", Cancellation);
        Assert.Equal((CheckState.Fail, Catalogue.RepositoryDamaged.Hint), await OpensAsync());
        var unset = await new RepositoryCheck(_ => throw Catalogue.RepositoryUnset.Throwable("Nothing says where."), "shop", TimeSpan.FromHours(26), _clock).CheckAsync(Cancellation);
        Assert.Equal(CheckState.Fail, Assert.Single(unset).State);
    }

    private async Task<Repository> InitAsync() => _repository = await Repository.InitAsync(
        new LocalBackend(_folder["repository"]), "password", new InitOptions { KeyDerivation = new KeyDerivation(2, 1, 1) }, cancellation: Cancellation);

    private async Task<string> CommitAsync(params string[] tags)
    {
        await using var writer = await _repository!.BeginSnapshotAsync(null, Cancellation);
        return (await writer.CommitAsync(new SnapshotHeader { Paths = ["/"], Hostname = "test", Tags = tags }, Cancellation)).Id.ToShortString();
    }

    private async Task<IReadOnlyList<CheckLine>> LinesAsync(string password = "password") =>
        await new RepositoryCheck(_ => Task.FromResult(new RepositorySettings(_folder["repository"], password)), "shop", TimeSpan.FromHours(26), _clock).CheckAsync(Cancellation);

    private async Task<CheckLine> LineAsync(string question) => (await LinesAsync()).Single(line => line.Question == question);

    private async Task<(CheckState State, string Found)> PointAsync()
    {
        var line = await LineAsync("last point");
        return (line.State, line.Found);
    }

    private async Task<(CheckState State, string? Hint)> OpensAsync(string password = "password")
    {
        var line = (await LinesAsync(password))[0];
        return (line.State, line.Hint);
    }
}
