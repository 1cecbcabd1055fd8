using System.Diagnostics;
using System.Text;
using Holdfast.Components.Postgres.ArchiveSetup;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Components.Postgres.WalReceive;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Wal;

/// <summary>WAL that is received while it is written: what a lost host takes with it.</summary>
public sealed class WalReceivingTests
{
    private const string Sum = "SELECT count(*), sum(hashtext(filler)) FROM t";

    private readonly StringBuilder _errors = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_that_is_lost_takes_seconds_with_it_and_no_segment()
    {
        Require.Root();
        await using var scene = await WalScene.MakeAsync(archives: false);
        var backup = await scene.BaseBackupAsync();
        using var receiver = await StartAsync(scene);
        for (var i = 0; i < 3; i++) await scene.SwitchAsync();
        await scene.Server.ExecuteAsync("postgres", "INSERT INTO t (filler) SELECT 'not in a whole segment' FROM generate_series(1, 100)");
        var expected = await scene.Server.QueryAsync("postgres", Sum);
        var written = await scene.Server.QueryAsync("postgres", "SELECT pg_current_wal_flush_lsn()");
        await UntilAsync(scene, $"SELECT flush_lsn >= '{written}' FROM pg_stat_replication WHERE application_name = 'holdfast'");
        await scene.Server.StopServerAsync("immediate");
        await EndAsync(receiver);

        await scene.ServeAsync();
        Assert.Equal(expected, await scene.RecoverAsync(backup, Sum));
        await scene.StopAsync();
        await scene.Scene.CheckAsync();
    }

    [Fact]
    public async Task A_restarted_server_and_a_killed_receiver_leave_no_gap()
    {
        Require.Root();
        await using var scene = await WalScene.MakeAsync(archives: false);
        var receiver = await StartAsync(scene);
        await scene.SwitchAsync();
        await scene.Server.StopServerAsync();
        await scene.Server.StartServerAsync();
        await scene.SwitchAsync();
        receiver.Kill();
        await receiver.WaitForExitAsync(Token);
        receiver.Dispose();
        await scene.SwitchAsync();
        receiver = await StartAsync(scene);
        await UntilReceivedAsync(scene, await scene.SwitchAsync());
        await EndAsync(receiver);
        receiver.Dispose();
        var (_, status, _) = await scene.StatusAsync();
        Assert.Empty(status["gaps"]!.AsArray());
        (await scene.Scene.RunAsync("wal", "receive", "--drop-slot")).Succeeded();
        Assert.Equal("0", await scene.Server.QueryAsync("postgres", "SELECT count(*) FROM pg_replication_slots"));
    }

    [Fact]
    public async Task A_new_timeline_is_followed_without_a_gap()
    {
        await using var server = await PostgresServer.StartAsync();
        using var folder = new TempFolder();
        await using var repository = await Repository.InitAsync(new LocalBackend(folder["repository"]), "x", new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) }, cancellation: Token);
        var settings = new PostgresSettings { Host = server.Folder, Port = server.Port };
        var archive = new PostgresArchive("scene", new PostgresConnector(settings, new NoSecret(), new LocalHost(Environment.GetEnvironmentVariable)));
        var told = new List<string>();
        using var end = new CancellationTokenSource();
        var receiver = new WalReceiver(archive, repository, new WalReceiverOptions { Interval = TimeSpan.FromMilliseconds(500), Retry = TimeSpan.FromMilliseconds(300) }, TimeProvider.System, notice => { lock (told) told.Add($"{notice.Newest} {notice.Problem?.Message}"); });
        var receiving = receiver.RunAsync(end.Token);
        using var catalogue = await WalCatalogue.ReadAsync(repository, "scene", "main", Token);
        await UntilHeldAsync(await SwitchAsync());
        await UntilHeldAsync(await SwitchAsync());
        // A standby that follows nobody, and is promoted.
        await server.StopServerAsync();
        File.WriteAllText(Path.Combine(server.Data, "standby.signal"), "");
        await server.StartServerAsync();
        await Eventually.HoldsAsync("the receiver follows the standby", async () => await server.QueryAsync("postgres", "SELECT count(*) > 0 FROM pg_stat_replication") == "t");
        await server.QueryAsync("postgres", "SELECT pg_promote()");
        await SwitchAsync();
        var last = await SwitchAsync();
        Assert.StartsWith("00000002", last, StringComparison.Ordinal);
        await UntilHeldAsync(last);
        await end.CancelAsync();
        await receiving;

        var histories = await catalogue.ReadHistoriesAsync(Token);
        var first = catalogue.Segments.Min();
        var reach = WalReach.Of(catalogue.Segments.ToHashSet(), Assert.Single(histories), first.Start(catalogue.SegmentSize), catalogue.SegmentSize);
        Assert.Equal((WalSegment.Parse(last), null), (reach.Last, reach.Gap));
        var kept = catalogue.Segments.Where(segment => segment.Timeline == 2 && File.Exists(Path.Combine(WalScene.Log(server), segment.Name))).ToList();
        Assert.NotEmpty(kept);
        foreach (var segment in kept)
        {
            await using var content = (await catalogue.OpenAsync(segment.Name, Token))!;
            var bytes = new MemoryStream();
            await content.CopyToAsync(bytes, Token);
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(WalScene.Log(server), segment.Name), Token), bytes.ToArray());
        }

        async Task<string> SwitchAsync()
        {
            await server.ExecuteAsync("postgres", "CREATE TABLE IF NOT EXISTS t (filler text); INSERT INTO t SELECT md5(random()::text) FROM generate_series(1, 1000);");
            return await server.QueryAsync("postgres", "SELECT pg_walfile_name(pg_switch_wal())");
        }

        string Details()
        {
            lock (told) return $"{string.Join('\n', told)}\n{server.Log}";
        }

        async Task UntilHeldAsync(string segment)
        {
            await Eventually.HoldsAsync($"{segment} is received", async () =>
            {
                Assert.False(receiving.IsCompleted, $"{receiving.Exception}");
                await catalogue.RefreshAsync(Token);
                return catalogue.Has(segment);
            }, Details);
        }
    }

    private sealed class NoSecret : ISecretReader
    {
        public Task<string> ReadAsync(ProfileNode reference, CancellationToken cancellation) => Task.FromResult("");
    }

    private async Task<Process> StartAsync(WalScene scene)
    {
        var process = scene.Scene.Start("wal", "receive", "--interval", "1");
        var ready = await process.StandardOutput.ReadLineAsync(Token);
        if (ready is null) throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(Token));
        _ = process.StandardOutput.ReadToEndAsync(Token);
        process.ErrorDataReceived += (_, line) => _errors.AppendLine(line.Data);
        process.BeginErrorReadLine();
        return process;
    }

    private async Task EndAsync(Process receiver)
    {
        (await Command.RunAsync("kill", [$"{receiver.Id}"])).Succeeded();
        await receiver.WaitForExitAsync(Token);
        Assert.True(receiver.ExitCode == (int)ExitCode.Success, $"{receiver.ExitCode}: {_errors}");
    }

    private static async Task UntilReceivedAsync(WalScene scene, string segment)
    {
        string? newest = null;
        await Eventually.HoldsAsync($"{segment} is received", async () =>
        {
            newest = (string?)(await scene.StatusAsync()).Status["newest"];
            return newest is not null && string.CompareOrdinal(newest, segment) >= 0;
        }, () => $"The newest is {newest}.");
    }

    private static Task UntilAsync(WalScene scene, string question) =>
        Eventually.HoldsAsync(question, async () => await scene.Server.QueryAsync("postgres", question) == "t");
}
