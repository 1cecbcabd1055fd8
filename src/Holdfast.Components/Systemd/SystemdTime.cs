using System.Globalization;

namespace Holdfast.Components.Systemd;

/// <summary>Times as systemctl prints them: "1min 30s", "500ms", "infinity". Source: systemd.time(7), "Parsing Time Spans".</summary>
internal static class SystemdTime
{
    /// <summary>Null for "infinity" and for what is not a time.</summary>
    public static TimeSpan? Parse(string text)
    {
        var sum = TimeSpan.Zero;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (One(word) is not { } time) return null;
            sum += time;
        }
        return text.Length > 0 ? sum : null;
    }

    private static TimeSpan? One(string word)
    {
        var digits = word.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        if (!double.TryParse(word.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return null;
        return word[digits..] switch
        {
            "us" => TimeSpan.FromMicroseconds(number),
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "min" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            "d" => TimeSpan.FromDays(number),
            "w" => TimeSpan.FromDays(7 * number),
            "month" => TimeSpan.FromDays(30.44 * number),
            "y" => TimeSpan.FromDays(365.25 * number),
            "" when number == 0 => TimeSpan.Zero,
            _ => null,
        };
    }
}
