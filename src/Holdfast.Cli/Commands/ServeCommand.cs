using System.CommandLine;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Serving;

namespace Holdfast.Cli.Commands;

/// <summary>Keeps the repository open and archives WAL as PostgreSQL passes it on, until it is stopped.</summary>
internal static class ServeCommand
{
    private static readonly Option<string?> Socket = WalCommand.Socket();

    public static Command Make(Launcher launcher) =>
        launcher.Start(new Command("serve", "Runs the service that archives the WAL of PostgreSQL and hands it out.") { Socket }, RunAsync);

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var settings = WalServiceSettings.Read(session.Profile, session.Variable);
        if (settings.Clusters.Count == 0) throw Catalogue.ClusterUnknown.Throwable($"The profile {session.Profile.File} has no PostgreSQL cluster to serve.");
        var repository = await session.OpenAsync(cancellation);
        await using var service = await WalService.StartAsync(
            repository, session.Profile.Platform, settings.Clusters, new WalServiceOptions(), session.Clock, notice => Report(session, notice), cancellation);
        using var socket = ServeSocket.Listen(parsed.GetValue(Socket) ?? settings.Socket, await settings.FindOwnerAsync(session.Host, cancellation));
        ServiceNotice.Report(session.Variable, ServiceNotice.Ready);
        session.Output.Report(new ServeStartedEvent(socket.Path, session.Profile.Platform, settings.Clusters));
        using var abort = new CancellationTokenSource();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var serving = new ServeLoop(socket, service.AnswerAsync).RunAsync(end.Token, abort.Token);
        // A service that can store nothing more must not look alive: it ends, and systemd restarts it.
        await Task.WhenAny(serving, service.Ended);
        await end.CancelAsync();
        await serving;
        ServiceNotice.Report(session.Variable, ServiceNotice.Stopping);
        return ExitCode.Success;
    }

    /// <summary>Reports a batch, or why there is none.</summary>
    public static void Report(Session session, WalNotice notice)
    {
        if (notice.Problem is { } problem) session.Warn(problem with { Message = $"{notice.Cluster}: {problem.Message}" });
        else session.Output.Report(WalStoredEvent.Of(notice));
    }
}
