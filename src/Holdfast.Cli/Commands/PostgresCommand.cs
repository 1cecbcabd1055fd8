using System.CommandLine;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Cli.Text;
using Holdfast.Components.Postgres.ArchiveSetup;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Serving;

namespace Holdfast.Cli.Commands;

/// <summary>Switches a server's archiving on and off.</summary>
internal static class PostgresCommand
{
    private static readonly Option<string?> Cluster = WalCommand.ClusterOption();
    private static readonly Option<string?> Socket = WalCommand.Socket();
    private static readonly Option<bool> Plan = new("--plan") { Description = "Only show what would be changed." };
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask." };

    private static readonly Option<bool> NoRestart = new("--no-restart") { Description = "Leave the restart of the server for later, where one is due." };

    // A busy server archives the test segment after all others of its queue.
    private static readonly Option<int> Timeout = new("--timeout") { Description = "How long to wait until the server is up again, and until a segment arrives.", HelpName = "SECONDS", DefaultValueFactory = _ => 60 };

    public static Command Make(Launcher launcher) => new("postgres", "Lets PostgreSQL servers archive their WAL with Holdfast, or as they did before.")
    {
        launcher.Start(new Command("enable-archiving", "Lets a server archive its WAL by 'holdfast serve', and proves that it arrives.") { Cluster, Socket, Plan, Yes, NoRestart, Timeout }, EnableAsync),
        launcher.Start(new Command("disable-archiving", "Puts back what the server's settings were before.") { Cluster, Plan, Yes, NoRestart, Timeout }, DisableAsync),
    };

    private static async Task<ExitCode> EnableAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var (archive, archiving) = Of(session, parsed);
        var plan = await archiving.PlanEnableAsync(CommandLine(session, parsed, archive.Cluster), cancellation);
        session.Output.Report(ArchivingPlanEvent.Of(plan));
        if (parsed.GetValue(Plan)) return ExitCode.Success;
        if (!await ChangeAsync(session, parsed, archiving, plan, remember: true, cancellation))
            throw Catalogue.PostgresRestart.Throwable($"The settings of {archive.Cluster} are changed, and the server must be restarted before it archives.");
        var (segment, took) = await archiving.ProveAsync(await session.OpenAsync(cancellation), session.Profile.Platform, TimeSpan.FromSeconds(parsed.GetValue(Timeout)), cancellation);
        session.Output.Report(new ArchivingProvenEvent(archive.Cluster, segment, took.TotalSeconds));
        return ExitCode.Success;
    }

    private static async Task<ExitCode> DisableAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var (archive, archiving) = Of(session, parsed);
        var plan = await archiving.PlanDisableAsync(cancellation);
        session.Output.Report(ArchivingPlanEvent.Of(plan));
        if (parsed.GetValue(Plan)) return ExitCode.Success;
        if (!await ChangeAsync(session, parsed, archiving, plan, remember: false, cancellation))
            throw Catalogue.PostgresRestart.Throwable($"The settings of {archive.Cluster} are put back; until the server is restarted it keeps the WAL that it does not archive any more.");
        return ExitCode.Success;
    }

    /// <summary>Changes the settings, and restarts the server where that is due and the profile names its unit. False when a restart is left to a person.</summary>
    private static async Task<bool> ChangeAsync(Session session, ParseResult parsed, Archiving archiving, ArchivingPlan plan, bool remember, CancellationToken cancellation)
    {
        var restarted = plan.NeedsRestart && !parsed.GetValue(NoRestart) ? plan.Unit : null;
        if (plan.Changes.Count > 0 || restarted is not null) await ConfirmAsync(session, parsed, restarted, cancellation);
        if (plan.Changes.Count > 0) await archiving.ApplyAsync(plan, remember, cancellation);
        if (restarted is null) return !plan.NeedsRestart;
        await archiving.RestartAsync(restarted, TimeSpan.FromSeconds(parsed.GetValue(Timeout)), cancellation);
        return true;
    }

    private static (PostgresArchive, Archiving) Of(Session session, ParseResult parsed)
    {
        var archive = WalCommand.ArchiveOf(session, parsed.GetValue(Cluster));
        return (archive, new Archiving(archive, Path.Combine(session.State.Path, "archiving", $"{session.Profile.Platform}-{archive.Cluster}.json"), session.Clock));
    }

    /// <summary>The command line that the server runs for each segment; default values are left out.</summary>
    private static string CommandLine(Session session, ParseResult parsed, string cluster)
    {
        var settings = WalServiceSettings.Read(session.Profile, session.Variable);
        var socket = parsed.GetValue(Socket) ?? settings.Socket;
        var line = $"{Quote(Environment.ProcessPath ?? "holdfast")} wal push %p";
        if (settings.Clusters.Count > 1) line += $" --cluster {Quote(cluster)}";
        return socket == ServeClient.DefaultSocket(_ => null) ? line : $"{line} --socket {Quote(socket)}";
    }

    /// <summary>For the shell, and for the server, which takes % for a place to fill in.</summary>
    private static string Quote(string word)
    {
        var escaped = word.Replace("%", "%%", StringComparison.Ordinal);
        return escaped.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '.' or '-' or '_' or '%') ? escaped : $"'{escaped.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    private static Task ConfirmAsync(Session session, ParseResult parsed, string? restarted, CancellationToken cancellation) => parsed.GetValue(Yes) ? Task.CompletedTask : session.ConfirmAsync(
        restarted is null ? "Change the settings? [y/N] " : $"Change the settings and restart {Printable.Text(restarted)}? [y/N] ",
        "The server's settings would be changed, and nobody is here to confirm it, so nothing was done.", "The change was not confirmed, so nothing was done.", cancellation);
}
