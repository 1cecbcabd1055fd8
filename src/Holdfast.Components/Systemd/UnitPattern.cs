using Holdfast.Restic.Filtering;

namespace Holdfast.Components.Systemd;

/// <summary>Names of units in a profile, and patterns of them. As in systemctl, a backslash alone does not make a pattern: names may have one.</summary>
internal static class UnitPattern
{
    public static bool IsGlob(string text) => text.AsSpan().IndexOfAny("*?[") >= 0;

    public static bool Fits(string pattern, string name) => IsGlob(pattern) ? new NamePattern(pattern).Matches(name) : pattern == name;
}
