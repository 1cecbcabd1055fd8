using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.OldSystem;

/// <summary>The published binary on a system that is older than the one it was made on.</summary>
public sealed class OldSystemTests
{
    /// <summary>A platform of files, a database and queues.</summary>
    private const string Platform = """
        mkdir -m 700 /srv/holdfast && (umask 077; openssl rand -hex 16 > /srv/holdfast/password)
        cat > /srv/holdfast/profile.yaml <<'END'
        platform: old
        repository: { path: /srv/shared/repository, password: { file: /srv/holdfast/password } }
        components:
          files:
            groups: { all: [/srv/shop] }
          postgres:
            - { name: main, method: dump, databases: all, connection: { host: /run/postgresql, user: postgres } }
          queues:
            - { name: broker, connection: { socket: /run/redis.sock }, queues: [orders] }
        END
        export HOLDFAST_PROFILE=/srv/holdfast/profile.yaml
        cp /srv/holdfast/password /srv/shared/password

        chown postgres: /run/postgresql
        make_servers() {
          install -d -m 700 -o postgres /srv/data
          runuser -u postgres -- initdb -D /srv/data -A peer --locale=C.UTF-8 --no-sync >/dev/null
          # root is postgres here, as a profile without a password wants it.
          printf 'all root postgres\nall postgres postgres\n' > /srv/data/pg_ident.conf
          echo 'local all all peer map=all' > /srv/data/pg_hba.conf
          runuser -u postgres -- pg_ctl -D /srv/data -l /tmp/postgres.log -o "-k /run/postgresql -c listen_addresses= -c fsync=off" -w start >/dev/null
          redis-server --port 0 --unixsocket /run/redis.sock --save '' --daemonize yes --dir /tmp --pidfile /run/redis.pid >/dev/null
          until [ "$(redis-cli -s /run/redis.sock PING 2>/dev/null)" = PONG ]; do sleep 0.05; done
        }
        picture() {
          (cd /srv/shop && find . -printf '%P %y %m %U:%G %T+ %l\n' | sort && stat -c '%n %t:%T' * && find . -type f -print0 | sort -z | xargs -0 sha256sum) > "/tmp/$1.files"
          pg_dumpall -h /run/postgresql -U postgres > "/tmp/$1.sql"
          redis-cli -s /run/redis.sock LRANGE orders 0 -1 > "/tmp/$1.queues"
        }
        make_servers
        mkdir -p /srv/shop/etc && seq 100000 > /srv/shop/etc/numbers && ln -s numbers /srv/shop/etc/link && head -c 3M /dev/urandom > /srv/shop/random && chown 1234:4321 /srv/shop/random
        mkfifo /srv/shop/fifo && mknod /srv/shop/null c 1 3
        psql -q -h /run/postgresql -U postgres -c "CREATE ROLE owner; CREATE TABLE orders AS SELECT i, md5(i::text) FROM generate_series(1, 20000) i; ALTER TABLE orders OWNER TO owner"
        for i in $(seq 200); do echo "LPUSH orders '{\"body\": \"$i\", \"headers\": {\"id\": \"$i\", \"task\": \"t\"}, \"properties\": {\"delivery_tag\": \"$i\"}}'"; done | redis-cli -s /run/redis.sock >/dev/null

        """;

    /// <summary>A recovery point of it, and the platform once more from that.</summary>
    private const string Circle = Platform + """
        holdfast init
        picture before
        holdfast backup --mode online
        holdfast repo check --read-data
        rm -rf /srv/shop
        runuser -u postgres -- pg_ctl -D /srv/data -m fast -w stop >/dev/null
        redis-cli -s /run/redis.sock SHUTDOWN NOSAVE || true
        rm -rf /srv/data
        make_servers
        holdfast restore --overwrite --yes
        picture after
        for kind in files sql queues; do [ -s "/tmp/before.$kind" ]; diff "/tmp/before.$kind" "/tmp/after.$kind"; done
        openssl version

        """;

    [Fact]
    public Task Files_a_database_and_queues_come_back_on_Debian_11_and_restic_reads_the_repository() => ComeBackAsync(OldRoot.RunAsync, Circle);

    [Fact(Explicit = true), Trait("runs", "long")]
    public Task The_program_for_arm64_brings_them_back_as_well() => ComeBackAsync(OldRoot.RunOnArmAsync, Circle);

    private static async Task ComeBackAsync(Func<TempFolder, string, Task<CommandResult>> run, string script)
    {
        using var shared = new TempFolder();
        var restic = ResticBinary.Find();
        var ran = await run(shared, script);
        Assert.Contains("OpenSSL 1.1.1", ran.Succeeded().Output, StringComparison.Ordinal);
        await restic.CheckAsync(shared["repository"], (await File.ReadAllTextAsync(shared["password"], TestContext.Current.CancellationToken)).Trim());
    }

    [Fact]
    public async Task Without_libzstd_a_backup_and_a_restore_succeed()
    {
        using var shared = new TempFolder();
        (await OldRoot.RunAsync(shared, """
            for library in /usr/lib/x86_64-linux-gnu/libzstd.so.1*; do mount --bind /dev/null "$library"; done
            mkdir /srv/shop && seq 300000 > /srv/shop/numbers && head -c 3M /dev/urandom > /srv/shop/random
            (umask 077; echo secret > /srv/shared/password)
            cat > /srv/profile.yaml <<'END'
            platform: old
            repository: { path: /srv/shared/repository, password: { file: /srv/shared/password } }
            components: { files: { groups: { all: [/srv/shop] } } }
            END
            export HOLDFAST_PROFILE=/srv/profile.yaml
            holdfast init
            holdfast backup --mode online
            holdfast repo check --read-data
            holdfast restore --target /srv/look --yes
            diff -r --no-dereference /srv/shop /srv/look/srv/shop
            """)).Succeeded();
        await ResticBinary.Find().CheckAsync(shared["repository"], "secret");
    }

    [Fact]
    public async Task Without_OpenSSL_one_sentence_says_so_and_what_to_install()
    {
        using var shared = new TempFolder();
        var ran = await OldRoot.RunAsync(shared, """
            for library in /usr/lib/x86_64-linux-gnu/lib{ssl,crypto}.so.*; do mount --bind /dev/null "$library"; done
            holdfast --version
            holdfast backup --repository /srv/repository
            """);
        Assert.Equal(1, ran.ExitCode);
        Assert.StartsWith("holdfast ", ran.Output, StringComparison.Ordinal);
        Assert.Contains("HF-OPENSSL-MISSING", ran.Errors, StringComparison.Ordinal);
        Assert.Contains("libssl1.1", ran.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("HF-INTERNAL", ran.Errors, StringComparison.Ordinal);
    }
}
