using System.Buffers;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Restic.Archiving;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Recovery;

/// <summary>Starts a restored server, and waits until it has reached its recovery target.</summary>
internal sealed class RestoredServer(PostgresConnector connector, IHost host, BaseRecord record, string data, string? user, ServerUnit unit, TimeProvider clock)
{
    private static readonly SearchValues<char> _shellLetters = SearchValues.Create("\"'$`\\\n\r");
    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(200), _patience = TimeSpan.FromSeconds(30);

    /// <summary>How long the server may show no progress at all before it counts as hung.</summary>
    public required TimeSpan Longest { get; init; }

    private const int LogTail = 16 << 10;

    /// <summary>The unit that runs the server itself, when the profile names a unit that groups several.</summary>
    public string? Unit { get; set; } = connector.Settings.Service is { } service ? ServerUnit.Below(service, data) : null;

    private string Log => $"{data}/restore.log";

    /// <summary>
    /// Starts the server by its unit when the profile names one, otherwise as the owner of its files.
    /// </summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        if (connector.Settings.Service is { } service)
        {
            await unit.StartAsync(service, cancellation);
            return;
        }
        var program = FindControl();
        var (result, output) = await host.RunAsync(new ProgramCall(program, ControlArguments()) { User = user }, cancellation);
        if (result.ExitCode != 0) throw await FailedAsync($"'{program}' ended with {result.ExitCode}: {(result.Errors + output).Trim()}", cancellation);
    }

    /// <exception cref="ProblemException">
    /// The server could not be started here, because programs or a unit are missing, or because of its path.
    /// </exception>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        if (connector.Settings.Service is { } service)
        {
            if (!await unit.IsMissingAsync(service, cancellation)) return;
            throw Catalogue.PostgresService.Throwable($"systemd has no unit {service}, which 'service' of the cluster names.", "Install the server package of PostgreSQL, name the unit that is here, or restore with --no-start.");
        }
        var (program, major) = (FindControl(), record.Version / 10_000);
        var (_, version) = await host.RunAsync(new ProgramCall(program, ["--version"]), cancellation);
        if (!version.Contains(string.Create(System.Globalization.CultureInfo.InvariantCulture, $") {major}"), StringComparison.Ordinal))
            throw Catalogue.ProgramMissing.Throwable($"The server programs of PostgreSQL {major} are not there: {program} is {version.Trim()}.", $"Install the server package of PostgreSQL {major}, or restore with --no-start.");
        // pg_ctl passes both to a shell.
        foreach (var path in new[] { data, record.ConfigFile ?? "" })
            if (path.AsSpan().ContainsAny(_shellLetters)) throw Catalogue.PostgresFiles.Throwable($"pg_ctl cannot start a server by the path '{path}': it hands it to a shell.", "Restore to a path without quotes, '$', backslashes and line breaks, or with --no-start.");
    }

    /// <summary>
    /// Waits until systemd reports that the unit is active, which may be after the server accepts connections.
    /// </summary>
    public async Task WaitForUnitAsync(CancellationToken cancellation)
    {
        if (Unit is null) return;
        var actual = (Postmaster.Find(data) is { } process ? ServerUnit.OfProcess(process) : null) ?? Unit;
        var begun = clock.GetTimestamp();
        while (await unit.StateAsync(actual, cancellation) is "activating" or "reloading" && clock.GetElapsedTime(begun) < Longest) await Task.Delay(_tick, clock, cancellation);
        if (await unit.StateAsync(actual, cancellation) is not ("active" or "") and var state)
            throw Catalogue.PostgresService.Throwable($"The restored server in {data} answers, but its unit {actual} is {state}.", $"See 'systemctl status {actual}': a server that runs outside of its unit has to be stopped first.");
    }

    /// <summary>
    /// Waits until the server has replayed all WAL up to its target and was promoted, or has paused at the target.
    /// </summary>
    /// <param name="target">
    /// The recovery target; null for a cluster that was shut down, which keeps its role, a standby included.
    /// </param>
    /// <param name="context">Shows the progress.</param>
    /// <param name="cancellation">Ends the wait, not the server.</param>
    public async Task<ServerState> WaitAsync(RecoveryTarget? target, StepContext context, CancellationToken cancellation)
    {
        var begun = clock.GetTimestamp();
        var progress = new ReplayProgress(data, clock);
        var wasAlive = false;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var alive = Postmaster.Find(data);
            if (alive is null && Unit is not null && await unit.HasFailedAsync(Unit, cancellation)) throw await FailedAsync($"{Unit} has failed", cancellation);
            if (alive is null && (wasAlive || clock.GetElapsedTime(begun) > _patience)) throw await FailedAsync("it has ended", cancellation);
            wasAlive |= alive is not null;
            var state = alive is null ? null : await TryAskAsync(cancellation);
            if (state is not null)
            {
                if (target is not null) Show(state.Replayed, target, context);
                if (!state.IsInRecovery || state.IsPaused || target is null) return state;
            }
            if (alive is { } postmaster && progress.Still(postmaster, state?.Replayed) > Longest)
                throw await FailedAsync($"it runs as process {postmaster}, but nothing has moved for {Longest.TotalMinutes:0} minutes{(state is null ? "" : $", since it had replayed to {state.Replayed}")}", cancellation);
            await Task.Delay(_tick, clock, cancellation);
        }
    }

    private const string Question = """
        SELECT pg_catalog.pg_is_in_recovery(), CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_wal_replay_paused() ELSE false END,
            CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END, current_setting('data_directory')
        """;

    /// <summary>
    /// Returns null while the server accepts no connections: before it reaches consistency, and for a moment during
    /// promotion.
    /// </summary>
    private async Task<ServerState?> TryAskAsync(CancellationToken cancellation)
    {
        try
        {
            await using var connection = await connector.OpenMaintenanceAsync(cancellation);
            var row = (await connection.RowsAsync(Question, row => row, cancellation))[0];
            if (LocalEntries.Resolve(row[3].TrimEnd('/')) != data) throw await FailedAsync($"the server that answers at {connector.Place} has its data in {row[3]}", cancellation);
            return row[2].Length == 0 ? null : new ServerState(row[0] is "t", row[1] is "t", NpgsqlLogSequenceNumber.Parse(row[2]));
        }
        catch (ProblemException notYet) when (notYet.Problem.Code == Catalogue.PostgresUnreachable.Code)
        {
            return null;
        }
        catch (Exception cut) when (PostgresProblem.Recognises(cut))
        {
            return null;
        }
    }

    private void Show(NpgsqlLogSequenceNumber replayed, RecoveryTarget target, StepContext context)
    {
        if (record.StartLsn is not { } start) return;
        var first = (ulong)BaseRecord.Lsn(start);
        Interlocked.Exchange(ref context.Counters.BytesDone, (long)((ulong)replayed - first));
        if (target.Address is { } end) Interlocked.Exchange(ref context.Counters.BytesTotal, (long)((ulong)end - first));
    }

    private string FindControl()
    {
        var major = record.Version / 10_000;
        return PostgresPrograms.Find(host, "pg_ctl", major);
    }

    private List<string> ControlArguments()
    {
        var arguments = new List<string> { "start", "-W", "-D", data, "-l", Log };
        // Debian keeps the configuration outside of the data directory, and it names a data directory of its own.
        if (!File.Exists($"{data}/postgresql.conf") && record.ConfigFile is { } file) arguments.AddRange(["-o", $"-c config_file='{file}' -c data_directory='{data}'"]);
        return arguments;
    }

    private async Task<ProblemException> FailedAsync(string why, CancellationToken cancellation)
    {
        var (place, last) = Unit is null ? (Log, TailOf(Log)) : ($"'journalctl -u {Unit}'", await unit.LastWordsAsync(Unit, cancellation));
        if (Unit is not null && DebianLog() is { } log && TailOf(log) is { Length: > 0 } more) (place, last) = ($"{place} and {log}", $"{last} {more}");
        return Catalogue.PostgresRecovery.Throwable($"The restored server in {data} did not start: {why.TrimEnd('.')}. {(last.Length > 0 ? $"The end of {place}: {last.Trim()}" : $"Its log is {place}.")}");
    }

    /// <summary>The log file of Debian's units. Source: pg_ctlcluster(1).</summary>
    private string? DebianLog() => Unit is ['p', 'o', 's', 't', 'g', 'r', 'e', 's', 'q', 'l', '@', .. var name] ? $"/var/log/postgresql/postgresql-{name.Replace(".service", "", StringComparison.Ordinal)}.log" : null;

    /// <summary>
    /// Returns the last lines of a log of the server's user: from a regular file, not through a link, and at most a
    /// screenful.
    /// </summary>
    private static string TailOf(string path)
    {
        try
        {
            using var file = OwnedFile.Open(path);
            var bytes = new byte[Math.Min(LogTail, file.Length)];
            var count = RandomAccess.Read(file.Handle, bytes, file.Length - bytes.Length);
            return string.Join(' ', System.Text.Encoding.UTF8.GetString(bytes, 0, count).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(5));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}

/// <summary>The recovery state of a server, and the last LSN that it has replayed.</summary>
internal sealed record ServerState(bool IsInRecovery, bool IsPaused, NpgsqlLogSequenceNumber Replayed);
