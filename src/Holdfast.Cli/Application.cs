using System.CommandLine;
using System.CommandLine.Invocation;
using Holdfast.Cli.Commands;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Problems;

namespace Holdfast.Cli;

/// <summary>From arguments to an exit code.</summary>
internal static class Application
{
    public static async Task<ExitCode> RunAsync(IReadOnlyList<string> arguments, Surroundings surroundings, CancellationToken interrupted)
    {
        // An argument that begins with @ is a name like any other.
        var configuration = new ParserConfiguration { ResponseFileTokenReplacer = null };
        var parsed = CommandTree.Make(new Launcher(surroundings)).Parse(arguments.Count > 0 ? arguments : ["--help"], configuration);
        if (parsed.Action is ParseErrorAction) return Refuse(parsed, surroundings);
        await using var output = new StreamWriter(surroundings.Output, leaveOpen: true);
        await using var errors = new StreamWriter(surroundings.Errors, leaveOpen: true);
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = output, Error = errors };
        return (ExitCode)await parsed.InvokeAsync(invocation, interrupted);
    }

    private static ExitCode Refuse(ParseResult parsed, Surroundings surroundings)
    {
        using var output = surroundings.Open(parsed.GetValue(GlobalOptions.Json), quiet: false);
        var command = parsed.CommandResult.Command is RootCommand ? "holdfast" : $"holdfast {PathOf(parsed.CommandResult)}";
        var problem = Catalogue.Usage.With(ParseMistake.Describe(parsed), $"See what it takes with '{command} --help'.");
        output.Report(ProblemEvent.Error(problem));
        return problem.Exit;
    }

    private static string PathOf(System.CommandLine.Parsing.CommandResult result) =>
        result.Parent is System.CommandLine.Parsing.CommandResult { Command: not RootCommand } parent ? $"{PathOf(parent)} {result.Command.Name}" : result.Command.Name;
}
