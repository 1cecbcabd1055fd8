using System.CommandLine;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Components.Postgres.ArchiveSetup;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Serving;

namespace Holdfast.Cli.Commands;

/// <summary>The archive of PostgreSQL's write-ahead log.</summary>
internal static class WalCommand
{
    private static readonly Argument<string> PathToPush = new("path") { Description = "%p of archive_command.", HelpName = "PATH" };
    private static readonly Argument<string> FileToFetch = new("file") { Description = "%f of restore_command.", HelpName = "FILE" };
    private static readonly Argument<string> Target = new("path") { Description = "%p of restore_command.", HelpName = "PATH" };
    private static readonly Option<string?> Cluster = ClusterOption();
    private static readonly Option<string?> SocketPath = Socket();

    public static Option<string?> ClusterOption() => new("--cluster") { Description = "The cluster of the profile; it may be left out when there is one.", HelpName = "NAME" };

    public static Option<string?> Socket() => new("--socket") { Description = "The service's socket. Else $HOLDFAST_SOCKET, or /run/holdfast/serve.sock.", HelpName = "PATH" };

    public static Command Make(Launcher launcher) => new("wal", "Archives the WAL of PostgreSQL and hands it out: for archive_command and restore_command.")
    {
        launcher.Start(new Command("push", "Archives one file; it returns when the file is durable.") { PathToPush, Cluster, SocketPath }, PushAsync),
        launcher.Start(new Command("fetch", "Brings one file back; exit code 1 says that the archive does not have it.") { FileToFetch, Target, Cluster, SocketPath }, FetchAsync),
        ReceiveCommand.Make(launcher),
        launcher.Start(new Command("status", "Shows what is archived, what is missing, and how far it is behind the server.") { Cluster }, StatusAsync),
    };

    private static Task<ExitCode> PushAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        PushClient.Push(parsed.GetRequiredValue(PathToPush), parsed.GetValue(Cluster), SocketOf(session, parsed));
        return Task.FromResult(ExitCode.Success);
    }

    private static async Task<ExitCode> FetchAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var (name, target) = (parsed.GetRequiredValue(FileToFetch), Path.GetFullPath(parsed.GetRequiredValue(Target)));
        try
        {
            if (WalFetch.TryTake(name, target)) return ExitCode.Success;
            var found = await FetchClient.TryAsync(SocketOf(session, parsed), parsed.GetValue(Cluster) ?? "", name, target)
                ?? await new WalFetch(await session.OpenAsync(cancellation), session.Profile.Platform, ClusterOf(session.Profile, parsed)).RunAsync(name, target, cancellation);
            return found ? ExitCode.Success : ExitCode.Failure;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // PostgreSQL would take any small exit code as the end of the WAL, and would end recovery and accept
            // connections.
            session.Output.Report(ProblemEvent.Error(failure.ToProblem()));
            return ExitCode.AbortRecovery;
        }
    }

    private static async Task<ExitCode> StatusAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var wanted = parsed.GetValue(Cluster) is null ? null : ClusterOf(session.Profile, parsed);
        var exit = ExitCode.Success;
        foreach (var archive in PostgresArchive.Of(session.Profile, session.ProfileSecrets, session.Host).Where(archive => wanted is null || archive.Cluster == wanted))
        {
            var status = await archive.ReadStatusAsync(await session.OpenAsync(cancellation), cancellation);
            session.Output.Report(WalStatusEvent.Of(status));
            foreach (var problem in status.Problems) session.Warn(problem);
            if (exit == ExitCode.Success) exit = status.Problems.Select(problem => problem.Exit).FirstOrDefault(code => code != ExitCode.Success);
        }
        return exit;
    }

    private static string SocketOf(Session session, ParseResult parsed) => parsed.GetValue(SocketPath)
        ?? (session.ProfileIfAny is { } profile ? WalServiceSettings.Read(profile, session.Variable).Socket : ServeClient.DefaultSocket(session.Variable));

    /// <summary>The archive of the cluster that is named, or of the only one.</summary>
    public static PostgresArchive ArchiveOf(Session session, string? named)
    {
        var cluster = ClusterOf(session.Profile, named);
        return PostgresArchive.Of(session.Profile, session.ProfileSecrets, session.Host).Single(archive => archive.Cluster == cluster);
    }

    /// <summary>The cluster that is named, or the only one.</summary>
    private static string ClusterOf(Profile profile, string? named)
    {
        var clusters = WalServiceSettings.Read(profile, _ => null).Clusters;
        if (named is null && clusters.Count == 1) return clusters[0];
        if (named is not null && clusters.Contains(named, StringComparer.Ordinal)) return named;
        throw Catalogue.ClusterUnknown.Throwable(named is null
            ? $"The profile {profile.File} has {(clusters.Count == 0 ? "no PostgreSQL cluster" : $"several clusters, and none was named: {string.Join(", ", clusters)}")}."
            : $"The profile has no PostgreSQL cluster '{named}'.{Spelling.Suggest(named, clusters)}");
    }

    private static string ClusterOf(Profile profile, ParseResult parsed) => ClusterOf(profile, parsed.GetValue(Cluster));
}
