using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Quiescing;

/// <summary>
/// kill -9 of a quiesced backup, at the beginning of each of its steps and at random instants. Afterwards 'recover' brings up all that ran,
/// no order is lost or doubled, the repository is clean and older points restore. HOLDFAST_KILLS sets how many random ones, HOLDFAST_SEED when.
/// </summary>
public sealed class QuiescedKillTests(ITestOutputHelper output)
{
    private static readonly int Kills = Sample.Count("HOLDFAST_KILLS", 1, 50);

    /// <summary>Kills the backup as soon as it says that step $1 begins.</summary>
    private const string KillAtStep = """
        coproc /holdfast/holdfast backup --json
        pid=$COPROC_PID
        while read -r line <&"${COPROC[0]}"; do
          case $line in *'"step_started"'*'"number":'$1,*) kill -9 $pid; break ;; *'"problem"'*) echo "$line" >&2 ;; esac
        done
        wait $pid && echo ended || echo "status $?"
        """;

    /// <summary>Kills the backup after $1 seconds.</summary>
    private const string KillAfter = """
        /holdfast/holdfast backup --json > /dev/null & pid=$!
        sleep "$1"; kill -9 $pid 2> /dev/null || :
        wait $pid && echo ended || echo "status $?"
        """;

    [Fact]
    public async Task Killed_at_every_step_and_at_random_instants_the_platform_comes_up_and_nothing_is_lost()
    {
        await using var shop = await ShopScene.OpenAsync();
        (await shop.HoldfastAsync("backup")).Succeeded();
        await shop.OrderAsync(rate: 10);
        var began = TimeProvider.System.GetTimestamp();
        (await shop.HoldfastAsync("backup")).Succeeded();
        var length = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        var steps = (await shop.HoldfastAsync("backup", "--plan")).Succeeded().Output.Split('\n').Count(line => line.TrimStart() is [>= '0' and <= '9', ..]);
        Assert.InRange(steps, 15, 40);

        // The last two take a few milliseconds: on a busy machine the backup has ended before the kill arrives.
        var edges = Sample.Of([.. Enumerable.Range(1, steps - 2)], 3, "steps to kill at");
        foreach (var step in edges) Assert.True(await KillAsync(shop, KillAtStep, $"{step}"), $"The backup was over before the kill at step {step} of {steps}.");
        output.WriteLine($"Killed at the beginnings of the steps {string.Join(", ", edges)} of {steps}; seed {Sample.Seed}.");

        var random = Sample.Random("instants to kill at");
        var (killed, tries) = (0, 0);
        while (killed < Kills)
        {
            Assert.True(tries++ < 10 * Kills, $"Only {killed} of {tries} backups were still running when they were killed; seed {Sample.Seed}.");
            var instant = random.NextDouble() * length;
            if (await KillAsync(shop, KillAfter, FormattableString.Invariant($"{instant:0.000}")))
                killed++;
            else
                length = instant; // the machine is less busy than it was
        }
        output.WriteLine($"{killed} kills at random instants, {tries} tries; seed {Sample.Seed}.");

        await shop.OrderAsync(rate: 0);
        var audit = await shop.AuditAsync(120);
        output.WriteLine($"{audit}");
        Assert.Equal((0, 0), (audit.Lost, audit.Doubled));
        await shop.CheckAsync();
        var first = (await shop.HoldfastAsync("points", "list")).Succeeded().Output.Split('\n')[1].Split(' ')[0];
        (await shop.HoldfastAsync("restore", first, "--only", "files", "--target", "/tmp/restored", "--yes")).Succeeded();
        await shop.Box.BashAsync("cmp /opt/shop/current/shop.py /tmp/restored/opt/shop/releases/2/shop.py");
    }

    /// <summary>True when the backup was still running. What it owed is undone afterwards.</summary>
    private static async Task<bool> KillAsync(ShopScene shop, string script, string when)
    {
        var backup = await shop.Box.RunAsync("bash", "-c", script, "bash", when);
        var said = backup.Output.Trim();
        Assert.True(said is "status 137" or "ended", $"At {when}: {said}\n{backup.Errors}");
        (await shop.HoldfastAsync("recover")).Succeeded();
        await shop.EverythingRunsAsync($"the kill at {when}");
        return said != "ended";
    }
}
