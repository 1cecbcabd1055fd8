namespace Holdfast.Engine.Execution;

/// <summary>
/// Waits for work that may not react to its cancellation: a read of a FIFO, a mount that hangs. Such work is left
/// behind some time after its cancellation, because the pending undos must be rolled back even if a step never returns.
/// </summary>
internal static class Abandonable
{
    /// <summary>How long work may take to end after it was cancelled; 30 seconds. Shorter, a slow disk would look like work that hangs.</summary>
    public static TimeSpan Grace { get; } = TimeSpan.FromSeconds(30);

    /// <summary>Runs work on a thread of the pool until it ends, or until <see cref="Grace"/> after the cancellation.</summary>
    /// <exception cref="AbandonedException">The work did not end in time. It may still go on, and its outcome is dropped.</exception>
    public static async Task<T> RunAsync<T>(Func<Task<T>> work, TimeProvider clock, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
        await using var end = cancellation.UnsafeRegister(static source => ((CancellationTokenSource)source!).CancelAfter(Grace), patience);
        var running = Task.Run(work, CancellationToken.None);
        try
        {
            return await running.WaitAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!running.IsCompleted && patience.IsCancellationRequested)
        {
            _ = running.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw new AbandonedException();
        }
    }

    /// <summary>The same for work without a result.</summary>
    /// <exception cref="AbandonedException">The work did not end in time. It may still go on, and its outcome is dropped.</exception>
    public static Task RunAsync(Func<Task> work, TimeProvider clock, CancellationToken cancellation) => RunAsync(
        async () =>
        {
            await work();
            return true;
        },
        clock,
        cancellation);
}
