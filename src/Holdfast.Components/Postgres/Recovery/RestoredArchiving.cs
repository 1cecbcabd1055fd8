using System.Text.RegularExpressions;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Serving;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>
/// Reports a restored server that archives its WAL by 'holdfast wal push' when no service accepts it: its WAL would
/// grow until the disk is full.
/// </summary>
internal sealed partial class RestoredArchiving(PostgresConnector connector)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    public async Task ReportAsync(StepContext context, CancellationToken cancellation)
    {
        if (SocketOf(await AskAsync(cancellation)) is { } socket && WhyAway(socket) is { } why)
            context.Warn(Catalogue.WalLate.With(
                $"The restored server of {connector.Settings.Name} archives its WAL by 'holdfast wal push', and the service is not there: {why.TrimEnd('.')}.",
                "Start 'holdfast serve' on this machine (holdfast-serve.service), or switch archiving off with 'holdfast postgres disable-archiving': until then pg_wal grows."));
    }

    /// <summary>Returns the socket in an archive_command of Holdfast; null for any other command.</summary>
    public static string? SocketOf(string command)
    {
        if (!command.Contains(" wal push ", StringComparison.Ordinal) || !command.Contains("holdfast", StringComparison.Ordinal)) return null;
        var match = SocketOption().Match(command);
        return match.Success ? (match.Groups["quoted"].Success ? match.Groups["quoted"].Value : match.Groups["plain"].Value).Replace("%%", "%", StringComparison.Ordinal) : ServeClient.DefaultSocket(_ => null);
    }

    private static string? WhyAway(string socket)
    {
        try
        {
            using var client = ServeClient.Connect(socket, _patience);
            return null;
        }
        catch (ProblemException away)
        {
            return away.Problem.Message;
        }
    }

    /// <summary>Returns the archive_command; empty when archiving is off, or the setting cannot be read.</summary>
    private async Task<string> AskAsync(CancellationToken cancellation)
    {
        try
        {
            await using var connection = await connector.OpenMaintenanceAsync(cancellation);
            var row = (await connection.RowsAsync("SELECT pg_catalog.current_setting('archive_mode'), coalesce(pg_catalog.current_setting('archive_command', true), '')", row => row, cancellation))[0];
            return row[0] == "off" ? "" : row[1];
        }
        catch (Exception failure) when (failure is ProblemException || PostgresProblem.Recognises(failure))
        {
            return ""; // a user who may not read it gets this report from 'holdfast wal status'
        }
    }

    [GeneratedRegex(@"--socket[ =]('(?<quoted>[^']*)'|(?<plain>\S+))", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SocketOption();
}
