using System.Globalization;
using System.Text.Json.Nodes;
using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Quiescing;

/// <summary>
/// What goes wrong in the window of a platform that has customers: each has a clear end, the platform is up afterwards, or is brought up by
/// 'recover' when it is mended, and no order is lost or doubled.
/// </summary>
public sealed class QuiescedTroubleTests(ShopFixture fixture, ITestOutputHelper output) : IClassFixture<ShopFixture>
{
    /// <summary>Backs up; when step $1 begins, $2 is done. What the backup tells is at /share/told, what $2 writes at /share/aside.</summary>
    private const string AtStep = """
        coproc /holdfast/holdfast backup --json
        exec 3<&"${COPROC[0]}"
        pid=$COPROC_PID done=
        while read -r line <&3; do
          echo "$line"
          case $line in *'"step_started"'*"\"step\":\"$1"*) eval "$2" > /share/aside 2>&1; done=yes ;; esac
        done > /share/told
        status=0; wait $pid || status=$?
        [ "$done" ] || { echo "The step '$1' did not begin."; cat /share/told; exit 1; }
        echo $status
        """;

    /// <summary>A moment before its queues are copied, when no worker runs that could have a message on its way.</summary>
    [Fact]
    public async Task Redis_dies_and_is_back_a_second_later_so_no_point_is_made_and_everything_comes_up()
    {
        var shop = await BeginAsync(rate: 10, ("shop-redis.service", "[Service]\nRestart=always\nRestartSec=1s\n"));

        await KillRedisAsync(shop, "");

        await EndAsync(shop);
    }

    [Fact]
    public async Task Redis_dies_and_stays_away_so_no_point_is_made_and_the_rest_comes_up()
    {
        var shop = await BeginAsync(rate: 10);

        // Customers would place orders whose tasks go nowhere, so they leave first.
        await KillRedisAsync(shop, "echo RATE=0 > /run/shop-customers");

        await shop.EverythingRunsAsync("the death of Redis");
        await shop.Box.BashAsync("systemctl start shop-redis.service");
        await EndAsync(shop);
    }

    private static async Task KillRedisAsync(ShopScene shop, string before)
    {
        var points = await shop.CountPointsAsync();
        await shop.Box.BashAsync("systemctl show -p MainPID --value shop-redis.service > /run/redis-pid");
        var backup = await BackUpAsync(shop, "Look that the platform stands still", $"kill -9 $(< /run/redis-pid); {before}");
        Assert.True(backup.Is(Catalogue.QueueUnreachable), $"{backup}");
        Assert.Equal(points, await shop.CountPointsAsync());
    }

    [Fact]
    public async Task A_worker_that_ignores_SIGTERM_is_killed_by_systemd_and_named_and_its_work_is_done_by_others()
    {
        var shop = await BeginAsync(rate: 10, ("shop-worker@2.service", "[Service]\nEnvironment=STUBBORN=1\nTimeoutStopSec=2\n"));

        var backup = await BackUpAsync(shop);

        Assert.True(backup.ExitCode == 0, $"{backup}");
        Assert.Contains("shop-worker@2.service did not end within 2 s", backup.Events, StringComparison.Ordinal);
        Assert.Contains(Catalogue.UnitKilled.Code, backup.Events, StringComparison.Ordinal);
        await EndAsync(shop);
    }

    [Fact]
    public async Task A_worker_that_is_halted_is_unknown_so_the_window_is_closed_and_no_point_is_made()
    {
        var shop = await BeginAsync(rate: 0);
        var points = await shop.CountPointsAsync();
        // A unit is active long before its worker listens, and one that never listened is not missed.
        await Eventually.HoldsAsync("all workers answer", async () =>
            (await shop.HoldfastAsync("queues", "list", "--json")).Output.Contains("\"answered\":3", StringComparison.Ordinal));
        // It has nothing when it is halted: what it had would be given to others after the visibility timeout, and be done twice.
        await shop.AuditAsync(30);
        await shop.Box.BashAsync("systemctl kill -s STOP shop-worker@2.service");
        await shop.OrderAsync(rate: 10, longest: 1);

        var backup = await BackUpAsync(shop);

        await shop.Box.BashAsync("systemctl kill -s CONT shop-worker@2.service");
        Assert.True(backup.Is(Catalogue.QueueUnknown), $"{backup}");
        Assert.Contains("1 of 3 workers of broker did not answer", backup.Message, StringComparison.Ordinal);
        Assert.Equal(points, await shop.CountPointsAsync());
        await EndAsync(shop);
    }

