using System.Diagnostics;
using System.Text.Json;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Restic;

/// <summary>Holdfast and the stock restic keep out of each other's way by their locks.</summary>
public sealed class LockAgainstResticTests(ResticRepository original) : IClassFixture<ResticRepository>
{
    private static CancellationToken Now => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Our_exclusive_lock_stops_restic_and_is_gone_when_it_is_released()
    {
        using var copy = await original.CopyAsync();
        await using var repository = await ResticRepository.OpenAsync(copy, Now);
        await using (await repository.LockAsync(LockKind.Exclusive, cancellation: Now))
        {
            var stopped = await RunAsync(copy, "backup", original.Source);
            Assert.NotEqual(0, stopped.ExitCode);
            Assert.Contains("already locked exclusively", stopped.Errors, StringComparison.Ordinal);
        }
        (await RunAsync(copy, "backup", original.Source)).Succeeded();
    }

    [Fact]
    public async Task Our_shared_lock_stops_only_what_restic_does_exclusively()
    {
        using var copy = await original.CopyAsync();
        await using var repository = await ResticRepository.OpenAsync(copy, Now);
        await using var held = await repository.LockAsync(LockKind.Shared, cancellation: Now);
        (await RunAsync(copy, "backup", original.Source)).Succeeded();
        Assert.NotEqual(0, (await RunAsync(copy, "prune")).ExitCode);
    }

    [Fact]
    public async Task Restic_lists_and_reads_our_lock()
    {
        using var copy = await original.CopyAsync();
        await using var repository = await ResticRepository.OpenAsync(copy, Now);
        await using var held = await repository.LockAsync(LockKind.Shared, cancellation: Now);
        Assert.Contains(held.Id.ToString(), (await RunAsync(copy, "list", "--no-lock", "locks")).Succeeded().Output, StringComparison.Ordinal);
        var read = JsonDocument.Parse((await RunAsync(copy, "cat", "--no-lock", "lock", held.Id.ToString())).Succeeded().Output).RootElement;
        Assert.Equal(Environment.ProcessId, read.GetProperty("pid").GetInt32());
        Assert.Equal(Environment.UserName, read.GetProperty("username").GetString());
        Assert.False(read.GetProperty("exclusive").GetBoolean());
    }

    /// <summary>restic sends SIGHUP to the holder to see whether it is alive; this test's process would be gone.</summary>
    [Fact]
    public async Task Restic_unlocks_our_stale_lock_and_leaves_the_one_that_is_held()
    {
        using var copy = await original.CopyAsync();
        await using var repository = await ResticRepository.OpenAsync(copy, Now);
        await using var held = await repository.LockAsync(LockKind.Shared, cancellation: Now);
        await using var past = await Repository.OpenAsync(
            new LocalBackend(copy.Path), ResticRepository.Password, new OpenOptions { Clock = new PastClock(TimeSpan.FromMinutes(31)) }, Now);
        await using var stale = await past.LockAsync(LockKind.Shared, cancellation: Now);
        (await RunAsync(copy, "unlock")).Succeeded();
        Assert.Equal([held.Id.ToString()], Directory.GetFiles(copy["locks"]).Select(path => Path.GetFileName(path)), StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_lock_that_restic_holds_stops_our_exclusive_one_and_names_restics_process()
    {
        using var copy = await original.CopyAsync();
        await using var repository = await ResticRepository.OpenAsync(copy, Now);
        using var fed = Command.Start(original.Restic.Path, ["--no-cache", "--verbose", "backup", "--stdin"], Environs(copy));
        await LockedAsync(fed);
        var failure = await Assert.ThrowsAsync<ResticException>(() => repository.LockAsync(LockKind.Exclusive, cancellation: Now));
        Assert.Equal(ResticError.Locked, failure.Error);
        Assert.Contains($"process {fed.Id},", failure.Message, StringComparison.Ordinal);
        await using (await repository.LockAsync(LockKind.Shared, cancellation: Now))
            Assert.Equal(2, Directory.GetFiles(copy["locks"]).Length);
        await fed.StandardInput.WriteAsync("something to back up");
        fed.StandardInput.Close(); // restic ends its backup and releases its lock
        await using var ours = await repository.LockAsync(LockKind.Exclusive, TimeSpan.FromMinutes(1), Now);
        await fed.WaitForExitAsync(Now);
        Assert.Equal(0, fed.ExitCode);
    }

    [Fact]
    public async Task The_lock_of_a_killed_restic_stands_in_nobodys_way()
    {
        using var copy = await original.CopyAsync();
        await using var repository = await ResticRepository.OpenAsync(copy, Now);
        using (var fed = Command.Start(original.Restic.Path, ["--no-cache", "--verbose", "backup", "--stdin"], Environs(copy)))
        {
            await LockedAsync(fed);
            fed.Kill();
            await fed.WaitForExitAsync(Now);
        }
        var left = Assert.Single(Directory.GetFiles(copy["locks"]));
        await using (await repository.LockAsync(LockKind.Shared, cancellation: Now)) Assert.True(File.Exists(left));
        File.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddMinutes(-31)); // nobody can know of restic that it is dead: it may run in a container
        await using var ours = await repository.LockAsync(LockKind.Exclusive, cancellation: Now);
    }

    private Task<CommandResult> RunAsync(TempFolder copy, params string[] arguments) =>
        original.Restic.RunAsync(copy.Path, ResticRepository.Password, arguments);

    private static Dictionary<string, string?> Environs(TempFolder copy) => new(StringComparer.Ordinal)
    {
        ["RESTIC_REPOSITORY"] = copy.Path,
        ["RESTIC_PASSWORD"] = ResticRepository.Password,
    };

    /// <summary>restic has its lock, and has looked for others once more, when it tells of anything after the lock.</summary>
    private static async Task LockedAsync(Process restic)
    {
        var told = new List<string>();
        while (await restic.StandardOutput.ReadLineAsync(Now) is { } line)
        {
            if (told.Contains("lock repository", StringComparer.Ordinal)) return;
            told.Add(line);
        }
        Assert.Fail($"restic ended: {string.Join("; ", told)} {await restic.StandardError.ReadToEndAsync(Now)}");
    }

    private sealed class PastClock(TimeSpan ago) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - ago;
    }
}
