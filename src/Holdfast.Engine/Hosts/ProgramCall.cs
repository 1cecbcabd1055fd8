namespace Holdfast.Engine.Hosts;

/// <summary>A program to run: no shell is involved.</summary>
public sealed record ProgramCall(string Program, IReadOnlyList<string> Arguments)
{
    /// <summary>Added to the little that every program gets (<see cref="ChildEnvironment"/>); the place for secrets, never the arguments.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Beginnings of the names of variables that it gets from us as they are: the program's own settings.</summary>
    public IReadOnlyList<string> Inherits { get; init; } = [];

    /// <summary>Run as this user (needs root); null for the own user.</summary>
    public string? User { get; init; }

    /// <summary>Bytes of memory that it may take; null, the default, for as much as there is. A program that asks for more fails.</summary>
    public long? Memory { get; init; }

    /// <summary>The program is Holdfast itself, for the same user: it gets all variables that we have, but for those of the loader and of the runtime.</summary>
    public bool IsOurself { get; init; }
}
