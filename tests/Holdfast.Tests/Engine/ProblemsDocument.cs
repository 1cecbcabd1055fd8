using System.Text;
using Holdfast.Engine.Problems;

namespace Holdfast.Tests.Engine;

/// <summary>docs/problems.md as the catalogue says it should be.</summary>
internal static class ProblemsDocument
{
    private const string Head = """
        # Problems and exit codes

        Every failure says what happened in one sentence, what to do in another, and has a code that never changes its meaning.
        With `--json` a problem is an object with `code`, `message`, `hint`, `exit` and `transient`. A transient problem may go away
        by itself: trying again later makes sense.

        This file is written from the catalogue in the source, and a test compares them.

        ## Exit codes

        They are an interface, and agree with restic's where restic has one. When several things went wrong, the first problem decides.

        | exit code | meaning |
        | --- | --- |

        """;

    private static readonly (ExitCode Code, string Meaning)[] _exitCodes =
    [
        (ExitCode.Success, "Done. There may be warnings."),
        (ExitCode.Failure, "Failed; nothing that existed is lost."),
        (ExitCode.Usage, "Wrong arguments, or a profile with mistakes. Nothing was begun."),
        (ExitCode.Incomplete, "Done, but something was left out: the recovery point or the restore is incomplete."),
        (ExitCode.Damaged, "Damage was found."),
        (ExitCode.Unreachable, "A server or host cannot be reached, or refuses us."),
        (ExitCode.InTheWay, "Something stands where Holdfast would have to write."),
        (ExitCode.NotReady, "'holdfast check' found something in the way of a backup, or could not find out."),
        (ExitCode.NoRepository, "There is no repository."),
        (ExitCode.Locked, "The repository is locked, or another run is in progress."),
        (ExitCode.WrongPassword, "The password of the repository is wrong."),
        (ExitCode.AbortRecovery, "Of `wal fetch` alone: the file could not be had although it may be there. PostgreSQL stops its recovery at any code above 125, instead of taking it as complete."),
        (ExitCode.Interrupted, "Interrupted by ctrl-c or SIGTERM; what was owed has been undone."),
    ];

    public static string Render()
    {
        var text = new StringBuilder(Head);
        foreach (var (code, meaning) in _exitCodes) text.Append($"| {(int)code} | {meaning} |\n");
        text.Append("\n## Problems\n\n| code | what happened | what to do | exit code | transient |\n| --- | --- | --- | --- | --- |\n");
        foreach (var kind in Catalogue.All)
            text.Append($"| {kind.Code} | {kind.Meaning} | {kind.Hint} | {(int)kind.Exit} | {(kind.Transient ? "yes" : "")} |\n");
        return text.ToString();
    }

    public static IEnumerable<ExitCode> DocumentedExitCodes => _exitCodes.Select(entry => entry.Code);
}
