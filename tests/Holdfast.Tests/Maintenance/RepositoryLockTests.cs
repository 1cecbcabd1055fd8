using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Maintenance;
using Holdfast.Restic.Posix;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Maintenance;

public sealed class RepositoryLockTests : IAsyncLifetime
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);
    private readonly MemoryBackend _memory = new();
    private readonly ManualClock _clock = new();
    private FaultyBackend _faulty = null!;
    private Repository _repository = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    private IReadOnlyList<string> Files => _memory.Names(FileKind.Lock);

    public async ValueTask InitializeAsync()
    {
        _faulty = new FaultyBackend(_memory);
        var cheap = new InitOptions { KeyDerivation = new KeyDerivation(2, 1, 1) };
        _repository = await Repository.InitAsync(_faulty, "password", cheap, new OpenOptions { Clock = _clock }, Now);
    }

    public ValueTask DisposeAsync() => _repository.DisposeAsync();

    [Fact]
    public async Task A_lock_is_one_file_until_it_is_disposed()
    {
        var held = await AcquireAsync(LockKind.Exclusive);
        Assert.Equal([held.Id.ToString()], Files, StringComparer.Ordinal);
        await held.DisposeAsync();
        await held.DisposeAsync();
        Assert.Empty(Files);
    }

    // qemu 7.2 shows each thread another start time of the process in /proc/self/stat, so that a live one seems to be gone.
    [Fact, Trait("qemu", "no")]
    public async Task Shared_locks_go_together()
    {
        await using var first = await AcquireAsync(LockKind.Shared);
        await using var second = await AcquireAsync(LockKind.Shared);
        Assert.Equal(2, Files.Count);
    }

    // qemu 7.2 shows each thread another start time of the process in /proc/self/stat, so that a live one seems to be gone.
    [Theory, Trait("qemu", "no")]
    [InlineData(LockKind.Shared, LockKind.Exclusive)]
    [InlineData(LockKind.Exclusive, LockKind.Shared)]
    [InlineData(LockKind.Exclusive, LockKind.Exclusive)]
    public async Task An_exclusive_lock_goes_with_no_other_and_the_holder_is_named(LockKind held, LockKind wanted)
    {
        await using var first = await AcquireAsync(held);
        var failure = await LockedAsync(() => AcquireAsync(wanted));
        Assert.Contains($"user {Environment.UserName} on host {LockContent.ThisHost}, process {Environment.ProcessId}", failure.Message, StringComparison.Ordinal);
        Assert.Equal([first.Id.ToString()], Files, StringComparer.Ordinal);
    }

    // qemu 7.2 shows each thread another start time of the process in /proc/self/stat, so that a live one seems to be gone.
    [Fact, Trait("qemu", "no")]
    public async Task Of_many_that_want_it_at_once_never_two_hold_an_exclusive_lock()
    {
        var attempts = Enumerable.Range(0, 8).Select(_ => Task.Run(() => _repository.LockAsync(LockKind.Exclusive, cancellation: Now), Now)).ToList();
        var all = Task.WhenAll(attempts.Select(attempt => attempt.ContinueWith(done => done.IsCompletedSuccessfully, TaskScheduler.Default)));
        var won = (await _clock.RunAsync(all, Step)).Count(success => success);
        Assert.InRange(won, 0, 1);
        Assert.Equal(won, Files.Count);
    }

    // qemu 7.2 shows each thread another start time of the process in /proc/self/stat, so that a live one seems to be gone.
    [Fact, Trait("qemu", "no")]
    public async Task Waiting_ends_when_the_other_lock_goes()
    {
        var first = await AcquireAsync(LockKind.Exclusive);
        var waiting = _repository.LockAsync(LockKind.Exclusive, TimeSpan.FromMinutes(10), Now);
        for (var i = 0; i < 50; i++) _clock.Advance(Step);
        Assert.False(waiting.IsCompleted);
        await first.DisposeAsync();
        await using var second = await _clock.RunAsync(waiting, Step);
        Assert.Equal([second.Id.ToString()], Files, StringComparer.Ordinal);
    }

    // The other timers are the look for a lost lock (10 s) and what an exclusive lock waits (1 to 2 s).
    [Fact, Trait("qemu", "no")]
    public async Task A_shared_lock_on_a_local_place_looks_again_within_a_fifth_of_a_second()
    {
        var first = await AcquireAsync(LockKind.Exclusive);
        var waiting = _repository.LockAsync(LockKind.Shared, TimeSpan.FromMinutes(10), Now);
        await Eventually.HoldsAsync("the shared lock waits", () => _clock.Next < TimeSpan.FromMilliseconds(200));
        await first.DisposeAsync();
        await using var second = await _clock.RunAsync(waiting, Step);
        Assert.Equal([second.Id.ToString()], Files, StringComparer.Ordinal);
    }

    // qemu 7.2 shows each thread another start time of the process in /proc/self/stat, so that a live one seems to be gone.
    [Fact, Trait("qemu", "no")]
    public async Task Waiting_ends_with_an_error_when_the_time_is_over()
    {
        await using var first = await AcquireAsync(LockKind.Exclusive);
        var began = _clock.GetUtcNow();
        await LockedAsync(() => _clock.RunAsync(_repository.LockAsync(LockKind.Shared, TimeSpan.FromSeconds(20), Now), Step));
        Assert.InRange(_clock.GetUtcNow() - began, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_lock_of_a_dead_process_of_this_host_is_removed_on_the_way()
    {
        await SaveAsync(LockContent.OfThisProcess(LockKind.Exclusive, _clock) with { Pid = 2_000_000_000 });
        await using var held = await AcquireAsync(LockKind.Exclusive);
        Assert.Equal([held.Id.ToString()], Files, StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_lock_of_this_host_that_says_nothing_of_its_boot_is_held_whatever_its_process_as_restic_in_a_container_writes_it()
    {
        await SaveAsync(Elsewhere() with { Hostname = LockContent.ThisHost, Pid = 2_000_000_000 });
        await LockedAsync(() => AcquireAsync(LockKind.Exclusive));
    }

    [Fact]
    public async Task An_old_exclusive_lock_stops_us_until_somebody_removes_it()
    {
        await SaveAsync(Elsewhere() with { Exclusive = true, Time = Timestamp.FromDateTimeOffset(_clock.GetUtcNow().AddHours(-1)) });
        await LockedAsync(() => AcquireAsync(LockKind.Shared));
        Assert.Single(await _repository.UnlockAsync(all: false, Now));
        await using var held = await AcquireAsync(LockKind.Shared);
    }

    [Fact]
    public async Task A_lock_that_one_of_ours_left_on_another_machine_is_cleared_away_when_it_is_old()
    {
        var process = ProcessIdentity.Own with { Boot = "another" };
        await SaveAsync(Elsewhere() with { Process = process, Time = Timestamp.FromDateTimeOffset(_clock.GetUtcNow().AddMinutes(-31)) });
        await using var held = await AcquireAsync(LockKind.Exclusive);
        Assert.Equal([held.Id.ToString()], Files, StringComparer.Ordinal);
    }

    [Fact]
    public async Task An_old_lock_of_another_host_is_passed_over_and_left()
    {
        await SaveAsync(Elsewhere() with { Time = Timestamp.FromDateTimeOffset(_clock.GetUtcNow().AddMinutes(-31)) });
        await using var held = await AcquireAsync(LockKind.Exclusive);
        Assert.Equal(2, Files.Count);
    }

    [Fact]
    public async Task A_fresh_lock_of_another_host_stops_us() =>
        await LockedAsync(async () =>
        {
            await SaveAsync(Elsewhere());
            await AcquireAsync(LockKind.Exclusive);
        });

    [Fact]
    public async Task A_lock_that_can_not_be_read_stops_us_until_all_are_removed()
    {
        _memory[FileKind.Lock, Id.Hash([1]).ToString()] = [];
        await LockedAsync(() => AcquireAsync(LockKind.Shared));
        Assert.Empty(await _repository.UnlockAsync(all: false, Now));
        Assert.Single(await _repository.UnlockAsync(all: true, Now));
        await using var held = await AcquireAsync(LockKind.Shared);
    }

    [Fact]
    public async Task A_lock_is_refreshed_every_five_minutes()
    {
        await using var held = await AcquireAsync(LockKind.Shared);
        var first = held.Id;
        await MoveAsync(TimeSpan.FromMinutes(6), () => held.Id != first && Files.Count == 1);
        Assert.Equal([held.Id.ToString()], Files, StringComparer.Ordinal);
        Assert.NotEqual(first, held.Id);
        Assert.False(held.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_lock_that_can_not_be_refreshed_is_lost_before_others_find_it_stale()
    {
        await using var held = await AcquireAsync(LockKind.Shared);
        _faulty.Fail(BackendCalls.Save, times: int.MaxValue);
        await MoveAsync(TimeSpan.FromMinutes(20), () => held.Lost.IsCancellationRequested);
        Assert.False(held.Lost.IsCancellationRequested);
        await MoveAsync(TimeSpan.FromMinutes(5), () => held.Lost.IsCancellationRequested);
        Assert.True(held.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_refresh_that_fails_for_a_while_is_made_up_for()
    {
        await using var held = await AcquireAsync(LockKind.Shared);
        var first = held.Id;
        _faulty.Fail(BackendCalls.Save, times: 3);
        await MoveAsync(TimeSpan.FromMinutes(7), () => held.Id != first);
        Assert.NotEqual(first, held.Id);
        Assert.False(held.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_lock_that_somebody_removed_is_lost()
    {
        await using var held = await AcquireAsync(LockKind.Shared);
        await _repository.UnlockAsync(all: true, Now);
        await MoveAsync(TimeSpan.FromMinutes(6), () => held.Lost.IsCancellationRequested);
        Assert.True(held.Lost.IsCancellationRequested);
        Assert.Empty(Files);
    }

    [Fact]
    public async Task Unlocking_removes_stale_locks_and_tells_which()
    {
        await SaveAsync(Elsewhere());
        await SaveAsync(Elsewhere() with { Pid = 99, Time = Timestamp.FromDateTimeOffset(_clock.GetUtcNow().AddHours(-1)) });
        var removed = Assert.Single(await _repository.UnlockAsync(all: false, Now));
        Assert.Equal(("elsewhere", 99, true), (removed.Hostname, removed.Pid, removed.Stale));
        Assert.Single(Files);
    }

    [Fact]
    public async Task A_cancelled_attempt_leaves_no_lock()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Now);
        var attempt = _repository.LockAsync(LockKind.Exclusive, cancellation: cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => attempt);
        Assert.Empty(Files);
    }

    private Task<RepositoryLock> AcquireAsync(LockKind kind) => _clock.RunAsync(_repository.LockAsync(kind, cancellation: Now), Step);

    private Task<Id> SaveAsync(LockContent content) => new LockStore(_repository).SaveAsync(content, Now);

    private LockContent Elsewhere() => LockContent.OfThisProcess(LockKind.Shared, _clock) with { Hostname = "elsewhere", Process = new ProcessIdentity("", "", 0) };

    /// <summary>Moves the clock in steps of ten seconds, each after the lock had the time to act on the last.</summary>
    private async Task MoveAsync(TimeSpan time, Func<bool> done)
    {
        for (var moved = TimeSpan.Zero; moved < time && !done(); moved += TimeSpan.FromSeconds(10))
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
            await Eventually.HoldsAsync("the lock waits again, or has given up", () => _clock.Waiting > 0 || done());
        }
    }

    private static async Task<ResticException> LockedAsync(Func<Task> action)
    {
        var failure = await Assert.ThrowsAsync<ResticException>(action);
        Assert.Equal(ResticError.Locked, failure.Error);
        return failure;
    }
}
