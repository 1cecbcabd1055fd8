namespace Holdfast.Engine.Hosts;

/// <summary>A program to run, without a shell.</summary>
public sealed record ProgramCall(string Program, IReadOnlyList<string> Arguments)
{
    /// <summary>
    /// Variables added to the few that every program gets (<see cref="ChildEnvironment"/>). Secrets belong here, never
    /// in the arguments.
    /// </summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// Prefixes of the variables that are passed on unchanged from this process: the program's own settings.
    /// </summary>
    public IReadOnlyList<string> Inherits { get; init; } = [];

    /// <summary>The user to run the program as (needs root); null for the current user.</summary>
    public string? User { get; init; }

    /// <summary>The memory limit in bytes; null, the default, for no limit. Allocations beyond it fail.</summary>
    public long? Memory { get; init; }

    /// <summary>
    /// True when the program is Holdfast itself, for the same user: it gets all variables of this process, except those
    /// of the loader and of the runtime.
    /// </summary>
    public bool IsOurself { get; init; }
}
