using System.CommandLine;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

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

    public static Option<int?> LimitUpload { get; } = new("--limit-upload")
    {
        Description = "The most that is sent in a second to a repository on another machine, in KiB; 0 for no limit. Else the profile's.", HelpName = "KIB", Recursive = true,
    };

    public static Option<int?> LimitDownload { get; } = new("--limit-download")
    {
        Description = "The most that is received in a second from a repository on another machine, in KiB; 0 for no limit. Else the profile's.", HelpName = "KIB", Recursive = true,
    };

    public static Option<bool> Json { get; } = new("--json") { Description = "Tell everything as JSON, one object a line.", Recursive = true };

    public static Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "Tell only answers and problems, no progress.", Recursive = true };

    public static IEnumerable<Option> All => [Profile, Repository, PasswordFile, NoCache, LimitUpload, LimitDownload, Json, Quiet];

    /// <summary>The limits that are given, in bytes.</summary>
    /// <exception cref="ProblemException">One is negative.</exception>
    public static TransferLimits LimitsOf(ParseResult parsed, TimeProvider clock) => new(clock, Bytes(parsed, LimitUpload), Bytes(parsed, LimitDownload));

    private static long? Bytes(ParseResult parsed, Option<int?> option) => parsed.GetValue(option) switch
    {
        < 0 => throw Catalogue.Usage.Throwable($"{option.Name} cannot be negative."),
        { } kibibytes => (long)kibibytes << 10,
        _ => null,
    };
}
