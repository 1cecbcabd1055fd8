using Holdfast.Cli.Setup;
using Holdfast.Engine.Profiles;
using Xunit;

namespace Holdfast.Tests.Cli;

public sealed class ProfileDraftTests
{
    private static readonly FoundCluster Main = new("/var/lib/pgsql/data", "/run/postgresql", 5432, "postgres", "postgresql.service");

    public static TheoryData<string> Machines => ["empty", "full", "several", "odd"];

    [Theory]
    [MemberData(nameof(Machines))]
    public void Whatever_was_found_the_profile_has_no_mistake(string machine)
    {
        var text = new ProfileDraft(Find(machine)).Write("name", "host");
        Assert.Empty(ProfileReader.FindMistakes(text));
    }

    [Fact]
    public void Clusters_queues_and_units_stand_where_a_backup_looks_for_them()
    {
        var profile = ProfileReader.Parse(new ProfileDraft(Find("full")).Write("shop", "host"), "/profile.yaml");
        var components = profile.Root["components"];
        Assert.Equal("postgres", components["postgres"].Items.Single()["connection"]["system-user"].Text);
        var broker = components["queues"].Items.Single();
        Assert.Equal("1", broker["connection"]["database"].Text);
        Assert.Equal(["mails", "orders"], broker["queues"].Items.Select(queue => queue.Text));
        Assert.Equal(["front", "workers", "stores"], profile.Root["services"].Items.Select(group => group["name"].Text));
    }

    [Fact]
    public void What_could_not_be_asked_is_a_comment_with_its_reason()
    {
        var text = new ProfileDraft(Find("odd")).Write("odd", "host");
        Assert.Contains("# A Redis that could not be asked for Celery's queues (WRONGPASS of Redis).", text.Replace(" To capture keys of it:", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_found_and_is_left_out_is_a_comment_in_one_line()
    {
        var text = new ProfileDraft(Find("odd")).Write("odd", "host");
        Assert.Contains("#   - MySQL or MariaDB (mysqld, process 7): Holdfast does not capture it platform: x.\n", text, StringComparison.Ordinal);
    }

    private static FoundPlatform Find(string machine) => machine switch
    {
        "full" => new FoundPlatform
        {
            Front = ["nginx.service", "shop-report.timer"],
            Workers = ["shop-worker@*.service"],
            Stores = ["postgresql.service"],
            LeftOut = ["a.service", "b.service", "c.service", "d.service", "e.service"],
            Clusters = [Main],
            Brokers = [new FoundBroker("{ socket: /run/redis.sock, password: { command: [/usr/bin/sed, -n, \"s/{x}/\"] } }", [(1, ["mails", "orders"])], Trouble: null)],
            Engines = [new FoundEngine("opensearch", "http://127.0.0.1:9200", "/etc/opensearch/opensearch.yml", "/var/snapshots", "opensearch.service")],
            Files = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { ["units"] = ["/etc/systemd/system/shop-worker@.service"] },
        },
        "several" => new FoundPlatform
        {
            Clusters = [Main, Main with { Port = 5433, Socket = "127.0.0.1" }],
            Brokers = [new FoundBroker("{ host: 127.0.0.1, port: 6379 }", [(0, ["celery"]), (3, ["other queue", "odd\u0001"])], Trouble: null), new FoundBroker("{ host: 127.0.0.1, port: 6380 }", [], Trouble: null)],
            Engines = [new FoundEngine("elasticsearch", "http://127.0.0.1:9200", null, null, null), new FoundEngine("opensearch", "http://127.0.0.1:9201", null, "/s", null)],
        },
        "odd" => new FoundPlatform
        {
            Others = [new FoundOther("MySQL or MariaDB (mysqld, process 7)", "Holdfast does not capture it\nplatform: x")],
            Brokers = [new FoundBroker("{ host: 127.0.0.1, port: 6379 }", [], "WRONGPASS\nof Redis.")],
            Engines = [new FoundEngine("elasticsearch", "http://127.0.0.1:9200", null, null, null)],
            Files = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { ["application"] = ["/opt/a folder: # {odd} \"name\"", "/opt/ü"] },
        },
        _ => new FoundPlatform(),
    };
}
