namespace Holdfast.Engine.Hosts;

/// <summary>A program to run: no shell is involved.</summary>
public sealed record ProgramCall(string Program, IReadOnlyList<string> Arguments)
{
    /// <summary>Added to the environment; the place for secrets, never the arguments.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Run as this user (needs root); null for the own user.</summary>
    public string? User { get; init; }
}

/// <summary>How a program ended. <paramref name="Errors"/> is the end of what it wrote to standard error, 64 KiB at most.</summary>
public sealed record ProgramResult(int ExitCode, string Errors);

/// <summary>A running program. Disposing it kills it if it still runs.</summary>
public interface IRunningProgram : IAsyncDisposable
{
    Stream Input { get; }
    Stream Output { get; }

    /// <summary>Waits for the end. Standard error is collected all the while.</summary>
    Task<ProgramResult> WaitAsync(CancellationToken cancellation);
}

/// <summary>The only door to the processes and the file system of a machine.</summary>
public interface IHost
{
    string Name { get; }

    /// <summary>The full path of a program, found in PATH and the usual places of servers' tools; null when it is not there.</summary>
    string? FindProgram(string name);

    /// <exception cref="Problems.ProblemException">The program is not there or may not be run.</exception>
    IRunningProgram Start(ProgramCall call);

    /// <summary>Runs to the end and returns standard output as text, 16 MiB at most.</summary>
    Task<(ProgramResult Result, string Output)> RunAsync(ProgramCall call, CancellationToken cancellation);
}
