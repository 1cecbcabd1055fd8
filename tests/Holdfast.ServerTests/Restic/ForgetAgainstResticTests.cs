using System.Globalization;
using System.Text.Json;
using Holdfast.Engine.Retention;
using Holdfast.Restic;
using Holdfast.Restic.Archiving;
using Holdfast.Restic.Backends;
using Holdfast.Restic.Snapshots;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Restic;

/// <summary>
/// The stock <c>restic forget</c> keeps of drawn histories what our rules keep, for the same reasons: over changes to
/// and from summer time, in several zones, with times of other machines' zones among them. What restic before 0.16
/// does not do is left out: the oldest stays while a count is not used up.
/// </summary>
public sealed class ForgetAgainstResticTests : IDisposable
{
    private const string Password = "correct horse";
    private const int GroupsOfRound = 10;

    private static readonly string[] _zones =
    [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Europe/London",
        "UTC", "Pacific/Apia",
    ];

    private readonly TempFolder _folder = new();
    private readonly ResticBinary _restic = ResticBinary.Find();

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Restic_keeps_the_same_points_of_drawn_histories()
    {
        var keepsOldest = await KeepsOldestAsync();
        var random = Sample.Random("forget against restic");
        var histories = Sample.Count("HOLDFAST_FORGET_HISTORIES", usual: 60, whenLong: 1000);
        var cheap = new InitOptions { KeyDerivation = new KeyDerivation(1024, 8, 1) };
        var backend = new LocalBackend(_folder["repository"]);
        await using var repository = await Repository.InitAsync(backend, Password, cheap, cancellation: Now);
        for (var round = 0; round < histories / GroupsOfRound; round++)
        {
            var zone = TimeZoneInfo.FindSystemTimeZoneById(_zones[random.Next(_zones.Length)]);
            var (rules, options) = DrawRules(random);
            var groups = new Dictionary<string, IReadOnlyList<Snapshot>>(StringComparer.Ordinal);
            foreach (var host in Enumerable.Range(0, GroupsOfRound).Select(group => $"host{group}"))
                groups.Add(host, await StoreAsync(repository, host, DrawTimes(random, zone)));
            var expected = await AskAsync(options, zone);
            foreach (var (host, history) in groups)
            {
                var ours = Kept(history, rules, zone, keepsOldest);
                var scene = $"Seed {Sample.Seed}, round {round}, {host}, TZ={zone.Id}, {string.Join(' ', options)}";
                Assert.True(ours.SequenceEqual(expected[host]), Describe(scene, ours, expected[host]));
            }
            foreach (var snapshot in groups.Values.SelectMany(history => history))
                await repository.ForgetAsync(snapshot.Id, Now);
        }
    }

    private async Task<bool> KeepsOldestAsync() =>
        Version.Parse((await _restic.VersionAsync()).Split(' ')[1].Split('-')[0]) >= new Version(0, 16);

    /// <summary>Each kept point with its reasons, oldest first.</summary>
    private static List<string> Kept(
        IReadOnlyList<Snapshot> history, KeepRules rules, TimeZoneInfo zone, bool keepsOldest)
    {
        var newestFirst = history.OrderByDescending(snapshot => snapshot.Time).ToList();
        var kept = KeepPolicy.Apply([.. newestFirst.Select(snapshot => snapshot.Time)], rules, zone);
        var lines = newestFirst.Zip(kept, (point, reasons) => Line(point.Id.ToString(), reasons.Where(IsMeant)));
        return [.. lines.OfType<string>().Order(StringComparer.Ordinal)];

        bool IsMeant(string reason) => keepsOldest || !reason.StartsWith(KeepPolicy.Oldest, StringComparison.Ordinal);
    }

    private static string? Line(string id, IEnumerable<string?> reasons) =>
        string.Join(", ", reasons) is { Length: > 0 } all ? $"{id}: {all}" : null;

