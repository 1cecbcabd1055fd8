using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Quiescing;

/// <summary>
/// The platform of profiles/sample.yaml in a box: PostgreSQL, Redis, a web service behind nginx, Celery workers, beat and a timer under a real
/// systemd, with customers who place orders, and the published binary to back it up.
/// </summary>
internal sealed partial class ShopScene : IAsyncDisposable
{
    private const string Holdfast = "/holdfast/holdfast";

    /// <summary>What runs of the platform when it is up.</summary>
    public static readonly string[] Units =
        ["nginx.service", "shop-web.service", "shop-beat.service", "shop-report.timer", "shop-worker@1.service", "shop-worker@2.service", "shop-worker@3.service"];

    private ShopScene(SystemdBox box) => Box = box;

    public SystemdBox Box { get; }

    /// <summary>How many orders there are, how many of them were never done, and how many more than once.</summary>
    public sealed record Audit(int Orders, int Lost, int Doubled);

    /// <summary>A shop in a new box, with its repository made.</summary>
    /// <param name="scale">The size of its database, in units of 20 000 rows.</param>
    /// <param name="visibility">The seconds after which workers take what a dead one had taken.</param>
    public static async Task<ShopScene> OpenAsync(int scale = 1, int visibility = 3600)
    {
        Require.Program("redis-server");
        Require.Program("nginx");
        Require.That((await Command.RunAsync("/usr/bin/python3", ["-c", "import celery, redis, psycopg2"])).ExitCode == 0, "/usr/bin/python3 lacks celery, redis or psycopg2.");
        var shop = new ShopScene(await SystemdBox.StartAsync(HoldfastBinary.BoxOption, $"--bind-ro={SourceTree.PathOf("tests/Holdfast.Testing/shop")}:/platform"));
        // A busy machine needs more than the profile's deadline to end three workers.
        var profile = (await File.ReadAllTextAsync(SourceTree.PathOf("profiles/sample.yaml"))).Replace("deadline: 60s", "deadline: 10m", StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(shop.Box.Share, "profile.yaml"), profile);
        await shop.Box.BashAsync($"""
            VISIBILITY={visibility} /platform/shop install {scale}
            mkdir -p /etc/holdfast; cp /share/profile.yaml /etc/holdfast/
            cd /etc/holdfast; umask 077; echo secret > postgres-password; echo shop > redis-password
            """);
        (await shop.HoldfastAsync("init", "--yes", "--generate-password")).Succeeded();
        return shop;
    }

    public Task<CommandResult> HoldfastAsync(params string[] arguments) => Box.RunAsync(Holdfast, arguments);

    /// <summary>Customers place so many orders a second from now on; some have done so when this ends, however quick the next command is.</summary>
    /// <param name="rate">Orders a second.</param>
    /// <param name="longest">How many seconds later an order is to be done, at most.</param>
    /// <param name="late">All tasks are acknowledged when they are done; otherwise one in three.</param>
    public async Task OrderAsync(int rate, int longest = 30, bool late = false)
    {
        var before = rate > 0 ? (await AuditAsync(0)).Orders : 0;
        await Box.BashAsync($"/platform/shop rate {rate} {longest} {(late ? "late" : "")}");
        if (rate > 0) await Eventually.HoldsAsync("ten orders are placed", async () => (await AuditAsync(0)).Orders >= before + 10);
    }

    /// <summary>The tasks of orders that were done more than once. From now on they count as done once.</summary>
    public async Task<IReadOnlyList<string>> TakeDoubledAsync() =>
        (await Box.BashAsync("runuser -u postgres -- psql -qXAt -h /run/postgresql -d shop -c \"UPDATE app.orders SET done = 1 WHERE done > 1 RETURNING 'order-' || id\"")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Gives these units other settings, takes back those that earlier calls gave, and starts anew what has changed.</summary>
    public async Task ChangeUnitsAsync(params IEnumerable<(string Unit, string Settings)> changes)
    {
        var script = new StringBuilder("shopt -s nullglob; cd /etc/systemd/system; changed=$(for folder in shop-*.service.d; do echo \"${folder%.d}\"; done); rm -rf shop-*.service.d\n");
        foreach (var (unit, settings) in changes) script.Append(CultureInfo.InvariantCulture, $"mkdir {unit}.d; changed+=' {unit}'; cat > {unit}.d/test.conf <<'END'\n{settings}END\n");
        script.Append("systemctl daemon-reload; [ -z \"$changed\" ] || { systemctl reset-failed $changed 2> /dev/null || :; systemctl restart $changed; }");
        await Box.BashAsync(script.ToString());
    }

    /// <summary>Waits until all orders are done, for so long at most, and counts.</summary>
    public async Task<Audit> AuditAsync(int seconds)
    {
        var output = (await Box.RunAsync("/platform/shop", "audit", $"{seconds}")).Output;
        var figures = Figures().Match(output);
        Assert.True(figures.Success, output);
        return new Audit(Number(figures, "orders"), Number(figures, "lost"), Number(figures, "doubled"));
    }

    /// <summary>Every unit that ran runs; a second is given to those that are on their way.</summary>
    public Task EverythingRunsAsync(string after) => RunAsync(after, Units);

    /// <summary>These units run.</summary>
    public async Task RunAsync(string after, params IReadOnlyList<string> units)
    {
        var states = (await Box.BashAsync($"systemctl is-active {string.Join(' ', units)} || :")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(states.All(state => state == "active"), $"After {after}: {string.Join(", ", units.Zip(states))}");
    }

    /// <summary>The stock restic reads every byte of the repository and finds nothing wrong.</summary>
    public Task CheckAsync() => Box.BashAsync("restic --no-cache -r /var/backups/holdfast --password-file /etc/holdfast/password check --read-data");

    /// <summary>How many recovery points the stock restic sees.</summary>
    public async Task<int> CountPointsAsync() =>
        int.Parse(await Box.BashAsync("restic --no-cache --no-lock -r /var/backups/holdfast --password-file /etc/holdfast/password snapshots --tag holdfast --json | { grep -o '\"short_id\"' || :; } | wc -l"), CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => Box.DisposeAsync();

    private static int Number(Match figures, string group) => int.Parse(figures.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"orders=(?<orders>\d+) lost=(?<lost>\d+) doubled=(?<doubled>\d+)", RegexOptions.NonBacktracking)]
    private static partial Regex Figures();
}
