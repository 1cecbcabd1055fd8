using System.Globalization;

namespace Holdfast.Engine.Quantities;

/// <summary>Sizes as profiles write them: a whole number and KiB, MiB, GiB or TiB.</summary>
public static class ByteSize
{
    private static readonly string[] _units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>Parses a text that matches the schema's "size" or "rate".</summary>
    public static long Parse(string text) => long.Parse(text.AsSpan()[..^3], NumberStyles.None, CultureInfo.InvariantCulture) << (10 * Array.IndexOf(_units, text[^3..]));

    /// <summary>Formats a size for people: "9.8 GiB", "120 MiB".</summary>
    public static string Describe(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        for (; value >= 999.5 && unit < _units.Length - 1; unit++) value /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{value.ToString(unit == 0 || value >= 99.95 ? "0" : "0.0", CultureInfo.InvariantCulture)} {_units[unit]}");
    }
}
