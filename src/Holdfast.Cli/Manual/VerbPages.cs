using System.CommandLine;
using Holdfast.Cli.Sessions;

namespace Holdfast.Cli.Manual;

/// <summary>The pages of section 1, one for the program and one for each of its commands, from the tree that parses the command line.</summary>
internal static class VerbPages
{
    private static readonly (string Code, string Meaning)[] _exitCodes =
    [
        ("0", "Success."), ("1", "Failure."), ("2", "Wrong arguments, or a profile with mistakes."), ("3", "Done, but something was left out: the recovery point is incomplete."),
        ("4", "A check found damage."), ("5", "A server or host cannot be reached, or refuses."), ("6", "Something exists where a restore or 'setup' would write."), ("7", "A check before a backup found something in its way."),
        ("10", "There is no repository."), ("11", "The repository or the platform is locked by another run."), ("12", "Wrong password."), ("126", "Of 'wal fetch' alone: the file could not be had although it may exist."), ("130", "Interrupted."),
    ];

    /// <summary>Every exit code has a line here; a test compares them.</summary>
    public static IEnumerable<string> ExitCodes => _exitCodes.Select(code => code.Code);

    public static IEnumerable<RoffPage> Of(RootCommand root) => root.Subcommands.Where(command => !command.Hidden).Select(OfVerb).Prepend(OfProgram(root));

    private static RoffPage OfProgram(RootCommand root)
    {
        var page = new RoffPage("holdfast", 1, "back up and restore a whole platform");
        page.Heading("SYNOPSIS").Item("holdfast COMMAND [OPTIONS]", "Each command has a page of its own, as holdfast-backup(1).");
        page.Heading("DESCRIPTION").Paragraph(ConceptPages.Summary);
        ShowExamples(page, "FIRST STEPS", root.Name);
        page.Paragraph("Then a recovery point every night, and the platform up again within a minute after a crash of the machine or of a run:")
            .Verbatim("systemctl enable --now holdfast-backup.timer holdfast-recover.timer", "systemctl enable holdfast-recover.service");
        page.Heading("COMMANDS");
        foreach (var command in root.Subcommands.Where(command => !command.Hidden)) page.Item(command.Name, Sentence(command.Description));
        page.Heading("OPTIONS OF EVERY COMMAND");
        Options(page, GlobalOptions.All);
        page.Heading("ENVIRONMENT")
            .Item("HOLDFAST_PROFILE, HOLDFAST_REPOSITORY, HOLDFAST_PASSWORD_FILE", "What the options name, where they are not given.")
            .Item("RESTIC_REPOSITORY, RESTIC_PASSWORD_FILE, RESTIC_PASSWORD_COMMAND", "The same, where neither these nor the profile says it.")
            .Item("HOLDFAST_STATE", "Where journals and locks are kept; by default /var/lib/holdfast.")
            .Item("HOLDFAST_DEBUG", "1 adds the places in the program to an error.")
            .Item("NO_COLOR", "No colours on a terminal.");
        page.Heading("FILES")
            .Item("/etc/holdfast/profile.yaml", "The platform's profile: holdfast-profile(5).")
            .Item("/etc/holdfast/password", "The usual place of the repository's password.")
            .Item("/var/lib/holdfast", "Journals of runs, and locks. It can be lost: recovery points are in the repository.");
        page.Heading("EXIT STATUS");
        foreach (var (code, meaning) in _exitCodes) page.Item(code, meaning);
        return page.SeeAlso([.. root.Subcommands.Where(command => !command.Hidden).Select(command => $"holdfast-{command.Name}(1)"), "holdfast-profile(5)", "holdfast-concepts(7)", "holdfast-problems(7)", "restic(1)"]);
    }

    private static RoffPage OfVerb(Command command)
    {
        var page = new RoffPage($"holdfast-{command.Name}", 1, command.Description ?? command.Name);
        page.Heading("SYNOPSIS");
        foreach (var (line, leaf) in Leaves(command, $"holdfast {command.Name}")) page.Item(Synopsis(line, leaf), Sentence(leaf.Description));
        foreach (var (line, leaf) in Leaves(command, $"holdfast {command.Name}")) Describe(page, line, leaf);
        page.Heading("OPTIONS OF EVERY COMMAND");
        Options(page, GlobalOptions.All);
        if (command.Name == "setup") SetupNotes.Write(page);
        if (command.Name == "restore") RestoreNotes.Write(page);
        ShowExamples(page, "EXAMPLES", command.Name);
        return page.SeeAlso("holdfast(1)", "holdfast-profile(5)", "holdfast-concepts(7)", "holdfast-problems(7)");
    }

    private static void ShowExamples(RoffPage page, string heading, string command)
    {
        var examples = Examples.Of(command);
        if (examples.Count > 0) page.Heading(heading);
        foreach (var (purpose, line) in examples) page.Paragraph(purpose).Verbatim(line);
    }

    private static void Describe(RoffPage page, string line, Command leaf)
    {
        var options = leaf.Options.Where(option => !option.Hidden).ToList();
        if (leaf.Arguments.Count + options.Count == 0) return;
        page.Heading(line.ToUpperInvariant());
        foreach (var argument in leaf.Arguments) page.Item(argument.Name.ToUpperInvariant(), Sentence(argument.Description) + Default(argument.HasDefaultValue ? argument.GetDefaultValue() : null));
        Options(page, options);
    }

    private static void Options(RoffPage page, IEnumerable<Option> options)
    {
        foreach (var option in options) page.Item(Term(option), Sentence(option.Description) + Default(option.HasDefaultValue ? option.GetDefaultValue() : null));
    }

    /// <summary>Words alone: numbers may be this machine's, and a switch that is not given is off.</summary>
    private static string Default(object? value) => value is string { Length: > 0 } text ? $" By default {text}." : "";

    private static string Term(Option option)
    {
        var names = string.Join(", ", option.Aliases.Order(StringComparer.Ordinal).Prepend(option.Name));
        return option.ValueType == typeof(bool) ? names : $"{names} {Value(option)}";
    }

    /// <summary>The placeholder of the value; words to choose from are printed as they are typed.</summary>
    private static string Value(Option option) => option.HelpName is { } name && name.Contains('|', StringComparison.Ordinal)
        ? name : (option.HelpName ?? option.Name.TrimStart('-')).ToUpperInvariant();

    private static string Synopsis(string line, Command leaf)
    {
        var arguments = leaf.Arguments.Select(argument => (argument.Arity.MinimumNumberOfValues, argument.Arity.MaximumNumberOfValues) switch
        {
            (0, > 1) => $"[{argument.Name.ToUpperInvariant()}...]",
            (0, _) => $"[{argument.Name.ToUpperInvariant()}]",
            (_, > 1) => $"{argument.Name.ToUpperInvariant()}...",
            _ => argument.Name.ToUpperInvariant(),
        });
        return string.Join(' ', [line, .. arguments, .. leaf.Options.Any(option => !option.Hidden) ? ["[OPTIONS]"] : Array.Empty<string>()]);
    }

    /// <summary>The commands that can be run, with their full command lines.</summary>
    private static IEnumerable<(string Line, Command Command)> Leaves(Command command, string line)
    {
        if (command.Subcommands.Count == 0 || command.Action is not null) yield return (line, command);
        foreach (var below in command.Subcommands.Where(below => !below.Hidden))
            foreach (var leaf in Leaves(below, $"{line} {below.Name}")) yield return leaf;
    }

    private static string Sentence(string? text) => text is { Length: > 0 } ? text.TrimEnd('.') + "." : "";
}
