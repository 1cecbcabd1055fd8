using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Journals;
using Holdfast.Engine.Problems;

namespace Holdfast.Cli.Commands;

/// <summary>Looks at runs: those that go on in another terminal, or without one, and those that have ended.</summary>
internal static class RunsCommand
{
    private const int Usual = 20;

    private static readonly Option<bool> All = new("--all") { Description = $"List all, not only the newest {Usual}." };
    private static readonly Argument<string?> Run = new("run") { Description = "Its id or the beginning of it; by default the one that runs, or else the newest.", Arity = ArgumentArity.ZeroOrOne };

    public static Command Make(Launcher launcher) => new("runs", "Looks at runs, also those that lost their terminal.")
    {
        launcher.Start(new Command("list", "Lists runs, oldest first.") { All }, ListAsync),
        launcher.Start(new Command("follow", "Shows a run from its beginning on, until it is over; ending this does not end the run.") { Run }, FollowAsync),
    };

    private static Task<ExitCode> ListAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var runs = History(session).List();
        var shown = (parsed.GetValue(All) ? runs : runs.TakeLast(Usual)).Select(RunEntryEvent.Of).ToList();
        session.Output.Report(RunEntryEvent.Table(shown), shown);
        if (runs.Count == 0) session.Output.Report(new MessageEvent("Nothing was ever run here."));
        return Task.FromResult(ExitCode.Success);
    }

    /// <summary>Exits with what the run exits with.</summary>
    private static async Task<ExitCode> FollowAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellation, session.Output.Gone);
        var history = History(session);
        var id = history.Find(parsed.GetValue(Run)).Id;
        var teller = new RunReporter(session.Output, session.Clock);
        await foreach (var happened in history.FollowAsync(id, watching.Token)) teller.OnEvent(happened);
        var run = history.Find(id);
        if (run.Problem is { } problem) session.Output.Report(ProblemEvent.Error(problem));
        session.Output.Report(RunEntryEvent.Of(run));
        return run.State is RunState.Succeeded ? ExitCode.Success : run.Problem?.Exit ?? ExitCode.Failure;
    }

    private static RunHistory History(Session session) => new(session.State);
}
