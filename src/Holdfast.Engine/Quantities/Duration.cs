using System.Globalization;

namespace Holdfast.Engine.Quantities;

/// <summary>Times as profiles write them: a whole number and s, m or h.</summary>
public static class Duration
{
    /// <summary>Parses a text that matches the schema's "duration".</summary>
    public static TimeSpan Parse(string text)
    {
        var number = long.Parse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture);
        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            _ => throw new FormatException($"'{text}' has no unit of time that a profile knows."),
        };
    }

    /// <summary>Formats a duration for people: "90 s", "5 min", "0.5 s".</summary>
    public static string Describe(TimeSpan time) => time >= TimeSpan.FromMinutes(2) && time.Ticks % TimeSpan.TicksPerMinute == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s");
}
