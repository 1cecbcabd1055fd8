namespace Holdfast.Engine.Hosts;

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
