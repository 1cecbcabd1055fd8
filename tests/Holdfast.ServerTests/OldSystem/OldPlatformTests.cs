using System.Text.Json.Nodes;
using Holdfast.ServerTests.Systemd;
using Xunit;

namespace Holdfast.ServerTests.OldSystem;

/// <summary>
/// A platform under the systemd of Debian 11 (247), with its own PostgreSQL and Redis and their units: a shop that writes orders into a
/// database and a task for each into a list, and a worker that does them. Outside of a window an order is done or its task waits, never both.
/// </summary>
public sealed class OldPlatformTests
{
    private const string Profile = """
        platform: old
        repository:
          path: /var/backups/repository
          password: { file: /etc/holdfast/password }
        components:
          files:
            groups: { shop: [/opt/shop, /etc/systemd/system/shop-*] }
          postgres:
            - { name: main, method: dump, databases: [shop], connection: { host: /var/run/postgresql, user: postgres } }
          queues:
            - { name: main, connection: { socket: /run/redis/redis.sock }, lists: [{ name: tasks, drain: false }, { name: taken, drain: false }] }
        services:
          - { name: web, units: [shop-web.service] }
          - { name: workers, units: [shop-worker.service], after-drain: true }
          - { name: stores, units: [postgresql@13-main.service, redis-server.service], store: true }
        """;

    private const string Web = """
        #!/bin/bash
        trap 'ended=1' TERM
        while [ -z "$ended" ]; do
          order=$(psql -qXAt -U postgres -d shop -c 'INSERT INTO orders DEFAULT VALUES RETURNING id')
          redis-cli -s /run/redis/redis.sock LPUSH tasks "$order"
          sleep 0.02
        done
        """;

    /// <summary>It does fewer tasks than the shop makes, so that some wait at each instant.</summary>
    private const string Worker = """
        #!/bin/bash
        trap 'ended=1' TERM
        while [ -z "$ended" ]; do
          order=$(redis-cli -s /run/redis/redis.sock RPOPLPUSH tasks taken)
          [ -z "$order" ] || psql -qX -U postgres -d shop -c "UPDATE orders SET done = done + 1 WHERE id = $order"
          [ -z "$order" ] || redis-cli -s /run/redis/redis.sock LREM taken 1 "$order"
          sleep 0.1
        done
        """;

    private const string Service = "[Service]\nEnvironment=PATH=/usr/lib/postgresql/13/bin:/usr/bin:/bin\nStandardOutput=null\nKillMode=mixed\n";

    /// <summary>root is postgres here, as a profile without a password wants it.</summary>
    private const string Stores = """
        sed -i 's/^local *all *postgres *peer$/& map=shop/' /etc/postgresql/13/main/pg_hba.conf
        printf 'shop root postgres\nshop postgres postgres\n' >> /etc/postgresql/13/main/pg_ident.conf
        # The package takes another port when 5432 was in use on the machine on which the root was made.
        printf 'listen_addresses = %s\nport = 5432\nfsync = off\n' "''" >> /etc/postgresql/13/main/postgresql.conf
        printf 'port 0\nunixsocket /run/redis/redis.sock\nsave ""\n' >> /etc/redis/redis.conf
        systemctl start postgresql@13-main.service redis-server.service
        psql -qX -U postgres -c 'CREATE DATABASE shop'
        psql -qX -U postgres -d shop -c 'CREATE TABLE orders (id serial PRIMARY KEY, done int NOT NULL DEFAULT 0)'
        chmod 755 /opt/shop/*
        umask 077; echo secret > /etc/holdfast/password
        """;

