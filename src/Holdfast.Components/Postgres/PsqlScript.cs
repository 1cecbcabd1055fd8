using System.Text;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres;

/// <summary>Runs a script of the dump by psql, streamed from the recovery point into its standard input.</summary>
internal sealed class PsqlScript(PostgresConnector connector, PostgresPrograms programs)
{
    /// <summary>As much of standard error as a host keeps; see <see cref="ProgramResult"/>.</summary>
    private const int ErrorsKept = 64 << 10;

    /// <summary>Messages are in English where we may choose; where we may not, that refusal is no complaint about the script.</summary>
    private const string Preface = "\\set ON_ERROR_STOP off\n\\set VERBOSITY verbose\nSET lc_messages = 'C';\nSET synchronous_commit = off;\n";

    private const int PrefaceLines = 4;

    /// <summary>
    /// The complaints that are not of the <paramref name="harmless"/> kind become one problem, whose sentence begins with
    /// <paramref name="what"/>; the harmless ones are returned. <paramref name="ending"/> is more SQL for the same session.
    /// </summary>
    public async Task<IReadOnlyList<PsqlError>> RunAsync(
        string database, Stream script, string what, Func<PsqlError, bool> harmless, CancellationToken cancellation, string ending = "")
    {
        var call = await connector.CallAsync(programs.Psql, ["-X", "-q", "-w", "-o", "/dev/null", "-f", "-"], database, cancellation);
        await using var program = programs.Host.Start(call);
        var broken = await FeedAsync(program.Input, script, ending, cancellation);
        await program.Output.CopyToAsync(Stream.Null, cancellation);
        var result = await program.WaitAsync(cancellation);
        var complaints = PsqlError.ReadAll(result.Errors).Where(error => error.Line > PrefaceLines && !IsOldPsql(error)).ToList();
        var serious = complaints.Where(error => !harmless(error)).ToList();
        if (serious.Count > 0) throw Refused(what, serious);
        if (result.ExitCode != 0 || broken is not null || result.Errors.Length >= ErrorsKept) throw Broken(what, result, broken);
        return complaints;
    }

    /// <summary>psql that has ended takes no more; why it ended is told by its result, so that comes first.</summary>
    private static async Task<IOException?> FeedAsync(Stream input, Stream script, string ending, CancellationToken cancellation)
    {
        await using var pump = new ScriptPump(input);
        await pump.WriteAsync(Encoding.UTF8.GetBytes(Preface), cancellation);
        await script.CopyToAsync(pump, cancellation);
        await pump.WriteAsync(Encoding.UTF8.GetBytes($"\n{ending}\n"), cancellation);
        await pump.CloseInputAsync();
        return pump.Broken;
    }

    /// <summary>psql older than August 2025 does not know the fence around a dump; it is as safe as it was then.</summary>
    private static bool IsOldPsql(PsqlError error) => error.State.Length == 0 && error.Message.Contains("restrict", StringComparison.Ordinal)
        && error.Message.Contains("invalid command", StringComparison.Ordinal);

    private static ProblemException Refused(string what, List<PsqlError> serious)
    {
        var more = serious.Count > 1 ? $" (and {serious.Count - 1} more: {string.Join("; ", serious.Skip(1).Take(4))})" : "";
        return PostgresProblem.KindOf(serious[0].State, Catalogue.PostgresRestore).Throwable($"{what} at line {serious[0].Line - PrefaceLines}: {serious[0]}{more}");
    }

    private static ProblemException Broken(string what, ProgramResult result, IOException? broken)
    {
        var said = result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
        var kind = ProgramError.KindOf(result.Errors);
        return (kind == Catalogue.PostgresDump ? Catalogue.PostgresRestore : kind)
            .Throwable($"{what}: psql ended with {result.ExitCode}: {said ?? broken?.Message ?? "it said nothing."}", broken);
    }
}
