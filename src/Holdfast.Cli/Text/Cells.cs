using System.Globalization;
using System.Text;

namespace Holdfast.Cli.Text;

/// <summary>How many columns of a terminal text takes: none for combining marks, two for East Asian wide characters and emoji.</summary>
internal static class Cells
{
    public static int Width(string text)
    {
        var width = 0;
        foreach (var rune in text.EnumerateRunes()) width += Width(rune);
        return width;
    }

    /// <summary>The text filled with spaces up to a width.</summary>
    public static string Pad(string text, int width) => text + new string(' ', Math.Max(0, width - Width(text)));

    /// <summary>The text filled with spaces on its left up to a width.</summary>
    public static string PadLeft(string text, int width) => new string(' ', Math.Max(0, width - Width(text))) + text;

    /// <summary>The beginning of the text that fits a width, with an ellipsis when something was cut off.</summary>
    public static string Crop(string text, int width)
    {
        if (Width(text) <= width) return text;
        var cropped = new StringBuilder();
        var used = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if ((used += Width(rune)) > width - 1) break;
            cropped.Append(rune.ToString());
        }
        return width > 0 ? cropped.Append('…').ToString() : "";
    }

    private static int Width(Rune rune)
    {
        if (rune.Value < 0x300) return 1;
        if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark) return 0;
        return IsWide(rune.Value) ? 2 : 1;
    }

    // The blocks whose characters are Wide or Fullwidth. Source: Unicode, EastAsianWidth.txt, to the block.
    private static bool IsWide(int value) => value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6)
        or (>= 0x1F300 and <= 0x1F64F) or (>= 0x1F680 and <= 0x1F6FF) or (>= 0x1F900 and <= 0x1F9FF) or (>= 0x20000 and <= 0x3FFFD);
}
