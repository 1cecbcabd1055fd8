namespace Holdfast.Components.Postgres.Format;

/// <summary>The kinds of files that PostgreSQL passes to its archive_command.</summary>
internal enum WalFileKind
{
    /// <summary>A whole segment.</summary>
    Segment,

    /// <summary>
    /// The last segment of a timeline: "….partial". Its whole content is in the first segment of the next timeline.
    /// </summary>
    Partial,

    /// <summary>The history of a timeline, with the LSNs at which timelines branched off: "00000002.history".</summary>
    History,

    /// <summary>The beginning and end of a base backup: "….00000028.backup".</summary>
    Backup,
}

/// <summary>
/// A file of the WAL archive, identified by its name. <paramref name="Segment"/> is the segment it belongs to; for a
/// history file only the timeline is significant. Source: PostgreSQL, src/include/access/xlog_internal.h
/// (IsXLogFileName, IsPartialXLogFileName, IsTLHistoryFileName, IsBackupHistoryFileName).
/// </summary>
internal sealed record WalFile(string Name, WalFileKind Kind, WalSegment Segment)
{
    /// <summary>The file of a name; null for a name that PostgreSQL never uses.</summary>
    public static WalFile? Find(string name)
    {
        if (WalSegment.TryParse(name, out var segment)) return new WalFile(name, WalFileKind.Segment, segment);
        if (name.Length == 16 && name.EndsWith(".history", StringComparison.Ordinal) && WalSegment.TryParse($"{name[..8]}{new string('0', 16)}", out segment))
            return new WalFile(name, WalFileKind.History, segment);
        if (name.Length <= WalSegment.NameLength || !WalSegment.TryParse(name[..WalSegment.NameLength], out segment)) return null;
        var rest = name[WalSegment.NameLength..];
        if (rest == ".partial") return new WalFile(name, WalFileKind.Partial, segment);
        return rest.Length == 16 && rest[0] == '.' && rest.EndsWith(".backup", StringComparison.Ordinal) && !rest.AsSpan(1, 8).ContainsAnyExcept(WalSegment.Digits)
            ? new WalFile(name, WalFileKind.Backup, segment)
            : null;
    }

    /// <summary>The history file of a timeline. The first timeline has none.</summary>
    public static string HistoryName(uint timeline) => $"{timeline:X8}.history";
}
