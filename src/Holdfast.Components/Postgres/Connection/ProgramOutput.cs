using Holdfast.Components.Postgres.Format;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// The standard output of a program as a stream that ends without error only when the program succeeds: a program that
/// dies closes its output too, and half a dump looks like a whole one.
/// </summary>
internal sealed class ProgramOutput(IRunningProgram program, string name, Action<string>? onWarning = null) : ReadOnlyStream
{
    /// <summary>
    /// How long a program may write nothing: reading the catalog of a hundred thousand tables takes minutes, and a
    /// server that never responds takes forever.
    /// </summary>
    public static readonly TimeSpan Silence = TimeSpan.FromHours(1);

    /// <summary>The clock that measures the silence.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var read = await program.Output.ReadAsync(buffer, cancellationToken).AsTask().WaitAsync(Silence, Clock, cancellationToken);
            if (read == 0 && !buffer.IsEmpty) await EndWellAsync(cancellationToken).WaitAsync(Silence, Clock, cancellationToken);
            return read;
        }
        catch (TimeoutException silent)
        {
            throw Catalogue.PostgresDump.Throwable($"{name} has written nothing for {Silence.TotalMinutes:0} minutes, and was ended.", "Find out what it waits for (pg_stat_activity, pg_locks), then take another recovery point.", silent);
        }
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
