using System.Globalization;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Cli.Commands;

/// <summary>A part of the data as restic's users write it: "2/5" or "2.5%".</summary>
internal static class SubsetText
{
    /// <summary>Packs are put into groups by the first byte of their id, so there are 256 at most.</summary>
    private const int MostGroups = 256;

    /// <summary>Null when the text is neither.</summary>
    public static ReadSubset? Parse(string text)
    {
        if (text.EndsWith('%')) return Share(text[..^1]);
        if (text.Split('/') is not [var first, var second]) return null;
        return Number(first) is { } group && Number(second) is { } groups && group >= 1 && group <= groups && groups <= MostGroups ? new ReadSubset(group, groups) : null;
    }

    private static ReadSubset? Share(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) && percent is > 0 and <= 100
            ? new ReadSubset(1, 1, percent / 100)
            : null;

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
