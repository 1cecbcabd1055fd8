using System.Text.Json.Nodes;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Quiescing;

/// <summary>
/// Backups of a platform whose customers never stop: no order is lost or done twice, neither by a backup nor by a restore.
/// HOLDFAST_BACKUPS sets how many.
/// </summary>
public sealed class QuiescedBackupTests(ITestOutputHelper output)
{
    private static readonly int Backups = Sample.Count("HOLDFAST_BACKUPS", 2, 20);

    [Fact]
    public async Task Under_load_every_order_is_done_exactly_once_and_a_restored_point_has_each_order_or_its_task()
    {
        await using var shop = await ShopScene.OpenAsync();
        await shop.OrderAsync(rate: 15);
        var windows = new List<double>();
        for (var round = 1; round <= Backups; round++) windows.Add(await BackUpAsync(shop, $"backup {round}"));
        output.WriteLine($"{Backups} backups; windows of {windows.Min():0.0} to {windows.Max():0.0} s, {windows.Order().ElementAt(windows.Count / 2):0.0} s in the middle.");
        Assert.Equal(Backups, await shop.CountPointsAsync());

        await shop.OrderAsync(rate: 0);
        var audit = await shop.AuditAsync(120);
        output.WriteLine($"{audit}");
        Assert.True(audit.Orders > Backups, $"{audit}");
        if (audit.Doubled > 0) output.WriteLine($"Done twice: {string.Join(", ", await shop.TakeDoubledAsync())}. Those whose number can be divided by three are acknowledged when they are done.");
        Assert.Equal((0, 0), (audit.Lost, audit.Doubled));

        await RestoreAsync(shop, audit);
        await shop.CheckAsync();
    }

    /// <summary>The window in seconds.</summary>
    private static async Task<double> BackUpAsync(ShopScene shop, string which)
    {
        var backup = (await shop.HoldfastAsync("backup", "--json")).Succeeded();
        var told = backup.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        var summary = told[^1];
        Assert.Equal("quiesced", (string?)summary["mode"]);
        Each.Holds(summary["skew"]!.AsObject(), component => Assert.Equal(0, (double?)component.Value));
        // The window does not grow with the data: rows are read when the platform runs again.
        var started = told.FindIndex(line => (string?)line["event"] == "step_finished" && (string?)line["step"] == "Start timers");
        var dumps = told.FindIndex(line => (string?)line["event"] == "step_started" && ((string?)line["step"])!.StartsWith("Dump database shop", StringComparison.Ordinal));
        Assert.InRange(started, 1, dumps);
        await shop.EverythingRunsAsync(which);
        return (double)summary["window_seconds"]!;
    }

    /// <summary>Everything is lost after the last point; restored, its open orders are done from the archived tasks, and none twice.</summary>
    private static async Task RestoreAsync(ShopScene shop, ShopScene.Audit before)
    {
        (await shop.HoldfastAsync("platform", "stop")).Succeeded();
        await shop.Box.BashAsync("redis-cli -s /run/shop-redis/redis.sock -a shop FLUSHALL; runuser -u postgres -- psql -qX -h /run/postgresql -c 'DROP DATABASE shop WITH (FORCE)'; rm -rf /opt/shop /etc/default/shop");
        (await shop.HoldfastAsync("restore", "--overwrite", "--yes")).Succeeded();
        (await shop.HoldfastAsync("platform", "start")).Succeeded();
        var after = await shop.AuditAsync(120);
        Assert.InRange(after.Orders, 1, before.Orders);
        Assert.Equal((0, 0), (after.Lost, after.Doubled));
    }
}
