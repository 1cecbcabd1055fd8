namespace Holdfast.Engine.Components;

/// <summary>
/// The recovery target and options of components that keep a log of all changes, such as PostgreSQL, and can be
/// restored to any instant that the log covers.
/// </summary>
public sealed record RecoveryRequest
{
    /// <summary>The default: the mark of the recovery point.</summary>
    public static RecoveryRequest None { get; } = new();

    /// <summary>The kind of the recovery target; at most one.</summary>
    public RecoveryLimit Limit { get; init; } = RecoveryLimit.Mark;

    /// <summary>
    /// The recovery target itself, in the form of its kind: a time with its zone, an LSN, an XID, a name.
    /// </summary>
    public string? To { get; init; }

    /// <summary>The timeline to follow: "latest", "current" or a number; null for that of the point.</summary>
    public string? Timeline { get; init; }

    /// <summary>Whether a target or timeline other than the point's is requested.</summary>
    public bool HasTarget => Limit != RecoveryLimit.Mark || Timeline is not null;

    /// <summary>
    /// The server stays read-only at the recovery target, so that a person can inspect it before it is promoted.
    /// </summary>
    public bool Pause { get; init; }

    /// <summary>The restored server is not started.</summary>
    public bool NoStart { get; init; }

    /// <summary>Existing files that match are kept; files that differ are replaced.</summary>
    public bool Delta { get; init; }

    /// <summary>
    /// A database is kept even if its server refused parts of it; they are listed, and the restore counts as
    /// incomplete.
    /// </summary>
    public bool KeepGoing { get; init; }

    /// <summary>The free space is not checked beforehand.</summary>
    public bool IgnoreSpace { get; init; }

    /// <summary>Other places for parts that were elsewhere: for PostgreSQL, tablespaces by their OID.</summary>
    public IReadOnlyDictionary<string, string> Places { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>The kind of a recovery target.</summary>
public enum RecoveryLimit
{
    /// <summary>The mark of the recovery point.</summary>
    Mark,
    Time,
    Address,
    Transaction,
    Name,

    /// <summary>The first instant at which the data is consistent.</summary>
    Immediate,

    /// <summary>The end of the log: all changes are replayed.</summary>
    Latest,
}
