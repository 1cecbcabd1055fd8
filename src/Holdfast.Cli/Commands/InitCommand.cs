using System.CommandLine;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Engine.Problems;
using Holdfast.Restic;

namespace Holdfast.Cli.Commands;

/// <summary>From a profile to a repository that the first backup can go to. Run again it changes nothing.</summary>
internal static class InitCommand
{
    private static readonly Option<bool> Generate = new("--generate-password")
    {
        Description = "Write a new random password to the password file (mode 0600), if the file is not there yet.",
    };

    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Ask nothing." };

    public static Command Make(Launcher launcher) =>
        launcher.Start(new Command("init", "Tries what the profile names, and makes the repository.") { Generate, Yes }, RunAsync);

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        if (session.ProfileIfAny is not null) await ProbeAsync(session, cancellation);
        var location = session.Source.Path;
        var derivation = await new PasswordSetup(session, canAsk: session.CanAsk && !parsed.GetValue(Yes)).PrepareAsync(parsed.GetValue(Generate), cancellation);
        var (repository, created) = await MakeOrOpenAsync(session, derivation, cancellation);
        session.Output.Report(new RepositoryEvent(location, repository.RepositoryId.ToString(), repository.Version, created));
        session.Output.Report(new MessageEvent(
            $"Keep away from this machine, in two places: the password{(session.Source.PasswordFile is { } file ? $" ({file})" : "")}, and the repository's config and keys, which 'holdfast repo kit DIRECTORY' writes. Without all three nothing can ever be read."));
        session.Output.Report(new MessageEvent(created
            ? "Next: see what would be captured with 'holdfast backup --plan', then take the first recovery point with 'holdfast backup'."
            : "The repository existed already and was not changed. 'holdfast points list' shows its recovery points; 'holdfast backup' takes another one, 'holdfast restore --plan' shows what a restore would do."));
        return ExitCode.Success;
    }

    /// <summary>
    /// Probes the components, and only reports what fails: it may be corrected before the first backup.
    /// </summary>
    private static async Task ProbeAsync(Session session, CancellationToken cancellation)
    {
        session.Output.Report(new MessageEvent($"Profile {session.Profile.File} describes platform {session.Profile.Platform}."));
        foreach (var component in session.Components(session.Profile))
        {
            var problems = await component.ProbeAsync(cancellation);
            foreach (var problem in problems) session.Warn(problem);
            if (problems.Count == 0) session.Output.Report(new MessageEvent($"  {component.Name} is ready."));
        }
        foreach (var missing in await MissingUnitsAsync(session, cancellation)) session.Warn(missing);
        if (session.RepositoryCaptured is { } captured) session.Warn(captured);
    }

    /// <summary>Units of the profile that do not exist; none where systemd does not run, as in a container.</summary>
    private static async Task<IEnumerable<Problem>> MissingUnitsAsync(Session session, CancellationToken cancellation)
    {
        if (session.PlatformOf(session.Profile) is not { } platform) return [];
        return (await platform.ProbeAsync(cancellation)).Where(problem => problem.Code == Catalogue.UnitMissing.Code);
    }

    private static async Task<(Repository Repository, bool Created)> MakeOrOpenAsync(Session session, KeyDerivation derivation, CancellationToken cancellation)
    {
        var settings = await session.Source.ReadAsync(cancellation);
        try
        {
            return (session.Keep(await Repository.InitAsync(settings.Backend, settings.Password, new InitOptions { KeyDerivation = derivation }, settings.Options, cancellation)), true);
        }
        catch (ResticException there) when (there.Error == ResticError.AlreadyThere)
        {
            return (await session.OpenAsync(cancellation), false);
        }
    }
}
