using System.CommandLine;

namespace Holdfast.Cli.Sessions;

/// <summary>Options that every command takes.</summary>
internal static class GlobalOptions
{
    public static Option<string?> Profile { get; } = new("--profile", "-p")
    {
        Description = "The platform's profile. Else $HOLDFAST_PROFILE or /etc/holdfast/profile.yaml.", HelpName = "PATH", Recursive = true,
    };

    public static Option<string?> Repository { get; } = new("--repository", "-r")
    {
        Description = "The repository. Else $HOLDFAST_REPOSITORY, the profile's, or $RESTIC_REPOSITORY.", HelpName = "PATH", Recursive = true,
    };

    public static Option<string?> PasswordFile { get; } = new("--password-file")
    {
        Description = "A file with the repository's password. Else $HOLDFAST_PASSWORD_FILE, the profile's, or restic's variables.", HelpName = "PATH", Recursive = true,
    };

    public static Option<bool> NoCache { get; } = new("--no-cache")
    {
        Description = "Do not use the local cache of a repository on another machine.", Recursive = true,
    };

    public static Option<bool> Json { get; } = new("--json") { Description = "Tell everything as JSON, one object a line.", Recursive = true };

    public static Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "Tell only answers and problems, no progress.", Recursive = true };

    public static IEnumerable<Option> All => [Profile, Repository, PasswordFile, NoCache, Json, Quiet];
}
