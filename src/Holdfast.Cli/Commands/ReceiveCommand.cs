using System.CommandLine;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Components.Postgres.WalReceive;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Serving;

namespace Holdfast.Cli.Commands;

/// <summary>Receives WAL as it is written, until it is stopped.</summary>
internal static class ReceiveCommand
{
    private static readonly Option<string?> Cluster = WalCommand.ClusterOption();
    private static readonly Option<int> Interval = new("--interval") { Description = "Store a segment that is not whole every so many seconds.", HelpName = "SECONDS", DefaultValueFactory = _ => 5 };
    private static readonly Option<bool> DropSlot = new("--drop-slot") { Description = "Only drop the replication slot, so that the server keeps no WAL for it any more." };

    public static Command Make(Launcher launcher) =>
        launcher.Start(new Command("receive", "Receives WAL from a server as it is written, so that losing its host loses seconds.") { Cluster, Interval, DropSlot }, RunAsync);

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var archive = WalCommand.ArchiveOf(session, parsed.GetValue(Cluster));
        var cluster = archive.Cluster;
        if (parsed.GetValue(Interval) is < 1 or > 3600) throw Catalogue.Usage.Throwable("--interval takes a number from 1 to 3600.");
        var options = new WalReceiverOptions { Interval = TimeSpan.FromSeconds(parsed.GetValue(Interval)) };
        if (parsed.GetValue(DropSlot))
        {
            await archive.DropSlotAsync(WalReceiverOptions.Slot(cluster), cancellation);
            session.Output.Report(new MessageEvent($"The server of {cluster} has no slot {WalReceiverOptions.Slot(cluster)} any more."));
            return ExitCode.Success;
        }
        var receiver = new WalReceiver(archive, await session.OpenAsync(cancellation), options, session.Clock, notice => ServeCommand.Report(session, notice));
        ServiceNotice.Report(session.Variable, ServiceNotice.Ready);
        session.Output.Report(new MessageEvent($"Receiving the WAL of {cluster} by slot {WalReceiverOptions.Slot(cluster)}."));
        await receiver.RunAsync(cancellation);
        return ExitCode.Success;
    }
}