    [Fact]
    public async Task A_unit_that_does_not_start_again_is_named_with_its_log_and_recovered_when_it_is_mended()
    {
        var shop = await BeginAsync(rate: 10, ("shop-web.service", "[Service]\nRestart=no\nExecStartPre=/bin/sh -c 'if [ -e /run/broken ]; then echo no licence; exit 3; fi'\n"));

        var backup = await BackUpAsync(shop, "Copy the queues of broker", "touch /run/broken");

        Assert.True(backup.Is(Catalogue.UnitDown), $"{backup}");
        Assert.Contains("shop-web.service did not come up and is failed", backup.Message, StringComparison.Ordinal);
        Assert.Contains("no licence", backup.Message, StringComparison.Ordinal);
        await shop.RunAsync("all but one started", [.. ShopScene.Units.Except(["shop-web.service"])]);
        var again = await shop.HoldfastAsync("recover");
        Assert.True(again.ExitCode == (int)Catalogue.UndoFailed.Exit && again.Errors.Contains("shop-web.service", StringComparison.Ordinal), $"{again}");
        await shop.Box.BashAsync("rm /run/broken");
        (await shop.HoldfastAsync("recover")).Succeeded();
        await EndAsync(shop);
    }

    [Fact]
    public async Task Other_runs_in_the_window_are_told_who_holds_the_lock_and_change_nothing()
    {
        var shop = await BeginAsync(rate: 10);
        const string others = """
            echo "pid $pid"
            systemctl is-active shop-web.service || :
            for verb in backup "platform start" recover "queues archive --yes" "restore --yes"; do
              status=0; /holdfast/holdfast $verb || status=$?
              echo "$verb: $status"
            done
            """;

        var backup = await BackUpAsync(shop, "Stop workers", others);

        Assert.True(backup.ExitCode == 0, $"{backup}");
        var said = File.ReadAllText(Path.Combine(shop.Box.Share, "aside"));
        output.WriteLine(said);
        var process = said.Split('\n')[0]["pid ".Length..];
        Assert.Equal(5, Count(said, $"is in progress: process {process}, since "));
        Assert.Equal(4, Count(said, $"[{Catalogue.RunInProgress.Code}]")); // a recovery has nothing to do then: it is a note, and its exit code
        Assert.Equal(5, Count(said, $": {(int)Catalogue.RunInProgress.Exit}\n"));
        Assert.Equal("inactive", said.Split('\n')[1]);
        await EndAsync(shop);
    }

