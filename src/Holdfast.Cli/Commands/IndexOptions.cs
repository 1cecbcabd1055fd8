using System.CommandLine;
using Holdfast.Engine.Components;
using Holdfast.Engine.Problems;

namespace Holdfast.Cli.Commands;

/// <summary>The options of a restore that set the names under which search indices are restored.</summary>
internal static class IndexOptions
{
    private static readonly Option<string?> Rename = new("--rename-indices") { Description = "Restore search indices beside those in use, without aliases: 'old-*' makes old-documents_v2 of documents_v2.", HelpName = "PATTERN" };
    private static readonly Option<bool> NoAliases = new("--no-aliases") { Description = "Let no alias point to the search indices that are restored." };

    /// <summary>Adds the options to a command.</summary>
    public static Command With(Command command)
    {
        command.Options.Add(Rename);
        command.Options.Add(NoAliases);
        return command;
    }

    /// <exception cref="ProblemException">A name without the old one in it would be the same for all.</exception>
    public static IndexNaming Read(ParseResult parsed)
    {
        var rename = parsed.GetValue(Rename);
        if (rename is not null && (rename.Count(c => c == '*') != 1 || rename == "*"))
            throw Catalogue.Usage.Throwable($"--rename-indices is '{rename}', in which * does not stand for the old name, once, beside something else.", "Give it as in --rename-indices 'old-*', with quotation marks, so that the shell leaves the * alone.");
        return new IndexNaming { Rename = rename, WithoutAliases = parsed.GetValue(NoAliases) || rename is not null };
    }
}
