namespace Holdfast.Components.Files;

/// <summary>Samples figures again and again while something runs, and once more when it has ended.</summary>
internal sealed class Ticker : IAsyncDisposable
{
    // Often enough to look alive, seldom enough to cost nothing.
    private static readonly TimeSpan _period = TimeSpan.FromMilliseconds(100);

    private readonly PeriodicTimer _timer;
    private readonly Action _sample;
    private readonly Task _ticking;

    private Ticker(TimeProvider clock, Action sample)
    {
        (_timer, _sample) = (new PeriodicTimer(_period, clock), sample);
        _ticking = TickAsync();
    }

    public static Ticker Start(TimeProvider clock, Action sample) => new(clock, sample);

    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _ticking;
        _sample();
    }

    private async Task TickAsync()
    {
        while (await _timer.WaitForNextTickAsync()) _sample();
    }
}
