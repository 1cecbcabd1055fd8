namespace Holdfast.Restic.Backends;

/// <summary>Tries again what fails by what may pass (<see cref="ResticError.Unreachable"/>), until patience is out. May be used by several threads.</summary>
internal sealed class RetryPolicy(RemoteOptions options)
{
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(30);

    private volatile bool _hasAnswered;

    /// <summary>The server has answered: it exists, so that failures of it are worth more patience.</summary>
    public void NoteAnswer() => _hasAnswered = true;

    /// <summary>Tries, and tries again.</summary>
    /// <param name="attempt">One try; it gets the number of the tries before it.</param>
    /// <param name="cancellation">Ends the pauses.</param>
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
