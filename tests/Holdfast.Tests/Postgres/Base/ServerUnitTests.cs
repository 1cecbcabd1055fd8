using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Recovery;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Testing;
using Holdfast.Tests.Files;
using Xunit;

namespace Holdfast.Tests.Postgres.Base;

/// <summary>Units of systemd that run a restored server, and what they are reported with when they do not.</summary>
public sealed class ServerUnitTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_below_an_umbrella_unit_is_waited_for_and_one_that_runs_on_is_named()
    {
        var unit = new ServerUnit("main", new ScriptedHost().On("systemctl", ""));
        var left = 3;
        await unit.WaitForEndAsync("postgresql.service", () => --left > 0 ? Environment.ProcessId : null, TimeSpan.FromMinutes(5), TimeProvider.System, Token);
        Assert.Equal(0, left);
        var refused = await Assert.ThrowsAsync<ProblemException>(() =>
            unit.WaitForEndAsync("other.service", () => Environment.ProcessId, TimeSpan.Zero, TimeProvider.System, Token));
        Assert.Equal("HF-PG-RUNNING", refused.Problem.Code);
        Assert.Contains($"other.service was stopped, and the server of main runs on as process {Environment.ProcessId}", refused.Problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_unit_that_has_failed_ends_the_wait_with_the_words_of_its_journal_and_a_missing_one_the_plan()
    {
        using var data = new TempFolder();
        var host = new ScriptedHost()
            .On("systemctl", call => new ScriptedHost.Answer(call.Arguments[2] switch { "ActiveState" => "ActiveState=failed\n", "LoadState" => "LoadState=not-found\n", _ => "" }))
            .On("journalctl", "Config owner and data owner do not match\n");
        var record = new BaseRecord { Method = "base", SystemIdentifier = 1, Version = 150000, DataDirectory = data.Path, Timeline = 1, SegmentSize = 16 << 20 };
        var connector = new PostgresConnector(new PostgresSettings { Service = "postgresql@15-main" }, new NoSecret(), host);
        var server = new RestoredServer(connector, host, record, data.Path, "postgres", new ServerUnit("main", host), TimeProvider.System) { Longest = TimeSpan.FromMinutes(1) };
        var failed = (await Assert.ThrowsAsync<ProblemException>(() => server.WaitAsync(RecoveryTarget.End, new RecordedStep(), Token))).Problem;
        Assert.Equal("HF-PG-RECOVERY", failed.Code);
        Assert.Contains("postgresql@15-main has failed", failed.Message, StringComparison.Ordinal);
        Assert.Contains("'journalctl -u postgresql@15-main': Config owner and data owner do not match", failed.Message, StringComparison.Ordinal);
        Assert.Equal("HF-PG-SERVICE", (await Assert.ThrowsAsync<ProblemException>(() => server.CheckAsync(Token))).Problem.Code);
    }

    [Fact]
    public async Task Server_programs_of_another_version_and_paths_that_a_shell_would_read_are_refused_beforehand()
    {
        var host = new ScriptedHost().On("pg_ctl", "pg_ctl (PostgreSQL) 15.18\n").On("/scripted/pg_ctl", "pg_ctl (PostgreSQL) 15.18\n");
        Assert.Equal("HF-PROGRAM-MISSING", (await CheckAsync(host, 160_000, "/data")).Problem.Code);
        Assert.Equal("HF-PG-FILES", (await CheckAsync(host, 150_000, "/data/$(id)")).Problem.Code);
        Assert.Equal("HF-PG-FILES", (await CheckAsync(host, 150_000, "/data", "/etc/x'; id; '.conf")).Problem.Code);
    }

    private static Task<ProblemException> CheckAsync(ScriptedHost host, int version, string data, string? configuration = null)
    {
        var record = new BaseRecord { Method = "base", SystemIdentifier = 1, Version = version, DataDirectory = data, ConfigFile = configuration, Timeline = 1, SegmentSize = 16 << 20 };
        var connector = new PostgresConnector(new PostgresSettings(), new NoSecret(), host);
        return Assert.ThrowsAsync<ProblemException>(() => new RestoredServer(connector, host, record, data, "postgres", new ServerUnit("main", host), TimeProvider.System) { Longest = TimeSpan.FromMinutes(1) }.CheckAsync(Token));
    }

    private sealed class NoSecret : ISecretReader
    {
        public Task<string> ReadAsync(ProfileNode reference, CancellationToken cancellation) => Task.FromResult("");
    }
}
