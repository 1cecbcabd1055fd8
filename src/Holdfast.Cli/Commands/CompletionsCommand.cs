using System.CommandLine;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Problems;

namespace Holdfast.Cli.Commands;

/// <summary>
/// Prints the completion script of a shell. The script calls the program itself, so that it is never out of date.
/// </summary>
internal static class CompletionsCommand
{
    private const string Bash = """
        # holdfast completions for bash: source <(holdfast completions bash)
        _holdfast() {
          local line IFS=$'\n'
          COMPREPLY=()
          while read -r line; do
            if [[ $line == "${COMP_WORDS[COMP_CWORD]}"* ]]; then COMPREPLY+=("$line"); fi
          done < <("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)
        }
        complete -o default -F _holdfast holdfast
        """;

    private const string Zsh = """
        #compdef holdfast
        # holdfast completions for zsh: source <(holdfast completions zsh)
        _holdfast() {
          local -a found
          found=("${(@f)$("${words[1]}" "[suggest:${CURSOR}]" "$BUFFER" 2>/dev/null)}")
          if [[ -n "${found[*]}" ]]; then compadd -a found; else _files; fi
        }
        compdef _holdfast holdfast
        """;

    private const string Fish = """
        # holdfast completions for fish: holdfast completions fish | source
        function __holdfast
          set -l line (commandline -cp)
          holdfast "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c holdfast -a '(__holdfast)'
        """;

    private static readonly Argument<string> Shell = new("shell") { Description = "bash, zsh or fish." };

    public static Command Make(Launcher launcher)
    {
        Shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        return launcher.Start(new Command("completions", "Prints the completions for a shell.") { Shell }, PrintAsync);
    }

    private static Task<ExitCode> PrintAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var script = parsed.GetRequiredValue(Shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish };
        session.Output.Report(new DocumentEvent("completions", script));
        return Task.FromResult(ExitCode.Success);
    }
}
