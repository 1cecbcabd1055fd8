namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// Tasks that work together: when one fails the others are cancelled, and the first failure is reported.
/// </summary>
internal static class WorkerGroup
{
    public static async Task RunAsync(int workers, Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Exception? first = null;
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(GuardAsync, CancellationToken.None)));
        if (first is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);

        async Task GuardAsync()
        {
            try
            {
                await work(stop.Token);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref first, exception, null);
                await stop.CancelAsync();
            }
        }
    }
}
