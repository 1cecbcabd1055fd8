using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;

namespace Holdfast.Cli.Commands;

/// <summary>What is wrong with a command line, in one sentence.</summary>
internal static class ParseMistake
{
    /// <summary>The parser's own sentence; but where it lists what may stand there, it does so over several lines, with names of types.</summary>
    public static string Describe(ParseError error)
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
