using System.Globalization;
using System.Text.RegularExpressions;

namespace Holdfast.Components.Postgres.Format;

/// <summary>
/// A file of a data directory that holds pages of a table or an index: "base/5/16384_vm.2" is the third file of a
/// visibility map. Source: PostgreSQL's manual, 73.1, "Database File Layout".
/// </summary>
/// <param name="Node">The number that the files of one relation share.</param>
/// <param name="Fork">"fsm", "vm", "init", or "" for the main one.</param>
/// <param name="Segment">Its place among the files of the fork: each but the last is as long as a segment.</param>
internal readonly partial record struct RelationFile(string Node, string Fork, int Segment)
{
    /// <summary>True for the name of a file of a temporary table, which no other session can use.</summary>
    public static bool IsTemporary(string name) => Temporary().IsMatch(name);

    /// <summary>Parses a file's name; null when it is not a relation's file.</summary>
    public static RelationFile? Parse(ReadOnlySpan<char> name)
    {
        var digits = name.IndexOfAnyExceptInRange('0', '9');
        if (digits < 0) return name.IsEmpty ? null : new RelationFile(name.ToString(), "", 0);
        if (digits == 0) return null;
        return Ending().Match(name[digits..].ToString()) is { Success: true } ending
            ? new RelationFile(name[..digits].ToString(), ending.Groups["fork"].Value, ending.Groups["segment"] is { Success: true, Value: var segment } ? int.Parse(segment, CultureInfo.InvariantCulture) : 0)
            : null;
    }

    /// <summary>
    /// Parses a path in a data directory: only below these folders are numbers the names of relations.
    /// </summary>
    public static RelationFile? OfPath(string relative) =>
        relative.StartsWith("base/", StringComparison.Ordinal) || relative.StartsWith("global/", StringComparison.Ordinal) || relative.StartsWith("pg_tblspc/", StringComparison.Ordinal)
            ? Parse(relative.AsSpan(relative.LastIndexOf('/') + 1))
            : null;

    [GeneratedRegex(@"^(_(?<fork>fsm|vm|init))?(\.(?<segment>[0-9]{1,6}))?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Ending();

    [GeneratedRegex(@"^t[0-9]+_[0-9]+(_(fsm|vm|init))?(\.[0-9]+)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Temporary();
}
