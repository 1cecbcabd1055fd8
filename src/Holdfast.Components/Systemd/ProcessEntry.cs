namespace Holdfast.Components.Systemd;

/// <summary>A process, in its state when it was read.</summary>
public sealed record ProcessEntry
{
    public required int Id { get; init; }

    /// <summary>Its parent; 0 for the first one.</summary>
    public required int Parent { get; init; }

    /// <summary>The effective UID.</summary>
    public required uint User { get; init; }

    /// <summary>
    /// The start time of the process, in hundredths of a second since the machine started. It distinguishes the process
    /// from a later one with the same PID.
    /// </summary>
    public required long Started { get; init; }

    /// <summary>The path of its program; empty when it may not be seen.</summary>
    public required string Program { get; init; }

    /// <summary>
    /// Its program is set-user-ID: it runs as another user than the one who started it and chose its command line.
    /// </summary>
    public bool IsLent { get; init; }

    /// <summary>Its command line, word by word; programs may write over it.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The control group that systemd has put it into.</summary>
    public required string ControlGroup { get; init; }

    /// <summary>All processes of this machine that may be seen; threads of the kernel are left out.</summary>
    public static IReadOnlyList<ProcessEntry> ListAll() => [.. ProcessTable.Read("/proc").All.OrderBy(entry => entry.Id)];

    /// <summary>Its command line for a person, 200 characters at most.</summary>
    public string CommandLine => string.Join(' ', Arguments) is { Length: > 200 } long_ ? long_[..199] + "…" : string.Join(' ', Arguments);
}
