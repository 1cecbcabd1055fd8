using Holdfast.Engine.Hosts;

namespace Holdfast.Components.Postgres;

/// <summary>
/// The standard output of a program as a stream that ends well only when the program does: a program that dies half-way
/// has closed its output too, and half a dump looks like a whole one.
/// </summary>
internal sealed class ProgramOutput(IRunningProgram program, string name, Action<string>? onWarning = null) : ReadOnlyStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await program.Output.ReadAsync(buffer, cancellationToken);
        if (read == 0 && !buffer.IsEmpty) await EndWellAsync(cancellationToken);
        return read;
    }

    private async Task EndWellAsync(CancellationToken cancellation)
    {
        var result = await program.WaitAsync(cancellation);
        if (result.ExitCode == 0)
        {
            foreach (var line in result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)) onWarning?.Invoke(line);
            return;
        }
        var said = LastLine(result.Errors);
        throw ProgramError.KindOf(said).Throwable($"{name} ended with {result.ExitCode}: {said}");
    }

    private static string LastLine(string errors)
    {
        var lines = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var telling = lines.FirstOrDefault(line => line.Contains("error:", StringComparison.Ordinal)) ?? lines.LastOrDefault();
        return telling ?? "it said nothing.";
    }
}