    /// <summary>
    /// Tasks are acknowledged when they are done, and what a dead worker had begun is done again by others: so much may be done twice, and no more.
    /// A worker dies when it has all that it takes at once: a message that is on its way to one that dies is lost by Celery's own doing.
    /// </summary>
    [Fact]
    public async Task Workers_that_are_killed_between_backups_lose_nothing_and_double_only_what_they_had_begun()
    {
        var shop = await BeginAsync(rate: 0);
        for (var round = 1; round <= 2; round++)
        {
            var begun = (await shop.Box.BashAsync($$"""
                redis() { redis-cli -s /run/shop-redis/redis.sock -a shop -n 1 "$@" 2> /dev/null; }
                LATE=1 python3 /opt/shop/current/shop.py place 12 3
                for left in $(seq 6000 -1 0); do [ "$(redis HLEN unacked)" = 6 ] && break; sleep 0.02; done
                [ "$left" -gt 0 ]
                systemctl kill -s KILL shop-worker@{{round}}.service
                redis HVALS unacked | grep -o 'order-[0-9]*' | sort -u
                until systemctl is-failed -q shop-worker@{{round}}.service; do sleep 0.05; done
                systemctl start shop-worker@{{round}}.service
                """)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            await shop.OrderAsync(rate: 10, longest: 1, late: true);

            var backup = await BackUpAsync(shop);

            Assert.True(backup.ExitCode == 0, $"{backup}");
            await shop.EverythingRunsAsync($"killed worker {round}");
            await shop.OrderAsync(rate: 0);
            var audit = await shop.AuditAsync(60);
            var twice = await shop.TakeDoubledAsync();
            output.WriteLine($"{begun.Length} orders were with workers when one was killed; {audit}: {string.Join(", ", twice)}");
            Assert.Equal(6, begun.Length);
            Assert.Equal(0, audit.Lost);
            Assert.Empty(twice.Except(begun, StringComparer.Ordinal));
        }
    }

    /// <summary>What the unit is forbidden must not be what PAM needs for a session of the user postgres.</summary>
    [Fact]
    public async Task The_unit_of_the_package_takes_a_point_with_the_databases()
    {
        var shop = await BeginAsync(rate: 10);
        var points = await shop.CountPointsAsync();
        foreach (var file in Directory.GetFiles(SourceTree.PathOf("packaging/systemd"), "holdfast-backup.*"))
            File.Copy(file, Path.Combine(shop.Box.Share, Path.GetFileName(file)), overwrite: true);
        await shop.Box.BashAsync("""
            ln -sfn /holdfast/holdfast /usr/bin/holdfast
            cp /share/holdfast-backup.* /etc/systemd/system/
            systemctl daemon-reload
            grep pam_limits /etc/pam.d/runuser
            systemctl start holdfast-backup.service || { journalctl -u holdfast-backup.service; exit 1; }
            """);
        Assert.Equal(points + 1, await shop.CountPointsAsync());
        await EndAsync(shop);
    }

    /// <summary>Nothing can be asked of a database that is down, so its files are copied then, and all comes up afterwards.</summary>
    [Fact]
    public async Task A_cold_backup_stops_the_stores_too_copies_the_files_of_the_database_and_starts_everything_again()
    {
        var shop = await BeginAsync(rate: 10);
        await shop.Box.BashAsync("cp /etc/holdfast/profile.yaml /run/profile; sed -i 's/method: dump/method: cold/; /databases: all/d' /etc/holdfast/profile.yaml");
        try
        {
            var online = await shop.HoldfastAsync("backup", "--json");
            Assert.True(Told.Of(online).Is(Catalogue.PostgresRunning), $"{online}");

            var backup = Told.Of(await shop.HoldfastAsync("backup", "--mode", "cold", "--json"));

            Assert.True(backup.ExitCode == 0, $"{backup}");
            Assert.Contains("\"step\":\"Stop stores\"", backup.Events, StringComparison.Ordinal);
            var stored = await shop.Box.BashAsync("restic --no-cache --no-lock -r /var/backups/holdfast --password-file /etc/holdfast/password ls latest /postgres/main/base/global");
            Assert.Contains("/postgres/main/base/global/pg_control", stored, StringComparison.Ordinal);
            await shop.RunAsync("a cold backup", [.. ShopScene.Units, "shop-postgres.service", "shop-redis.service"]);
        }
        finally
        {
            await shop.Box.BashAsync("mv /run/profile /etc/holdfast/profile.yaml");
        }
        await EndAsync(shop);
    }

    private async Task<ShopScene> BeginAsync(int rate, params IReadOnlyList<(string Unit, string Text)> changes)
    {
        var shop = await fixture.OpenAsync();
        await shop.ChangeUnitsAsync(changes);
        await shop.EverythingRunsAsync("the beginning");
        // Nothing is due later than the visibility timeout of ShopFixture: Celery would do it twice.
        await shop.OrderAsync(rate, longest: 1);
        return shop;
    }

    private static async Task EndAsync(ShopScene shop)
    {
        await shop.EverythingRunsAsync("the end");
        await shop.OrderAsync(rate: 0);
        var audit = await shop.AuditAsync(60);
        Assert.True(audit is { Orders: >= 10, Lost: 0, Doubled: 0 }, $"{audit}");
    }

    private static async Task<Told> BackUpAsync(ShopScene shop) => Told.Of(await shop.HoldfastAsync("backup", "--json"));

    private static async Task<Told> BackUpAsync(ShopScene shop, string step, string act)
    {
        var status = await shop.Box.BashAsync($"set -- {Quote(step)} {Quote(act)}\n{AtStep}");
        return new Told(int.Parse(status.Trim(), CultureInfo.InvariantCulture), File.ReadAllText(Path.Combine(shop.Box.Share, "told")));
    }

    /// <summary>What a backup said, and how it ended.</summary>
    private sealed record Told(int ExitCode, string Events)
    {
        public static Told Of(CommandResult result) => new(result.ExitCode, result.Output);

        /// <summary>Why it failed, as the last line says; with the lines that belong to it.</summary>
        public JsonNode? Error => JsonNode.Parse(Events.TrimEnd().Split('\n')[^1]) is { } last && (string?)last["severity"] == "error" ? last : null;

        public string Message => $"{Error?["message"]} {Error?["details"]}";

        /// <summary>It failed with this, and with its exit code.</summary>
        public bool Is(ProblemKind kind) => ExitCode == (int)kind.Exit && kind.Code == (string?)Error?["code"];
    }

    private static string Quote(string words) => $"'{words.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
