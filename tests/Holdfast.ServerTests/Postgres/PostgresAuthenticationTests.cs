using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.ServerTests.Runs;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

public sealed class PostgresAuthenticationTests
{
    [Fact]
    public async Task A_password_opens_connections_and_programs_and_a_wrong_one_is_told()
    {
        await using var rig = await Rig.MakeAsync();
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Password = "pass 'word" });
        await server.ExecuteAsync("postgres", "CREATE TABLE t AS SELECT 1 AS a;");
        var node = Profile("password: { env: UNUSED }");
        Cluster With(string password) => new(server, rig, new PostgresSettings { Password = node }) { Secrets = new FixedSecret(password) };

        var taken = await With("pass 'word").CaptureAsync();
        Assert.Equal(1, taken.Record.Counts["rows"]);
        var problem = (await Assert.ThrowsAsync<ProblemException>(() => With("wrong").CaptureAsync())).Problem;
        Assert.Equal("HF-PG-AUTH", problem.Code);
        Assert.DoesNotContain("wrong", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Root_connects_as_the_system_user_that_a_peer_socket_wants()
    {
        Require.Root();
        await using var rig = await Rig.MakeAsync();
        await using var server = await PostgresServer.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(server.Data, "pg_hba.conf"), "local all all peer\n", TestContext.Current.CancellationToken);
        await Command.RunAsync("runuser", ["-u", "postgres", "--", server.Program("pg_ctl"), "-D", server.Data, "reload"]);
        var refused = new Cluster(server, rig);
        Assert.Equal("HF-PG-AUTH", (await Assert.ThrowsAsync<ProblemException>(() => refused.CaptureAsync())).Problem.Code);

        var cluster = new Cluster(server, rig, new PostgresSettings { SystemUser = "postgres" });
        Assert.Equal(1, (await cluster.CaptureAsync()).Record.Counts["databases"]);
        Assert.Equal("root", Environment.UserName);
    }

    private static ProfileNode Profile(string text) => new ScalarNode(text);

    /// <summary>A reference that nobody follows: the secret reader of the test knows the answer.</summary>
    private sealed class ScalarNode(string text) : ProfileNode
    {
        public override ProfilePlace Place => new(1, 1);
        public override ProfileNode this[string key] => throw new KeyNotFoundException(key);
        public override IReadOnlyList<string> Keys => [];
        public override IReadOnlyList<ProfileNode> Items => [];
        public override bool IsScalar => true;
        public override bool IsMapping => false;
        public override string Text => text;
        public override int Integer => 0;
        public override bool Boolean => false;
        public override bool Has(string key) => false;
        public override System.Text.Json.Nodes.JsonNode? ToJson() => Text;
    }
}
