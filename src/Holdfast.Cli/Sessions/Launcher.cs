using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Crypto;

namespace Holdfast.Cli.Sessions;

/// <summary>The action of a command after its arguments have been parsed.</summary>
internal delegate Task<ExitCode> Verb(Session session, ParseResult parsed, CancellationToken cancellation);

/// <summary>Runs verbs. The only place where exceptions become what a person reads, and an exit code.</summary>
internal sealed class Launcher(Surroundings surroundings)
{
    /// <summary>Sets the action of a command.</summary>
    public Command Start(Command command, Verb verb)
    {
        command.SetAction(async (parsed, interrupted) => (int)await RunAsync(verb, parsed, interrupted));
        return command;
    }

    private async Task<ExitCode> RunAsync(Verb verb, ParseResult parsed, CancellationToken interrupted)
    {
        using var output = surroundings.Open(parsed.GetValue(GlobalOptions.Json), parsed.GetValue(GlobalOptions.Quiet));
        try
        {
            OpenSsl.Require();
            await using var session = new Session(surroundings, output, parsed);
            return await verb(session, parsed, interrupted);
        }
        catch (OperationCanceledException) when (output.Gone.IsCancellationRequested && !interrupted.IsCancellationRequested)
        {
            return ExitCode.Success; // the reader has closed the list
        }
        catch (Exception failure)
        {
            return Report(output, failure);
        }
    }

    private ExitCode Report(IOutput output, Exception failure)
    {
        var problem = failure.ToProblem();
        if (failure is not ProblemException && problem.Code == Catalogue.StepFailed.Code) problem = Catalogue.Internal.With(problem.Message);
        if (surroundings.Environment("HOLDFAST_DEBUG") == "1") problem = problem with { Details = [.. problem.Details, .. failure.ToString().Split('\n')] };
        output.Report(ProblemEvent.Error(problem));
        return problem.Exit;
    }
}
