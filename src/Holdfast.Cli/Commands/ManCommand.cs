using System.CommandLine;
using System.Text;
using Holdfast.Cli.Manual;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Posix;

namespace Holdfast.Cli.Commands;

/// <summary>Writes the pages of the manual, for packages and for machines without one.</summary>
internal static class ManCommand
{
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode ForAll = Executable | UnixFileMode.UserRead | UnixFileMode.UserWrite
        | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private static readonly Option<string> Target = new("--output", "-o") { Description = "The directory that gets man1, man5 and man7.", HelpName = "DIRECTORY", Required = true };

    public static Command Make(Launcher launcher) => launcher.Start(new Command("man", "Writes the pages of the manual into a directory.") { Target }, WriteAsync);

    private static Task<ExitCode> WriteAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var folder = Path.GetFullPath(parsed.GetRequiredValue(Target));
        var pages = Pages((RootCommand)parsed.RootCommandResult.Command);
        try
        {
            foreach (var section in pages.GroupBy(page => page.Section))
            {
                using var output = OutputFolder.Open(Path.Combine(folder, $"man{section.Key}"), ForAll);
                foreach (var page in section)
                {
                    cancellation.ThrowIfCancellationRequested();
                    output.Replace($"{page.Name}.{page.Section}", Encoding.UTF8.GetBytes(page.Text), ForAll & ~Executable);
                }
            }
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.TargetUnusable.Throwable($"The manual cannot be written to {folder}: {refused.Message.TrimEnd('.')}.", "Name with --output a directory that this user may write, or one to be made.", refused);
        }
        session.Output.Report(new MessageEvent($"Wrote {pages.Count} pages below {folder}."));
        return Task.FromResult(ExitCode.Success);
    }

    /// <summary>All pages of the manual.</summary>
    public static IReadOnlyList<RoffPage> Pages(RootCommand root) => [.. VerbPages.Of(root), ProfilePage.Make(), .. ConceptPages.All];
}