    private async Task<Dictionary<string, List<string>>> AskAsync(IEnumerable<string> options, TimeZoneInfo zone)
    {
        var environment = new Dictionary<string, string?>
        {
            ["RESTIC_REPOSITORY"] = _folder["repository"], ["RESTIC_PASSWORD"] = Password, ["TZ"] = zone.Id,
        };
        string[] forget = ["--no-cache", "--json", "forget", "--dry-run", "--group-by", "host", .. options];
        var answer = (await Command.RunAsync(_restic.Path, forget, environment)).Succeeded().Output;
        var kept = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var group in JsonDocument.Parse(answer.Split('\n')[0]).RootElement.EnumerateArray())
        {
            var ids = group.GetProperty("keep").EnumerateArray().Select(point => point.GetProperty("id").GetString()!);
            var lines = ids.Zip(group.GetProperty("reasons").EnumerateArray().Select(Matches), Line);
            kept.Add(group.GetProperty("host").GetString()!, [.. lines.OfType<string>().Order(StringComparer.Ordinal)]);
        }
        return kept;
    }

    private static IEnumerable<string?> Matches(JsonElement reason) =>
        reason.GetProperty("matches").EnumerateArray().Select(match => match.GetString());

    private static async Task<IReadOnlyList<Snapshot>> StoreAsync(
        Repository repository, string host, IEnumerable<Timestamp> times)
    {
        await using var writer = await repository.BeginSnapshotAsync(cancellation: Now);
        var draft = await writer.SealAsync(new SnapshotHeader { Paths = ["/"], Hostname = host }, Now);
        var stored = new List<Snapshot>();
        foreach (var time in times) stored.Add(await writer.CommitAsync(draft with { Time = time }, Now));
        return stored;
    }

    /// <summary>Up to 40 instants; half of the histories end within two weeks of a change of the zone's clocks.</summary>
    private static List<Timestamp> DrawTimes(Random random, TimeZoneInfo zone)
    {
        var first = new DateTimeOffset(2014, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
        var seconds = first + random.NextInt64(10L * 365 * 86_400);
        if (random.Next(2) == 0) seconds = NextChange(seconds, zone) + random.NextInt64(-14 * 86_400, 14 * 86_400);
        var times = new List<Timestamp>();
        var longest = Math.Pow(10, 3 + (4 * random.NextDouble()));
        for (var left = random.Next(1, 40); left > 0; left--)
        {
            times.Add(In(new Timestamp(seconds, random.Next(2) * random.Next(1_000_000_000), 0), random, zone));
            seconds -= 1 + (long)(longest * random.NextDouble());
        }
        return times;
    }

    private static Timestamp In(Timestamp time, Random random, TimeZoneInfo zone) => random.Next(10) switch
    {
        0 => time,
        1 => time with { OffsetMinutes = (short)(30 * random.Next(-22, 28)) },
        _ => time.In(zone),
    };

    private static long NextChange(long seconds, TimeZoneInfo zone)
    {
        for (var day = 0; day < 400; day++, seconds += 86_400)
            if (OffsetAt(seconds, zone) != OffsetAt(seconds + 86_400, zone)) return seconds;
        return seconds;
    }

    private static int OffsetAt(long seconds, TimeZoneInfo zone) => new Timestamp(seconds, 0, 0).In(zone).OffsetMinutes;

    private static (KeepRules Rules, List<string> Options) DrawRules(Random random)
    {
        var options = new List<string>();
        var rules = new KeepRules
        {
            Last = Count("last"), Hourly = Count("hourly"), Daily = Count("daily"),
            Weekly = Count("weekly"), Monthly = Count("monthly"), Yearly = Count("yearly"),
            Within = Span("within"), WithinHourly = Span("within-hourly"),
            WithinDaily = Span("within-daily"), WithinWeekly = Span("within-weekly"),
            WithinMonthly = Span("within-monthly"), WithinYearly = Span("within-yearly"),
        };
        return options.Count > 0 ? (rules, options) : DrawRules(random);

        int Count(string name)
        {
            if (random.Next(4) != 0) return 0;
            var count = random.Next(1, 12);
            options.AddRange([$"--keep-{name}", count.ToString(CultureInfo.InvariantCulture)]);
            return count;
        }

        CalendarSpan Span(string name)
        {
            var span = new CalendarSpan(Part(8, 2), Part(3, 14), Part(2, 40), Part(3, 60));
            if (random.Next(4) != 0 || span.IsZero) return default;
            options.AddRange([$"--keep-{name}", span.ToString()]);
            return span;
        }

        int Part(int oneIn, int below) => random.Next(oneIn) == 0 ? random.Next(below) : 0;
    }

    private static string Describe(string scene, IEnumerable<string> ours, IEnumerable<string> theirs) =>
        $"{scene}\nours:\n{string.Join('\n', ours)}\nrestic's:\n{string.Join('\n', theirs)}";
}
