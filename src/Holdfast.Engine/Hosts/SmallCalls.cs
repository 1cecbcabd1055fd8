using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Hosts;

/// <summary>Runs programs with little output that must succeed: chown, sync, systemctl.</summary>
public static class SmallCalls
{
    /// <summary>Runs a program to its end.</summary>
    /// <param name="host">The host to run on.</param>
    /// <param name="program">The name of the program.</param>
    /// <param name="words">The arguments of the program.</param>
    /// <param name="failure">The problem to report for an exit code other than 0.</param>
    /// <param name="cancellation">Kills the program.</param>
    /// <returns>The standard output of the program.</returns>
    /// <exception cref="ProblemException">The program failed, or does not exist.</exception>
    public static async Task<string> CallAsync(this IHost host, string program, IReadOnlyList<string> words, ProblemKind failure, CancellationToken cancellation)
    {
        var (result, output) = await host.RunAsync(new ProgramCall(program, words), cancellation);
        return result.ExitCode == 0 ? output : throw failure.Throwable($"'{program} {string.Join(' ', words)}' ended with {result.ExitCode}: {result.Errors.Trim().TrimEnd('.')}.");
    }
}
