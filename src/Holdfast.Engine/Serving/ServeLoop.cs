using System.Net.Sockets;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Serving;

/// <summary>
/// Answers all requests at the socket, concurrently, until it is stopped; then it waits for the requests in progress.
/// Connections that have sent no request by then are dropped.
/// </summary>
/// <param name="socket">The socket of the service.</param>
/// <param name="answer">Answers a request of a user.</param>
public sealed class ServeLoop(ServeSocket socket, Func<IReadOnlyList<string>, uint, CancellationToken, Task<ServeAnswer>> answer)
{
    private readonly HashSet<Task> _begun = [];

    /// <param name="end">Stops accepting requests.</param>
    /// <param name="abort">Abandons the requests in progress without an answer.</param>
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
                // The client is gone, or sees the connection close before the answer, and retries.
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
