namespace Holdfast.Engine.Components;

/// <summary>What may be asked of a restore of components that keep a log of all changes, and can be brought to any instant that it covers.</summary>
public sealed record RecoveryRequest
{
    /// <summary>Nothing special: the instant of the recovery point.</summary>
    public static RecoveryRequest None { get; } = new();

    /// <summary>How far the changes are replayed, by the kind of limit; one at most.</summary>
    public RecoveryLimit Limit { get; init; } = RecoveryLimit.Mark;

    /// <summary>The limit itself, as the kind of limit has it: a time with its zone, an address, the number of a transaction, a name.</summary>
    public string? To { get; init; }

    /// <summary>The history to follow: "latest", "current" or a number; null for that of the point.</summary>
    public string? Timeline { get; init; }

    /// <summary>Whether another instant or history than the point's is asked for.</summary>
    public bool HasTarget => Limit != RecoveryLimit.Mark || Timeline is not null;

    /// <summary>The server stays read-only at the limit, so that a person can look before it goes on.</summary>
    public bool Pause { get; init; }

    /// <summary>What is restored is not started.</summary>
    public bool NoStart { get; init; }

    /// <summary>Files that stand there and agree are kept; what differs is replaced.</summary>
    public bool Delta { get; init; }

    /// <summary>A database is kept though its server refused parts of it; they are listed, and the restore counts as incomplete.</summary>
    public bool KeepGoing { get; init; }

    /// <summary>Nobody looks beforehand whether there is room.</summary>
    public bool IgnoreSpace { get; init; }

    /// <summary>Other places for parts that lay elsewhere: of PostgreSQL, tablespaces by their oid.</summary>
    public IReadOnlyDictionary<string, string> Places { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>How the end of a replay is told.</summary>
public enum RecoveryLimit
{
    /// <summary>The instant of the recovery point.</summary>
    Mark,
    Time,
    Address,
    Transaction,
    Name,

    /// <summary>As soon as everything fits.</summary>
    Immediate,

    /// <summary>All changes there are.</summary>
    Latest,
}
