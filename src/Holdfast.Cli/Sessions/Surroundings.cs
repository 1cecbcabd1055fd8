using System.Collections;
using Holdfast.Cli.Output;
using Holdfast.Cli.Text;
using Screen = Holdfast.Cli.Output.Terminal;

namespace Holdfast.Cli.Sessions;

/// <summary>Everything that the program meets outside itself, so that tests can put something else there.</summary>
internal sealed record Surroundings
{
    public required Stream Output { get; init; }
    public required Stream Errors { get; init; }
    public required IPrompt Prompt { get; init; }

    /// <summary>A variable of the environment, or null.</summary>
    public required Func<string, string?> Environment { get; init; }

    /// <summary>The style of the terminal that standard output is; null when it is a file or a pipe.</summary>
    public Style? Terminal { get; init; }

    /// <summary>The number of columns of the terminal.</summary>
    public Func<int> Width { get; init; } = () => 80;
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// The process's own. Its variables are read once; those of PostgreSQL's library are then taken from the process, because Npgsql would follow them
    /// (PGOPTIONS, PGPASSFILE, PGSSLROOTCERT) where neither the profile nor pg_dump does.
    /// </summary>
    public static Surroundings OfProcess()
    {
        var variables = System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value, StringComparer.Ordinal);
        foreach (var name in variables.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal))) System.Environment.SetEnvironmentVariable(name, null);
        return Of(variables.GetValueOrDefault);
    }

    private static Surroundings Of(Func<string, string?> environment) => new()
    {
        Output = Console.OpenStandardOutput(),
        Errors = Console.OpenStandardError(),
        Prompt = new TerminalPrompt(Screen.HasInput && Screen.HasErrors),
        Environment = environment,
        Terminal = Screen.HasOutput ? Screen.StyleOf(environment) : null,
        Width = () => Screen.Width,
    };

    /// <summary>Opens the output that the options select.</summary>
    public IOutput Open(bool json, bool quiet)
    {
        var (output, errors) = (new Sink(Output), new Sink(Errors));
        if (json) return new JsonOutput(output, Clock, quiet);
        return Terminal is { } style ? new TerminalOutput(output, errors, Clock, style, Width, quiet) : new PlainOutput(output, errors, Clock, quiet);
    }
}
