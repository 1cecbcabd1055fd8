using Holdfast.ServerTests.EndToEnd;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Documentation;

/// <summary>
/// The commands of the README, as they stand there and as root. They run in a mount namespace in which everything that they write to
/// lies on a layer of its own, so that this machine's /etc, /usr/local, /var and sources stay as they are. The binary of the first command
/// is the one that <c>./test</c> has published by the same command; <c>./test long</c> runs that command once more.
/// </summary>
public sealed class RootReadmeTests
{
    /// <summary>$1: the sources. $2 and $3: the sockets of a PostgreSQL server and of a Redis server, which are put where the sample profile expects them. $4: the published binary.</summary>
    private const string Layers = """
        mount -t tmpfs none /mnt
        cp "$4" /mnt/holdfast
        layer() {
          mkdir -p "/mnt/layers/$1/upper" "/mnt/layers/$1/work"
          mount -t overlay -o "lowerdir=$1,upperdir=/mnt/layers/$1/upper,workdir=/mnt/layers/$1/work" none "$2"
        }
        for place in /etc /usr/bin /var /opt; do layer "$place" "$place"; done
        mkdir /mnt/socket /mnt/redis /mnt/sources
        mount --bind "${2%/*}" /mnt/socket
        mount --bind "${3%/*}" /mnt/redis
        layer "$1" /mnt/sources
        # The sources may lie below /tmp.
        mount -t tmpfs -o mode=1777 none /tmp
        mkdir -p "$1"
        mount --move /mnt/sources "$1"
        mount -t tmpfs none /run
        mkdir /run/postgresql /run/shop-redis
        ln -s "/mnt/socket/${2##*/}" /run/postgresql/.s.PGSQL.5432
        ln -s "/mnt/redis/${3##*/}" /run/shop-redis/redis.sock
        # systemd does not answer in here; a profile says whether a point is then taken all the same.
        sed -i 's/^quiesce:$/quiesce:\n  when-late: online/' "$1/profiles/sample.yaml"
        rm -rf /etc/holdfast /var/backups/holdfast /var/lib/holdfast /usr/bin/holdfast
        """;

    /// <summary>The platform that the sample profile describes; the passwords of its stores are the one thing the README does not say.</summary>
    private const string Platform = """
        mkdir -p /etc/nginx /etc/shop/cache /opt/shop/releases/1
        echo 'events {}' >/etc/nginx/nginx.conf
        echo SHOP_ENV=production >/etc/default/shop
        echo '[Service]' >/etc/systemd/system/shop-web.service
        echo secret >/etc/shop/shop.ini; chmod 600 /etc/shop/shop.ini
        echo v1 >/opt/shop/releases/1/app; ln -sfn releases/1 /opt/shop/current
        install -d -m 700 /etc/holdfast
        printf 'the postgres password\n' >/etc/holdfast/postgres-password; chmod 600 /etc/holdfast/postgres-password
        printf 'the redis password\n' >/etc/holdfast/redis-password; chmod 600 /etc/holdfast/redis-password
        """;

    private const string Proof = """
        for file in /etc/nginx/nginx.conf /etc/shop/shop.ini /etc/default/shop /opt/shop/releases/1/app; do cmp "$file" "/tmp/look$file"; done
        [ "$(stat -c '%a %U' /tmp/look/etc/shop/shop.ini)" = '600 root' ]
        [ "$(readlink /tmp/look/opt/shop/current)" = releases/1 ]
        grep -rl 'row of the shop' /tmp/look/postgres >/dev/null
        grep -l 'an order of the shop' /tmp/look/queues/broker/orders.jsonl >/dev/null
        "$1" --no-cache -r /var/backups/holdfast --password-file /etc/holdfast/password check --read-data
        """;

    [Fact]
    public async Task Five_minutes_lead_to_a_real_recovery_point()
    {
        using var space = await MountSpace.MakeAsync();
        var restic = ResticBinary.Find();
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Password = "the postgres password" });
        await server.ExecuteAsync("postgres", "CREATE DATABASE shop");
        await server.ExecuteAsync("shop", "CREATE TABLE t (x text); INSERT INTO t VALUES ('row of the shop')");
        await using var redis = await RedisServer.StartAsync();
        await redis.CallAsync("-n", "1", "LPUSH", "orders", "an order of the shop");
        await redis.CallAsync("CONFIG", "SET", "requirepass", "the redis password");
        await RunAsync(space, Layers, SourceTree.Root, $"{server.Folder}/.s.PGSQL.{server.Port}", redis.Socket, HoldfastBinary.Find());
        await RunAsync(space, Platform);

        var told = await RunAsync(space, $"cd \"$1\"\n{(Sample.IsLong ? Commands : Commands.Replace(Publish, Published, StringComparison.Ordinal))}", SourceTree.Root);

        Assert.Contains("is complete", told.Output, StringComparison.Ordinal);
        await RunAsync(space, Proof, restic.Path);
        Assert.False(Directory.Exists("/tmp/look"), "A layer leaks.");
    }

    [Fact]
    public void The_binary_that_is_tested_is_published_by_the_command_of_the_README()
    {
        var line = Assert.Single(File.ReadAllLines(SourceTree.PathOf("test")),
            line => line.TrimStart().StartsWith("dotnet publish ", StringComparison.Ordinal) && line.Contains("linux-x64", StringComparison.Ordinal));
        Assert.Empty(Publish.Split(' ').Except(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal));
    }

    /// <summary>What the first command would leave, from the binary that is there.</summary>
    private const string Published = "rm -rf artifacts/holdfast; mkdir -p artifacts/holdfast; cp /mnt/holdfast artifacts/holdfast/";

    /// <summary>The first command, without its comment.</summary>
    private static string Publish => Commands[..Commands.IndexOf('#', StringComparison.Ordinal)].TrimEnd();

    /// <summary>The block of commands that begins with the binary's making.</summary>
    private static string Commands =>
        Assert.Single(CodeBlocks.Of(File.ReadAllText(SourceTree.PathOf("README.md")), ""), block => block.StartsWith("dotnet publish ", StringComparison.Ordinal));

    private static async Task<CommandResult> RunAsync(MountSpace space, string script, params string[] arguments)
    {
        // A build server would outlive the test, and one that runs already is outside of the name space.
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["MSBUILDDISABLENODEREUSE"] = "1",
            ["UseSharedCompilation"] = "false",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["HOLDFAST_STATE"] = null,
            ["HOLDFAST_PROFILE"] = null,
            ["HOLDFAST_REPOSITORY"] = null,
            ["HOLDFAST_PASSWORD_FILE"] = null,
        };
        string[] line = [.. space.Prefix, "bash", "-euo", "pipefail", "-c", script, "bash", .. arguments];
        return (await Command.RunAsync(line[0], line[1..], environment, TimeSpan.FromMinutes(20))).Succeeded();
    }
}
