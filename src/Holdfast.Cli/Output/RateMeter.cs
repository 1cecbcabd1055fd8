namespace Holdfast.Cli.Output;

/// <summary>The rate of the last ten seconds, and what it says of the time left. One meter a step.</summary>
internal sealed class RateMeter(TimeProvider clock)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly Queue<(long At, long Done)> _samples = new();

    /// <summary>Takes note of how much is done by now.</summary>
    public void Add(long done)
    {
        _samples.Enqueue((clock.GetTimestamp(), done));
        while (_samples.Count > 2 && clock.GetElapsedTime(_samples.Peek().At) > Window) _samples.Dequeue();
    }

    /// <summary>Units a second; 0 while less than a second has been seen, because a guess would jump.</summary>
    public double PerSecond
    {
        get
        {
            if (_samples.Count < 2) return 0;
            var (first, last) = (_samples.Peek(), _samples.Last());
            var elapsed = clock.GetElapsedTime(first.At, last.At);
            return elapsed < Patience ? 0 : (last.Done - first.Done) / elapsed.TotalSeconds;
        }
    }

    /// <summary>Null while the total or the rate is not known.</summary>
    public TimeSpan? Left(long done, long total) =>
        total > done && PerSecond > 0 ? TimeSpan.FromSeconds(Math.Min((total - done) / PerSecond, 8_640_000)) : null;
}
