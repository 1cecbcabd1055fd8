using System.Net.Sockets;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Serving;

/// <summary>Answers everybody who asks at the socket, many at once, until it is told to end; then it waits for those it has begun with. Who has asked nothing by then is left.</summary>
/// <param name="socket">Where they ask.</param>
/// <param name="answer">Answers a request of a user.</param>
public sealed class ServeLoop(ServeSocket socket, Func<IReadOnlyList<string>, uint, CancellationToken, Task<ServeAnswer>> answer)
{
    private readonly HashSet<Task> _begun = [];

    /// <param name="end">Takes no more requests.</param>
    /// <param name="abort">Leaves those that have not been answered unanswered.</param>
    public async Task RunAsync(CancellationToken end, CancellationToken abort)
    {
        try
        {
            while (true)
            {
                var one = ServeAsync(await socket.AcceptAsync(end), end, abort);
                lock (_begun) _begun.Add(one);
                _ = one.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            Task[] rest;
            lock (_begun) rest = [.. _begun];
            await Task.WhenAll(rest);
        }
    }

    private void Forget(Task done)
    {
        lock (_begun) _begun.Remove(done);
    }

    private async Task ServeAsync(ServeConnection connection, CancellationToken end, CancellationToken abort)
    {
        using (connection)
        {
            try
            {
                using var idle = CancellationTokenSource.CreateLinkedTokenSource(end, abort);
                if (await connection.ReadAsync(idle.Token) is not { } words) return;
                var answered = await AnswerAsync(words, connection.User, abort);
                await using var content = answered.Content;
                await connection.AnswerAsync(answered, abort);
            }
            catch (Exception gone) when (gone is SocketException or OperationCanceledException or ProblemException or Restic.ResticException)
            {
                // Who asked has gone, or sees the connection end before the answer does, and asks again.
            }
        }
    }

    private async Task<ServeAnswer> AnswerAsync(IReadOnlyList<string> words, uint user, CancellationToken abort)
    {
        try
        {
            return await answer(words, user, abort);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            return ServeAnswer.Of(failure.ToProblem());
        }
    }
}
