using System.Runtime.ExceptionServices;

namespace Holdfast.Restic.Archiving;

/// <summary>Counts tasks, waits for all of them, and keeps the first failure.</summary>
internal sealed class TaskGroup
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _failure;
    private int _open = 1; // the waiter's own

    public void Begin() => Interlocked.Increment(ref _open);

    public void End(Exception? failure)
    {
        if (failure is not null) Interlocked.CompareExchange(ref _failure, failure, null);
        if (Interlocked.Decrement(ref _open) == 0) _done.SetResult();
    }

    /// <summary>Waits until all tasks have ended. Must be called once.</summary>
    public Task WaitAsync()
    {
        End(null);
        return _done.Task;
    }

    public void ThrowIfFailed()
    {
        if (_failure is not null) ExceptionDispatchInfo.Throw(_failure);
    }
}
