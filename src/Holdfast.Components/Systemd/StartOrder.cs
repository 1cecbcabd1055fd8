namespace Holdfast.Components.Systemd;

/// <summary>
/// The units to start, by exact names, wave after wave. Its text, which the journal and the state directory keep, has
/// names separated by spaces, and waves by semicolons; a question mark after a name marks a unit that was not active
/// when it was stopped.
/// </summary>
public sealed record StartOrder
{
    /// <summary>The order without units.</summary>
    public static StartOrder Empty { get; } = new();

    /// <summary>The units of a wave are started together, and are up before the next wave.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Waves { get; init; } = [];

    /// <summary>Units that kept failing and being restarted: they are started without waiting for them.</summary>
    public IReadOnlySet<string> Unsteady { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Units of the platform that did not run: they stay down, even when others want them.</summary>
    public IReadOnlyList<string> Stay { get; init; } = [];

    /// <summary>The names of all units, in order.</summary>
    public IEnumerable<string> Units => Waves.SelectMany(wave => wave);

    public bool IsEmpty => Waves.Count == 0;

    /// <summary>Writes the waves as text.</summary>
    public string ToText() => string.Join("; ", Waves.Select(wave => string.Join(' ', wave.Select(name => Unsteady.Contains(name) ? name + "?" : name))));

    /// <summary>The names that stay down, as text.</summary>
    public string StayText() => string.Join(' ', Stay);

    /// <summary>Reads what <see cref="ToText"/> and <see cref="StayText"/> wrote.</summary>
    public static StartOrder Parse(string waves, string stay)
    {
        var read = waves.Split(';').Select(Words).Where(wave => wave.Length > 0).ToList();
        return new StartOrder
        {
            Waves = [.. read.Select(wave => (IReadOnlyList<string>)[.. wave.Select(name => name.TrimEnd('?'))])],
            Unsteady = read.SelectMany(wave => wave).Where(name => name.EndsWith('?')).Select(name => name.TrimEnd('?')).ToHashSet(StringComparer.Ordinal),
            Stay = Words(stay),
        };
    }

    /// <summary>
    /// This order, followed by the units that an earlier stop had stopped: the units that were stopped last are those
    /// that the others depend on.
    /// </summary>
    public StartOrder Before(StartOrder earlier)
    {
        var here = Units.ToHashSet(StringComparer.Ordinal);
        var rest = earlier.Waves.Select(wave => (IReadOnlyList<string>)[.. wave.Where(name => !here.Contains(name))]).Where(wave => wave.Count > 0).ToList();
        var all = rest.SelectMany(wave => wave).Concat(here).ToHashSet(StringComparer.Ordinal);
        return new StartOrder
        {
            Waves = [.. Waves, .. rest],
            Unsteady = Unsteady.Concat(earlier.Unsteady).ToHashSet(StringComparer.Ordinal),
            Stay = [.. Stay.Concat(earlier.Stay).Where(name => !all.Contains(name)).Distinct(StringComparer.Ordinal)],
        };
    }

    /// <summary>This order without some units.</summary>
    public StartOrder Without(IReadOnlySet<string> names) => this with { Waves = [.. Waves.Select(wave => (IReadOnlyList<string>)[.. wave.Where(name => !names.Contains(name))]).Where(wave => wave.Count > 0)] };

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
