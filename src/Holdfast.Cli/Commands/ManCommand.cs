using System.CommandLine;
using Holdfast.Cli.Manual;
using Holdfast.Cli.Output.Events;
using Holdfast.Engine.Problems;

namespace Holdfast.Cli.Commands;

/// <summary>Writes the pages of the manual, for packages and for machines without one.</summary>
internal static class ManCommand
{
    private static readonly Option<string> Target = new("--output", "-o") { Description = "The directory that gets man1, man5 and man7.", HelpName = "DIRECTORY", Required = true };

    public static Command Make(Launcher launcher) => launcher.Start(new Command("man", "Writes the pages of the manual into a directory.") { Target }, WriteAsync);

    private static async Task<ExitCode> WriteAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var folder = Path.GetFullPath(parsed.GetRequiredValue(Target));
        var pages = Pages((RootCommand)parsed.RootCommandResult.Command);
        try
        {
            foreach (var page in pages)
            {
                var section = Directory.CreateDirectory(Path.Combine(folder, $"man{page.Section}")).FullName;
                await File.WriteAllTextAsync(Path.Combine(section, $"{page.Name}.{page.Section}"), page.Text, cancellation);
            }
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.TargetUnusable.Throwable($"The manual can not be written to {folder}: {refused.Message.TrimEnd('.')}.", refused);
        }
        session.Output.Tell(new MessageEvent($"Wrote {pages.Count} pages below {folder}."));
        return ExitCode.Success;
    }

    /// <summary>All pages.</summary>
    public static IReadOnlyList<RoffPage> Pages(RootCommand root) => [.. VerbPages.Of(root), ProfilePage.Make(), .. ConceptPages.All];
}
