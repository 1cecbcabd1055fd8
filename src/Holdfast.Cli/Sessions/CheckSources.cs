using Holdfast.Components.Files;
using Holdfast.Components.Postgres;
using Holdfast.Components.Postgres.ArchiveSetup;
using Holdfast.Components.Queues;
using Holdfast.Components.Search;
using Holdfast.Engine.Checking;
using Holdfast.Engine.Copies;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Web;

namespace Holdfast.Cli.Sessions;

/// <summary>The only place that knows every kind of check.</summary>
internal static class CheckSources
{
    /// <summary>In the order in which a person asks: may it stop, is anything at work, is there room for it.</summary>
    public static IReadOnlyList<ICheckSource> Of(Session session, CheckSettings settings)
    {
        var (profile, secrets) = (session.Profile, session.ProfileSecrets);
        var components = session.Components(profile);
        return
        [
            settings.Ports.Count + settings.Http.Count > 0
                ? new UsersCheck(settings.Ports, [.. settings.Http.Select(node => WebQuestion.Read(node, secrets))], "/proc/net")
                : new UnaskedCheck("users", "signed in", "the profile does not say how users reach the platform", "Name the ports in 'checks: users: ports:' of the profile, or a question to the platform in 'http:' there."),
            .. components.OfType<PostgresComponent>().Select(cluster => cluster.Check),
            .. PostgresArchive.Of(profile, secrets, session.Host).Select(archive => archive.Check(session.Source.ReadAsync)),
            .. components.OfType<SearchComponent>().Select(cluster => cluster.Check),
            .. (profile.Root.Find("checks")?.Find("search")?.Items ?? []).Where(node => components.All(component => component.Name != $"search/{node["name"].Text}")).Select(node => new SearchCheck(node, secrets, session.Clock)),
            .. components.OfType<QueuesComponent>().Select(broker => broker.Check),
            session.PlatformOf(profile)?.Check ?? new UnaskedCheck("services", "running", "the profile names no services", "Name the units of the platform under 'services' in the profile."),
            new RepositoryCheck(session.Source.ReadAsync, profile.Platform, settings.PointAge, session.Clock, new ReadRounds(session.State)),
            .. CopySettings.Of(profile).Select(copy => new CopyCheck(copy, session.Source.ReadAsync, session.SourceOf(copy).ReadAsync, settings.Timeout, settings.PointAge, session.Clock)),
            .. components.OfType<FilesComponent>().Where(_ => session.RepositoryDirectory is not null).Select(files => new FilesCheck(files, session.RepositoryDirectory!)),
            new DiskCheck(Disks(session, settings), FileSystemSpace.Of),
            new ClockCheck(KernelClock.Read),
        ];
    }

    /// <summary>The disks whose free space is checked: that of a repository on a server cannot be queried.</summary>
    private static IReadOnlyList<(string What, Func<string> Path, DiskLimits Limits)> Disks(Session session, CheckSettings settings)
    {
        (string What, Func<string> Path, DiskLimits Limits) state = ("state", () => session.State.Path, DiskLimits.OfState);
        return IsRemote(session) ? [state] : [("repository", () => session.Source.Path, settings.Disk), state];
    }

    private static bool IsRemote(Session session)
    {
        try
        {
            return RepositorySettings.IsRemote(session.Source.Path);
        }
        catch (ProblemException)
        {
            return false; // the check of the disk reports that nothing names the repository
        }
    }
}
