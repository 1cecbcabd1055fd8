namespace Holdfast.Components.Postgres.Scripts;

/// <summary>Bytes for people, as in "1.2 GB": powers of 1000.</summary>
internal static class SizeText
{
    private static readonly string[] Units = ["bytes", "kB", "MB", "GB", "TB"];

    public static string Of(long bytes)
    {
        double value = bytes;
        var unit = 0;
        for (; value >= 999.95 && unit < Units.Length - 1; unit++)
            value /= 1000;
        return unit == 0 ? $"{bytes} bytes" : $"{value:F1} {Units[unit]}";
    }
}
