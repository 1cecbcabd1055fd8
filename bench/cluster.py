"""A scratch PostgreSQL cluster that belongs to the user postgres, with pgbench's tables and a table of JSON rows."""

import glob
import os
import subprocess

PORT = 54399
BIN = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]

CONFIG = """
port = {port}
listen_addresses = ''
unix_socket_directories = '{folder}'
shared_buffers = 256MB
max_wal_size = 4GB
wal_level = replica
archive_mode = on
archive_command = '{archive}'
autovacuum = off
fsync = off
"""

JSON_ROWS = """
CREATE TABLE entity (id bigint PRIMARY KEY, data jsonb NOT NULL);
INSERT INTO entity SELECT n, jsonb_build_object('id', n, 'title', md5(n::text), 'tags', jsonb_build_array(md5((n % 97)::text), md5((n % 13)::text)),
  'text', (SELECT string_agg(md5((n * k)::text), ' ') FROM generate_series(1, 24) k)) FROM generate_series(1, {rows}) n;
"""


class Cluster:
    """Its data directory, and what is done to it."""

    def __init__(self, folder, archive):
        self.folder = folder
        self.data = f"{folder}/data"
        os.chmod(os.path.dirname(folder), 0o755)
        os.makedirs(folder)
        subprocess.run(["chown", "postgres:", folder], check=True)
        self.server("initdb", "-D", self.data, "-k", "-A", "trust", "-U", "postgres")
        with open(f"{self.data}/postgresql.conf", "a") as config:
            config.write(CONFIG.format(port=PORT, folder=folder, archive=archive))

    def server(self, program, *words):
        """A program of the server, as its user."""
        done = subprocess.run(["runuser", "-u", "postgres", "--", f"{BIN}/{program}", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{program} ended with {done.returncode}:\n{done.stdout[-2000:]}")
        return done.stdout

    def start(self):
        with open(f"{self.folder}/start.log", "w") as log:
            subprocess.run(["runuser", "-u", "postgres", "--", f"{BIN}/pg_ctl", "-D", self.data, "-w", "-t", "600", "-l", f"{self.folder}/server.log", "start"], stdout=log, stderr=log, check=True)

    def stop(self):
        self.server("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")

    def sql(self, text):
        return self.server("psql", "-qXAt", "-h", self.folder, "-p", str(PORT), "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c", text).strip()

    def fill(self, scale, json_mib):
        self.server("pgbench", "-i", "-q", "-s", str(scale), "-h", self.folder, "-p", str(PORT), "-U", "postgres", "postgres")
        self.sql(JSON_ROWS.format(rows=int(json_mib * 1000)))
        self.sql("VACUUM FREEZE")
        self.sql("CHECKPOINT")

    def transactions(self, count):
        self.server("pgbench", "-n", "-c", "4", "-t", str(count // 4), "-h", self.folder, "-p", str(PORT), "-U", "postgres", "postgres")

    def change_rows(self, share):
        """Scattered all over the table, in place where there is room."""
        self.sql(f"UPDATE entity SET data = jsonb_set(data, '{{title}}', to_jsonb(md5(random()::text))) WHERE id % {int(1 / share)} = 7")
        self.sql("CHECKPOINT")

    def fingerprint(self):
        """What a restored cluster must answer as well."""
        return self.sql("SELECT (SELECT count(*) FROM pgbench_history), (SELECT sum(abalance) FROM pgbench_accounts), (SELECT md5(string_agg(data->>'title', '' ORDER BY id)) FROM entity)")

    def segments(self, count):
        """Copies of so many segments of real WAL."""
        kept = f"{self.folder}/segments"
        os.makedirs(kept)
        for _ in range(count):
            self.sql("INSERT INTO pgbench_history SELECT 1, 1, n, 1, now(), left(md5(n::text), 22) FROM generate_series(1, 90000) n")
            name = self.sql("SELECT pg_walfile_name(pg_current_wal_lsn())")
            self.sql("SELECT pg_switch_wal()")
            subprocess.run(["cp", "-p", f"{self.data}/pg_wal/{name}", f"{kept}/{name}"], check=True)
        return kept
