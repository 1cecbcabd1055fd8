using System.Net;
using System.Net.Sockets;
using Holdfast.Cli.Setup;
using Holdfast.Components.Systemd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Cli;

/// <summary>What setup says of a machine's parts that are not in the profile.</summary>
public sealed class LeftOutSearchTests : IDisposable
{
    private readonly TempFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task A_cluster_that_is_down_is_named_beside_the_one_that_runs()
    {
        _root.Write("var/lib/postgresql/13/main/PG_VERSION", "13");
        _root.Write("var/lib/postgresql/15/main/PG_VERSION", "15");
        _root.Write("var/lib/pgsql/data/PG_VERSION", "13");
        var running = new FoundCluster(_root["var/lib/postgresql/15/main"], "/run/postgresql", 5432, "postgres", "postgresql@15-main.service");
        var found = await FindAsync(new FoundPlatform { Clusters = [running] });
        Assert.Equal(
            [$"a PostgreSQL cluster in {_root["var/lib/postgresql/13/main"]}", $"a PostgreSQL cluster in {_root["var/lib/pgsql/data"]}"],
            found.Others.Select(other => other.What));
        Assert.DoesNotContain("a running PostgreSQL cluster", found.NotFound);
    }

    [Theory]
    [InlineData("/usr/sbin/mysqld", "", "MySQL or MariaDB (mysqld, process 7)")]
    [InlineData("/usr/sbin/mariadbd", "", "MySQL or MariaDB (mariadbd, process 7)")]
    [InlineData("/usr/bin/mongod", "", "MongoDB (mongod, process 7)")]
    [InlineData("/usr/lib/erlang/bin/beam.smp", "-boot /usr/lib/rabbitmq/start_sasl", "RabbitMQ (beam.smp, process 7)")]
    [InlineData("/usr/lib/erlang/bin/beam.smp", "-boot ejabberd", null)]
    [InlineData("/usr/bin/redis-server", "", "a Redis server (redis-server, process 7)")]
    public async Task What_runs_and_is_not_captured_is_named(string program, string words, string? what)
    {
        var found = await FindAsync(new FoundPlatform(), processes: [Process(7, 1, program, words), Process(8, 7, program, words)]);
        Assert.Equal(what is null ? [] : [what], found.Others.Select(other => other.What));
    }

    [Fact]
    public async Task Servers_that_no_unit_runs_are_one_line()
    {
        var processes = new[] { Process(7, 1, "/usr/bin/redis-server", ""), Process(8, 1, "/usr/bin/redis-server", ""), Process(9, 1, "/usr/bin/mongod", "") };
        var found = await FindAsync(new FoundPlatform(), processes: processes);
        Assert.Equal(["MongoDB (mongod, process 9)", "a Redis server (redis-server, process 7), a Redis server (redis-server, process 8)"], found.Others.Select(other => other.What));
        Assert.EndsWith("add them to the profile when they belong to the platform", found.Others[1].Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_unit_runs_is_not_said_to_run_without_one()
    {
        var process = Process(7, 1, "/usr/bin/redis-server", "");
        var unit = new RunningUnit { Name = "redis.service", File = "/usr/lib/systemd/system/redis.service", Process = process };
        Assert.Empty((await FindAsync(new FoundPlatform(), [unit], [process])).Others);
    }

    [Fact]
    public async Task A_service_whose_files_cannot_be_read_is_named()
    {
        var process = Process(7, 1, "/usr/bin/redis-server", "");
        var unit = new RunningUnit { Name = "redis.service", File = "/usr/lib/systemd/system/redis.service", Process = process, Command = ["redis-server", _root["gone.conf"]] };
        var other = Assert.Single((await FindAsync(new FoundPlatform(), [unit], [process])).Others);
        Assert.Equal($"what {_root["gone.conf"]} says", other.What);
        Assert.Contains("could not be read", other.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redis_without_queues_and_engines_that_do_not_answer_are_named_with_the_reason()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        var found = await FindAsync(new FoundPlatform
        {
            Brokers = [new FoundBroker("{ port: 1 }", [], Trouble: null) { Place = "of redis.service" }, new FoundBroker("{ port: 2 }", [], "WRONGPASS.") { Place = "of cache.service" }],
            Engines = [new FoundEngine("opensearch", $"http://127.0.0.1:{port}", null, "/s", null)],
        });
        Assert.Equal(["the Redis of redis.service", "the Redis of cache.service", $"the search engine opensearch at http://127.0.0.1:{port}"], found.Others.Select(other => other.What));
        Assert.StartsWith("it has no queues of Celery", found.Others[0].Why, StringComparison.Ordinal);
        Assert.StartsWith("it could not be asked (WRONGPASS)", found.Others[1].Why, StringComparison.Ordinal);
        Assert.StartsWith("nothing answers there (", found.Others[2].Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_looked_for_and_not_found_is_named()
    {
        var found = await FindAsync(new FoundPlatform());
        Assert.Empty(found.Others);
        Assert.Equal("a running PostgreSQL cluster, a Redis server, Celery's workers, Elasticsearch or OpenSearch, nginx", string.Join(", ", found.NotFound.Take(5)));
    }

    private Task<FoundPlatform> FindAsync(FoundPlatform found, IReadOnlyList<RunningUnit>? units = null, IReadOnlyList<ProcessEntry>? processes = null) =>
        new LeftOutSearch(_root.Path).CompleteAsync(found, units ?? [], processes ?? [], TestContext.Current.CancellationToken);

    private static ProcessEntry Process(int id, int parent, string program, string words) => new()
    {
        Id = id, Parent = parent, User = 0, Started = 0, Program = program, Arguments = [program, .. words.Split(' ')], ControlGroup = "/",
    };
}
