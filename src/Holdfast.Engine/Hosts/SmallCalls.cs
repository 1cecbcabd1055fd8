using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Hosts;

/// <summary>Calls of programs that say little and must succeed: chown, sync, systemctl.</summary>
public static class SmallCalls
{
    /// <summary>Runs a program to its end.</summary>
    /// <param name="host">Where it runs.</param>
    /// <param name="program">Its name.</param>
    /// <param name="words">Its arguments.</param>
    /// <param name="failure">What it means when it ends with anything but 0.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>What it has written.</returns>
    /// <exception cref="ProblemException">It failed, or is not there.</exception>
    public static async Task<string> CallAsync(this IHost host, string program, IReadOnlyList<string> words, ProblemKind failure, CancellationToken cancellation)
    {
        var (result, output) = await host.RunAsync(new ProgramCall(program, words), cancellation);
        return result.ExitCode == 0 ? output : throw failure.Throwable($"'{program} {string.Join(' ', words)}' ended with {result.ExitCode}: {result.Errors.Trim().TrimEnd('.')}.");
    }
}
