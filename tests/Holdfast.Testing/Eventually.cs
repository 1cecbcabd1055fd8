using System.Diagnostics;

namespace Holdfast.Testing;

/// <summary>
/// Waits of tests, each with a name and a deadline: one in vain says what did not happen. No other code of the tests sleeps, which
/// a convention checks.
/// </summary>
public static class Eventually
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(20);

    /// <summary>How long a condition is waited for: two minutes, which a busy machine does not use up.</summary>
    public static TimeSpan Deadline { get; } = TimeSpan.FromMinutes(2);

    /// <summary>Asks again and again until a condition holds.</summary>
    /// <param name="what">The condition as a clause: "the snapshot has begun".</param>
    /// <param name="holds">Asks.</param>
    /// <param name="details">More for the message of a failure: a log, what was seen last.</param>
    /// <exception cref="TimeoutException">It did not hold within <see cref="Deadline"/>.</exception>
    public static async Task HoldsAsync(string what, Func<Task<bool>> holds, Func<string>? details = null)
    {
        for (var began = Stopwatch.GetTimestamp(); !await holds(); await Task.Delay(_pause))
            if (Stopwatch.GetElapsedTime(began) > Deadline) throw new TimeoutException($"Not within {Deadline.TotalSeconds} s: {what}. {details?.Invoke()}");
    }

    /// <inheritdoc cref="HoldsAsync(string, Func{Task{bool}}, Func{string})"/>
    public static Task HoldsAsync(string what, Func<bool> holds, Func<string>? details = null) => HoldsAsync(what, () => Task.FromResult(holds()), details);

    /// <summary>
    /// Lets time pass for its own sake: an instant of chance for a kill, an age of a file. Whatever has to have happened afterwards is a
    /// condition, see <see cref="HoldsAsync(string, Func{Task{bool}}, Func{string})"/>.
    /// </summary>
    /// <param name="time">How long.</param>
    /// <param name="why">What the time is for, for the reader.</param>
    public static Task PassAsync(TimeSpan time, string why)
    {
        ArgumentException.ThrowIfNullOrEmpty(why);
        return Task.Delay(time);
    }
}
