using System.CommandLine;

namespace Holdfast.Cli.Sessions;

/// <summary>Arguments that several commands take.</summary>
internal static class Arguments
{
    public static Argument<string> Point(string name, string description)
    {
        var argument = new Argument<string>(name) { Description = description, HelpName = name };
        argument.CompletionSources.Add("latest");
        return argument;
    }

    /// <summary>An option that may be given several times, one pattern each.</summary>
    public static Option<string[]> Patterns(string name, string description) =>
        new(name) { Description = description, HelpName = "PATTERN", DefaultValueFactory = _ => [] };

    /// <summary>--no-lock, of commands that only read.</summary>
    public static Option<bool> NoLock() => new("--no-lock") { Description = "Do not lock the repository; see to it that nothing is removed from it meanwhile." };

    /// <summary>The option --only, with completion of its values.</summary>
    public static Option<string[]> Only(string description) => new("--only")
    {
        Description = description, HelpName = "NAME", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [],
    };
}
