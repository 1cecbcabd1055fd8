using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using Holdfast.Engine.Profiles;

namespace Holdfast.Cli.Commands;

/// <summary>The description of a command line's first mistake, in one sentence.</summary>
internal static class ParseMistake
{
    /// <summary>A word where a command should be, with the one that may have been meant; else what the parser says first.</summary>
    public static string Describe(ParseResult parsed)
    {
        var commands = parsed.CommandResult.Command.Subcommands.Where(command => !command.Hidden).Select(command => command.Name).ToList();
        return commands.Count > 0 && parsed.UnmatchedTokens is [{ Length: > 0 } word, ..] && !word.StartsWith('-')
            ? $"There is no command '{word}'.{Spelling.Suggest(word, commands)}"
            : Describe(parsed.Errors[0]);
    }

    /// <summary>
    /// The parser's own sentence, except where it lists the allowed values over several lines, with names of types.
    /// </summary>
    private static string Describe(ParseError error)
    {
        if (!error.Message.Contains('\n', StringComparison.Ordinal)) return error.Message;
        Symbol? symbol = error.SymbolResult switch { OptionResult option => option.Option, ArgumentResult { Parent: OptionResult option } => option.Option, ArgumentResult argument => argument.Argument, _ => null };
        var word = error.SymbolResult?.Tokens is [.., var last] ? last.Value : "";
        var allowed = symbol?.GetCompletions(CompletionContext.Empty).Select(completion => completion.Label.ToLowerInvariant()).ToList() ?? [];
        return symbol is null || allowed.Count == 0
            ? string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            : $"'{word}' is no {symbol.Name.TrimStart('-')}: {string.Join(", ", allowed)}.";
    }
}
