using System.Text;

namespace Holdfast.Restic.Snapshots;

/// <summary>Which characters Go 1.19 prints: letters, marks, numbers, punctuation, symbols and the ASCII space of Unicode 13.</summary>
internal static class GoPrintable
{
    public static bool IsPrintable(Rune rune)
    {
        if (rune.IsAscii) return rune.Value is >= ' ' and < 0x7F;
        return Rune.GetUnicodeCategory(rune) is not (System.Globalization.UnicodeCategory.Control or System.Globalization.UnicodeCategory.Format
            or System.Globalization.UnicodeCategory.Surrogate or System.Globalization.UnicodeCategory.PrivateUse
            or System.Globalization.UnicodeCategory.OtherNotAssigned or System.Globalization.UnicodeCategory.SpaceSeparator
            or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator);
    }
}
