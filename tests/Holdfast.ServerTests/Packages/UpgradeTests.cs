using Holdfast.ServerTests.OldSystem;
using Xunit;

namespace Holdfast.ServerTests.Packages;

/// <summary>The package is installed over itself, again and again, while a backup is in the middle and PostgreSQL archives one segment after the other.</summary>
public sealed class UpgradeTests(BuiltPackages built) : IClassFixture<BuiltPackages>
{
    /// <summary>A cluster that archives by the installed program, a writer that ends segments without a pause, and a loop with a deadline.</summary>
    private const string Archiving = """
        rm -rf /run/holdfast /var/lib/holdfast
        dpkg -i /srv/shared/holdfast_*.deb
        within() { for _ in $(seq 600); do "$@" && return; sleep 0.1; done; echo "$* did not hold within 60 s" >&2; return 1; }
        asks() { psql -qXAt -h /run/postgresql -U postgres -d postgres -c "$1"; }

        chown postgres: /run/postgresql
        install -d -m 700 -o postgres /srv/data
        runuser -u postgres -- initdb -D /srv/data -A peer --locale=C.UTF-8 --no-sync >/dev/null
        printf 'all root postgres\nall postgres postgres\n' >/srv/data/pg_ident.conf
        printf 'local all all peer map=all\nlocal replication all peer map=all\n' >/srv/data/pg_hba.conf
        cat >>/srv/data/postgresql.conf <<'END'
        unix_socket_directories = '/run/postgresql'
        listen_addresses = ''
        fsync = off
        wal_level = replica
        archive_mode = on
        archive_command = '/usr/bin/holdfast wal push %p'
        END
        (umask 077; echo 'correct horse' >/etc/holdfast/password)
        cat >/etc/holdfast/profile.yaml <<'END'
        platform: packaged
        repository: { path: /srv/repository, password: { file: /etc/holdfast/password } }
        components:
          postgres:
            - { name: main, method: base, connection: { host: /run/postgresql, user: postgres } }
        serve: { owner: postgres }
        END
        holdfast init # which warns that the cluster does not run yet: once it does, it archives
        holdfast serve >/tmp/serve 2>&1 & serve=$!
        within [ -S /run/holdfast/serve.sock ] || { cat /tmp/serve >&2; exit 1; }
        runuser -u postgres -- pg_ctl -D /srv/data -l /tmp/postgres.log -w start >/dev/null
        """;

    private const string Upgrading = """
        asks 'CREATE TABLE t AS SELECT i, md5(i::text) FROM generate_series(1, 200000) i'
        (until [ -e /tmp/enough ]; do asks 'INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 1000) i; SELECT pg_switch_wal()' >/dev/null; done) & writer=$!
        archived() { [ "$(asks 'SELECT archived_count FROM pg_stat_archiver')" -ge "$1" ]; }
        within archived 2

        holdfast backup --mode online >/tmp/backup 2>&1 & backup=$!
        begun() { cat /var/lib/holdfast/runs/*.jsonl 2>/dev/null | grep -q '"event":"step-done"'; }
        within begun
        kill -STOP $backup
        former=$(stat -c %i /usr/bin/holdfast)
        for round in 1 2 3; do
          before=$(asks 'SELECT archived_count FROM pg_stat_archiver')
          dpkg -i /srv/shared/holdfast_*.deb >/dev/null
          within archived $((before + 2))
        done
        [ "$(stat -c %i /usr/bin/holdfast)" != "$former" ]
        [ "$(stat -L -c %i /proc/$backup/exe)" = "$former" ]
        kill -CONT $backup
        wait $backup || { cat /tmp/backup >&2; exit 1; }
        touch /tmp/enough
        wait $writer

        last=$(asks 'SELECT pg_walfile_name(pg_switch_wal())')
        is_there() { [ ! "$(asks 'SELECT last_archived_wal FROM pg_stat_archiver')" \< "$last" ]; }
        within is_there
        [ "$(asks 'SELECT failed_count FROM pg_stat_archiver')" = 0 ] || { cat /tmp/postgres.log >&2; exit 1; }
        kill -0 $serve
        holdfast wal status
        holdfast points list | grep -q ' complete$'
        holdfast repo check --read-data
        echo everything held
        """;

    [Fact]
    public async Task Neither_a_backup_in_the_middle_nor_any_push_of_wal_is_disturbed()
    {
        var ran = await OldRoot.RunAsync(built.Folder, $"{Archiving}\n{Upgrading}");
        Assert.EndsWith("everything held\n", ran.Succeeded().Output, StringComparison.Ordinal);
    }
}
