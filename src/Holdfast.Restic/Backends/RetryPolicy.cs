namespace Holdfast.Restic.Backends;

/// <summary>
/// Retries transient failures (<see cref="ResticError.Unreachable"/>) until a timeout. May be used by several threads.
/// </summary>
internal sealed class RetryPolicy(RemoteOptions options)
{
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(30);

    private volatile bool _hasAnswered;

    /// <summary>Records that the server has answered: it exists, so that its failures are retried for longer.</summary>
    public void NoteAnswer() => _hasAnswered = true;

    /// <summary>Runs an attempt and retries it.</summary>
    /// <param name="attempt">One attempt; it gets the number of earlier attempts.</param>
    /// <param name="cancellation">Cancels the pauses.</param>
    public async Task<T> RunAsync<T>(Func<int, Task<T>> attempt, CancellationToken cancellation)
    {
        var (began, tries) = (options.Clock.GetTimestamp(), 0);
        for (var pause = options.Pause; ; pause = pause * 2 < _longestPause ? pause * 2 : _longestPause)
        {
            try
            {
                return await attempt(tries++);
            }
            catch (ResticException passing) when (passing.Error == ResticError.Unreachable && MayGoOn(began, pause))
            {
                await Task.Delay(pause, options.Clock, cancellation);
            }
        }
    }

    private bool MayGoOn(long began, TimeSpan pause)
    {
        var patience = _hasAnswered ? options.Patience : options.FirstPatience;
        return options.Clock.GetElapsedTime(began) + pause < patience;
    }
}
