using System.CommandLine;
using System.Text;
using System.Text.RegularExpressions;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Cli.Setup;
using Holdfast.Components.Systemd;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic.Posix;

namespace Holdfast.Cli.Commands;

/// <summary>Writes a first profile from what runs on this machine. It changes nothing but that file.</summary>
internal static partial class SetupCommand
{
    private static readonly Option<string> Target = new("--output", "-o")
    {
        Description = "Where the profile is written.", HelpName = "PATH", DefaultValueFactory = _ => "/etc/holdfast/profile.yaml",
    };

    private static readonly Option<string?> Platform = new("--platform") { Description = "The platform's name; by default this machine's.", HelpName = "NAME" };
    private static readonly Option<bool> Force = new("--force") { Description = "Overwrite a profile that is there." };

    public static Command Make(Launcher launcher) =>
        launcher.Start(new Command("setup", "Finds what runs on this machine, and writes a first profile.") { Target, Platform, Force }, RunAsync);

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var path = Path.GetFullPath(parsed.GetRequiredValue(Target));
        if (File.Exists(path) && !parsed.GetValue(Force)) throw Catalogue.ProfileExists.Throwable($"There is a profile at {path} already, so nothing was written.");
        var secrets = new SecretReader(session.Host, session.Variable, Path.GetDirectoryName(path)!);
        var found = await FindAsync(session, secrets, cancellation);
        var name = parsed.GetValue(Platform) ?? NameOf(Environment.MachineName);
        var text = found.IsEclecticIq ? EclecticIq() : new ProfileDraft(found).Write(name, Environment.MachineName);
        // The profile is parsed before it is written, so that only a valid one is stored.
        var profile = ProfileReader.Parse(text, path);
        Write(path, text);
        Report(session, found);
        session.Output.Report(new MessageEvent($"Wrote the profile of platform {profile.Platform} to {path}. Read it, then run 'holdfast profile validate' and 'holdfast init --generate-password'."));
        return ExitCode.Success;
    }

    /// <summary>
    /// Finds the platform. Where systemd does not run, as in a container, the profile has values for the user to fill
    /// in.
    /// </summary>
    private static async Task<FoundPlatform> FindAsync(Session session, SecretReader secrets, CancellationToken cancellation)
    {
        try
        {
            return await new PlatformSearch(session.Host, secrets, session.Clock).FindAsync(cancellation);
        }
        catch (ProblemException unknown) when (unknown.Problem.Code == Catalogue.SystemdMissing.Code)
        {
            session.Warn(Catalogue.SystemdMissing.With($"{unknown.Problem.Message.TrimEnd('.')}, so no part of a platform was found: name them in the profile."));
            return await new LeftOutSearch("/").CompleteAsync(new FoundPlatform(), [], ProcessEntry.ListAll(), cancellation);
        }
    }

    private static void Report(Session session, FoundPlatform found)
    {
        if (found.IsEclecticIq) session.Output.Report(new MessageEvent("This is an EclecticIQ Intelligence Center: the profile is the one for it. Take out what this machine does not have."));
        Report(session, "Units that take work in", found.Front);
        Report(session, "Workers of Celery", found.Workers);
        Report(session, "Units that hold data", found.Stores);
        Report(session, "Celery's queues", [.. found.Brokers.SelectMany(broker => broker.Queues).SelectMany(database => database.Queues)]);
        foreach (var broker in found.Brokers.Where(broker => broker.Trouble is not null)) session.Warn(Catalogue.QueueUnreachable.With(broker.Trouble!));
        Report(session, "Files and folders", [.. found.Files.Values.SelectMany(paths => paths)]);
        foreach (var cluster in found.Clusters) session.Output.Report(new MessageEvent($"PostgreSQL: {cluster.Folder}, port {cluster.Port}."));
        foreach (var engine in found.Engines.Where(engine => engine.Location is not null)) session.Output.Report(new MessageEvent($"Search engine: {engine.Name} at {engine.Url}."));
        foreach (var other in found.Others) session.Output.Report(new MessageEvent($"Left out: {other.What}: {other.Why}."));
        Report(session, "Left out as the system's own services", found.LeftOut);
        Report(session, "Looked for, and not found", found.NotFound);
    }

    private static void Report(Session session, string what, IReadOnlyList<string> names)
    {
        if (names.Count > 0) session.Output.Report(new MessageEvent($"{what}: {string.Join(", ", names)}."));
    }

    /// <summary>Whole or not at all, and for its owner alone: a profile may name what others need not know.</summary>
    private static void Write(string path, string text)
    {
        const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            using var folder = OutputFolder.Open(Path.GetDirectoryName(path)!, own | UnixFileMode.UserExecute);
            folder.Replace(Path.GetFileName(path), Encoding.UTF8.GetBytes(text), own);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.ProfileUnwritable.Throwable($"The profile cannot be written to {path}: {refused.Message.TrimEnd('.')}.", refused);
        }
    }

    private static string EclecticIq()
    {
        using var resource = typeof(SetupCommand).Assembly.GetManifestResourceStream("eclecticiq.yaml")!;
        using var reader = new StreamReader(resource);
        return reader.ReadToEnd();
    }

    /// <summary>A machine's name as a platform's: lower case, without its domain.</summary>
    private static string NameOf(string machine)
    {
        var name = OtherCharacters().Replace(machine.Split('.')[0].ToLowerInvariant(), "-").Trim('-');
        return name.Length > 0 ? name : "platform";
    }

    [GeneratedRegex("[^a-z0-9-]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OtherCharacters();
}
