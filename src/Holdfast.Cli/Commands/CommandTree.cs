using System.CommandLine;
using System.CommandLine.Help;

namespace Holdfast.Cli.Commands;

/// <summary>All commands, as <c>holdfast --help</c> lists them.</summary>
internal static class CommandTree
{
    public static RootCommand Make(Launcher launcher)
    {
        var root = new RootCommand("Backs up, restores and rehearses the recovery of a whole platform.")
        {
            InitCommand.Make(launcher),
            BackupCommand.Make(launcher),
            PointsCommand.Make(launcher),
            RestoreCommand.Make(launcher),
            QueuesCommand.Make(launcher),
            RepoCommand.Make(launcher),
            RecoverCommand.Make(launcher),
            ProfileCommand.Make(launcher),
            CompletionsCommand.Make(launcher),
        };
        foreach (var option in GlobalOptions.All) root.Options.Add(option);
        // Windows' /h is a path here.
        foreach (var help in root.Options.OfType<HelpOption>()) help.Aliases.Remove("/h");
        return root;
    }
}
