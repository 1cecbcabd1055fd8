namespace Holdfast.Engine.Hosts;

/// <summary>The only access to the processes and the file system of a machine.</summary>
public interface IHost
{
    string Name { get; }

    /// <summary>
    /// The full path of a program, found in PATH and the usual directories of server tools; null when it does not
    /// exist.
    /// </summary>
    string? FindProgram(string name);

    /// <exception cref="Problems.ProblemException">The program does not exist or may not be run.</exception>
    IRunningProgram Start(ProgramCall call);

    /// <summary>Runs a program to its end and returns its standard output as text, at most 16 MiB.</summary>
    Task<(ProgramResult Result, string Output)> RunAsync(ProgramCall call, CancellationToken cancellation);
}
