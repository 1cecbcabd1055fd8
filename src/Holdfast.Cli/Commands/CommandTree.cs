using System.CommandLine;
using System.CommandLine.Help;
using Holdfast.Cli.Sessions;

namespace Holdfast.Cli.Commands;

/// <summary>All commands, as <c>holdfast --help</c> lists them.</summary>
internal static class CommandTree
{
    // Options that several commands take are one object each, which notes its parents: two trees are not made at once.
    private static readonly Lock _making = new();

    public static RootCommand Make(Launcher launcher)
    {
        using var alone = _making.EnterScope();
        var root = new RootCommand("Backs up and restores a whole platform.")
        {
            SetupCommand.Make(launcher),
            InitCommand.Make(launcher),
            CheckCommand.Make(launcher),
            BackupCommand.Make(launcher),
            PointsCommand.Make(launcher),
            RestoreCommand.Make(launcher),
            QueuesCommand.Make(launcher),
            PostgresCommand.Make(launcher),
            SearchCommand.Make(launcher),
            PackagesCommand.Make(launcher),
            WalCommand.Make(launcher),
            ServeCommand.Make(launcher),
            RepoCommand.Make(launcher),
            PlatformCommand.Make(launcher),
            RecoverCommand.Make(launcher),
            RunsCommand.Make(launcher),
            ProfileCommand.Make(launcher),
            CompletionsCommand.Make(launcher),
            ManCommand.Make(launcher),
        };
        foreach (var option in GlobalOptions.All) root.Options.Add(option);
        // Windows' /h and /? are paths here.
        foreach (var help in root.Options.OfType<HelpOption>()) _ = (help.Aliases.Remove("/h"), help.Aliases.Remove("/?"));
        CompletePastSwitches(root);
        return root;
    }

    // A switch may be followed by "true" or "false", which is hardly ever typed: completion offers what follows the
    // switch instead.
    private static void CompletePastSwitches(Command command)
    {
        foreach (var option in command.Options.Where(option => option.ValueType == typeof(bool)))
        {
            option.CompletionSources.Clear();
            option.CompletionSources.Add(context => context.ParseResult.CommandResult.Command.GetCompletions(context));
        }
        foreach (var below in command.Subcommands) CompletePastSwitches(below);
    }
}