    /// <summary>Fails unless some orders are done, some are open, and the tasks are those of the open ones.</summary>
    private const string Compare = """
        psql -qXAt -U postgres -d shop -c 'SELECT id FROM orders WHERE done = 0 ORDER BY id DESC' > /tmp/open
        redis-cli -s /run/redis/redis.sock LRANGE tasks 0 -1 > /tmp/tasks
        diff /tmp/open /tmp/tasks
        [ -s /tmp/open ]
        [ "$(redis-cli -s /run/redis/redis.sock LLEN taken)" = 0 ]
        [ "$(psql -qXAt -U postgres -d shop -c 'SELECT min(done) || max(done)::text FROM orders')" = 01 ]
        """;

    private static readonly string[] Units = ["shop-web.service", "shop-worker.service"];
    private static readonly string[] StoreUnits = ["postgresql@13-main.service", "redis-server.service"];

    [Fact]
    public async Task On_Debian_11_a_quiesced_backup_succeeds_and_a_killed_one_is_recovered_and_the_point_restores()
    {
        await using var scene = await BeginAsync();
        var before = await scene.ShowAsync("InvocationID", [.. Units, .. StoreUnits]);

        var backup = (await scene.HoldfastAsync("backup", "--json")).Succeeded();

        await scene.AllAreAsync("active", [.. Units, .. StoreUnits]);
        var after = await scene.ShowAsync("InvocationID", [.. Units, .. StoreUnits]);
        Assert.Equal([true, true, false, false], before.Zip(after, (one, other) => one != other));
        var summary = JsonNode.Parse(backup.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
        Assert.Equal("quiesced", (string?)summary["mode"]);
        // The worker needs a second to stop.
        Assert.InRange((double)summary["window_seconds"]!, 1, 600);

        await scene.Box.BashAsync($"""
            {PlatformScene.Binary} backup > /tmp/killed 2>&1 & pid=$!
            until [ "$(systemctl is-active shop-web.service)" = inactive ]; do [ -e /proc/$pid ]; sleep 0.02; done
            kill -9 $pid
            """);
        await scene.AllAreAsync("inactive", "shop-web.service");
        (await scene.HoldfastAsync("recover")).Succeeded();
        await scene.AllAreAsync("active", [.. Units, .. StoreUnits]);

        (await scene.HoldfastAsync("platform", "stop")).Succeeded();
        await scene.Box.BashAsync($"""
            {Compare}
            cp -a /opt/shop /tmp/shop
            rm -r /opt/shop /etc/systemd/system/shop-*
            psql -qX -U postgres -c 'DROP DATABASE shop'
            redis-cli -s /run/redis/redis.sock FLUSHALL
            """);
        (await scene.HoldfastAsync("restore", "--overwrite", "--yes")).Succeeded();
        await scene.Box.BashAsync($"{Compare}\ndiff -r /tmp/shop /opt/shop");
        (await scene.HoldfastAsync("platform", "start")).Succeeded();
        await scene.AllAreAsync("active", Units);
    }

    /// <summary>The platform, its repository made, while orders come in and tasks wait.</summary>
    internal static async Task<PlatformScene> BeginAsync()
    {
        var scene = await PlatformScene.BeginOverAsync(await OldRoot.FindAsync());
        Assert.StartsWith("systemd 247 ", await scene.Box.BashAsync("systemctl --version"), StringComparison.Ordinal);
        await scene.WriteAsync("/etc/holdfast/profile.yaml", Profile);
        await scene.WriteAsync("/opt/shop/web", Web);
        await scene.WriteAsync("/opt/shop/worker", Worker);
        await scene.WriteUnitsAsync(
            ("shop-web.service", Service + "ExecStart=/opt/shop/web\n"),
            ("shop-worker.service", Service + "ExecStart=/opt/shop/worker\nExecStopPost=/bin/sleep 1\n"));
        await scene.Box.BashAsync(Stores);
        (await scene.HoldfastAsync("init")).Succeeded();
        await scene.StartAsync(Units);
        await scene.Box.HoldsAsync("twenty tasks wait", "[ \"$(redis-cli -s /run/redis/redis.sock LLEN tasks)\" -ge 20 ]");
        return scene;
    }
}
