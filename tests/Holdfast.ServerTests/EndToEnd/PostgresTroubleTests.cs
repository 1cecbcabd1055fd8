using Holdfast.Engine.Problems;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.EndToEnd;

/// <summary>What can be wrong with PostgreSQL when a backup begins: no point is made, the last one stays good.</summary>
public sealed class PostgresTroubleTests
{
    private const string Secret = "a password of PostgreSQL";

    [Fact]
    public async Task A_database_goes_round_in_a_point_with_files()
    {
        await using var server = await StartAsync();
        using var scene = await SceneAsync(server);

        (await scene.RunAsync("backup")).Succeeded();
        await server.ExecuteAsync("postgres", "DROP DATABASE shop");
        (await scene.RunAsync("restore", "--only", "postgres", "--yes")).Succeeded();

        Assert.Equal("500000500000", await server.QueryAsync("shop", "SELECT sum(id) FROM orders"));
        await scene.CheckAsync();
    }

    [Fact]
    public async Task A_server_that_is_down_is_told_and_the_next_backup_ends_well()
    {
        await using var server = await StartAsync();
        using var scene = await SceneAsync(server);
        await server.StopServerAsync();

        await scene.FailsAsync(Catalogue.PostgresUnreachable, "backup");

        await AfterwardsAsync(scene, server.StartServerAsync);
    }

    [Fact]
    public async Task A_wrong_password_is_told_and_the_next_backup_ends_well()
    {
        await using var server = await StartAsync();
        using var scene = await SceneAsync(server);
        await File.WriteAllTextAsync(scene["postgres-password"], "wrong", TestContext.Current.CancellationToken);

        var result = await scene.FailsAsync(Catalogue.PostgresAuthentication, "backup");

        Assert.DoesNotContain("wrong\"", result.Errors, StringComparison.Ordinal);
        await AfterwardsAsync(scene, () => File.WriteAllTextAsync(scene["postgres-password"], Secret));
    }

    [Fact]
    public async Task A_database_that_does_not_exist_is_told_by_its_name()
    {
        await using var server = await StartAsync();
        using var scene = await SceneAsync(server, databases: "[shop, shoop]");

        var result = await scene.FailsAsync(Catalogue.PostgresDatabaseMissing, "backup");

        Assert.Contains("shoop", result.Errors, StringComparison.Ordinal);
        await AfterwardsAsync(scene, () => server.ExecuteAsync("postgres", "CREATE DATABASE shoop"));
    }

    [Fact]
    public async Task A_server_that_dies_in_the_middle_of_a_dump_leaves_no_point_and_the_next_backup_ends_well()
    {
        await using var server = await StartAsync();
        using var scene = await SceneAsync(server);
        await server.ExecuteAsync("shop", "INSERT INTO orders SELECT i, repeat(md5(i::text), 8) FROM generate_series(1000001, 2000000) i");
        var backup = scene.RunAsync("backup");
        await UntilDumpingAsync(server, backup);

        await server.StopServerAsync("immediate");

        var result = await backup;
        Assert.NotEqual(0, result.ExitCode);
        Assert.Matches(@"\[HF-PG-[A-Z]+\]\n +hint: ", result.Errors);
        await AfterwardsAsync(scene, server.StartServerAsync);
    }

    private static Task<PostgresServer> StartAsync() => PostgresServer.StartAsync(new PostgresServerOptions { Password = Secret });

    private static async Task<Scene> SceneAsync(PostgresServer server, string databases = "all")
    {
        await server.ExecuteAsync("postgres", "CREATE DATABASE shop");
        await server.ExecuteAsync("shop", "CREATE TABLE orders (id bigint PRIMARY KEY, note text); INSERT INTO orders SELECT i, 'order ' || i FROM generate_series(1, 1000000) i");
        var scene = new Scene();
        await File.WriteAllTextAsync(scene["postgres-password"], Secret);
        File.SetUnixFileMode(scene["postgres-password"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await scene.FillAsync(mebibytes: 1);
        scene.WriteProfile("scene", $$"""
            files:
              groups:
                source: ["{{scene.Source}}"]
            postgres:
              - name: main
                databases: {{databases}}
                connection:
                  host: {{server.Folder}}
                  port: {{server.Port}}
                  password: { file: {{scene["postgres-password"]}} }
            """);
        await scene.MakeRepositoryAsync();
        return scene;
    }

    /// <summary>No point was made, and once the trouble is over the backup ends well.</summary>
    private static async Task AfterwardsAsync(Scene scene, Func<Task> putRight)
    {
        Assert.Equal(0, await scene.CountPointsAsync());
        await putRight();
        (await scene.RunAsync("backup")).Succeeded();
        Assert.Equal(1, await scene.CountPointsAsync());
        await scene.CheckAsync();
    }

    private static Task UntilDumpingAsync(PostgresServer server, Task backup) => Eventually.HoldsAsync("the shop is being dumped", async () =>
        backup.IsCompleted || await server.QueryAsync("postgres", "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND query LIKE 'COPY %' AND state = 'active'") != "0");
}
