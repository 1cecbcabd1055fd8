"""PostgreSQL's files beside pgBackRest: the same cluster in the same run, as root, with Debian's server. Usage: bench/postgres.py [--scale N] [--no-result]

Both compress with zstd at level 2, encrypt, and use two processes. Stages: full, unchanged, after pgbench transactions, after 1 % of the JSON rows
changed scattered, restore, and delta restore; CPU seconds and peak memory are the kernel's, of all processes that a program waits for.
"""

import argparse
import datetime
import os
import shutil
import subprocess
import tempfile
import time

import measure

BIN = max((f"/usr/lib/postgresql/{name}/bin" for name in os.listdir("/usr/lib/postgresql")), key=lambda path: float(path.split("/")[4]))
PORT = 6543
JSON = """CREATE TABLE j AS SELECT n, jsonb_build_object('id', n, 'title', md5(n::text), 'author', md5((n % 997)::text), 'created', timestamp '2020-01-01' + n * interval '7 minutes',
    'tags', (SELECT jsonb_agg(substr(md5((n * 7 + m)::text), 1, 8)) FROM generate_series(1, 12) m),
    'body', (SELECT string_agg(substr(md5((n * 131 + m * 17)::text), 1, 1 + (n + m) % 9) || ' ' || (ARRAY['threat','actor','report','indicator','malware','campaign','the','of','with'])[1 + (n * m) % 9], ' ')
        FROM generate_series(1, 150) m)) AS d FROM generate_series(1, {rows}) n"""


def shell(*words, **more):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more).stdout


class Cluster:
    def __init__(self, folder, scale):
        self.folder, self.data = folder, f"{folder}/data"
        shell("chown", "postgres", folder)
        self.server("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-k", "-N")
        with open(f"{self.data}/postgresql.conf", "a") as file:
            file.write(f"port = {PORT}\nunix_socket_directories = '{folder}'\nlisten_addresses = ''\nfsync = off\nmax_wal_size = 8GB\nshared_buffers = 512MB\n"
                       "checkpoint_timeout = 1h\nautovacuum = off\narchive_mode = on\narchive_command = '/bin/true'\n")
        self.start()
        self.server("pgbench", "-h", folder, "-p", str(PORT), "-U", "postgres", "-i", "-q", "-s", str(max(1, int(100 * scale))), "postgres")
        self.sql(JSON.format(rows=int(560_000 * scale)))
        self.sql("CREATE INDEX ON j (n)")
        self.sql("VACUUM ANALYZE")
        self.rest()

    def server(self, program, *words):
        return shell("runuser", "-u", "postgres", "--", f"{BIN}/{program}", *words)

    def start(self):
        self.server("pg_ctl", "-D", self.data, "-w", "-l", f"{self.folder}/log", "start")

    def stop(self):
        if os.path.exists(f"{self.data}/postmaster.pid"):
            self.server("pg_ctl", "-D", self.data, "-w", "-m", "fast", "stop")

    def sql(self, text):
        return shell("psql", "-h", self.folder, "-p", str(PORT), "-U", "postgres", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text).strip()

    def rest(self):
        """On disk, and older than the second in which no program trusts a file's time."""
        self.sql("CHECKPOINT")
        time.sleep(1.5)

    def face(self):
        return self.sql("SELECT count(*), md5(string_agg(md5(d::text), '' ORDER BY n)) FROM j; SELECT sum(abalance), count(*) FROM pgbench_accounts")


class PgBackRest:
    name = "pgbackrest"

    def __init__(self, cluster):
        self.folder = f"{cluster.folder}/pgbackrest"
        self.repository = f"{self.folder}/repo"
        os.makedirs(self.folder)
        self.environment = dict(os.environ)
        with open(f"{self.folder}/conf", "w") as file:
            file.write(f"[global]\nrepo1-path={self.repository}\nrepo1-cipher-type=aes-256-cbc\nrepo1-cipher-pass=bench\nrepo1-retention-full=9\nprocess-max=2\ncompress-type=zst\n"
                       f"compress-level=2\nstart-fast=y\narchive-check=n\nlog-path={self.folder}\nlock-path={self.folder}/lock\nspool-path={self.folder}/spool\nlog-level-console=warn\n"
                       f"[main]\npg1-path={cluster.data}\npg1-port={PORT}\npg1-socket-path={cluster.folder}\n")
        shell("chown", "-R", "postgres", self.folder)
        subprocess.run(self.command("stanza-create"), check=True)

    def command(self, *words):
        return ["runuser", "-u", "postgres", "--", "pgbackrest", "--config", f"{self.folder}/conf", "--stanza", "main", *words]

    def backup(self, full):
        return self.command("--type=" + ("full" if full else "incr"), "backup")

    def restore(self, delta):
        return self.command("--type=immediate", "--archive-mode=off", *(["--delta"] if delta else []), "restore")


class Holdfast:
    name = "holdfast"
    binary = os.environ.get("HOLDFAST_BINARY", "holdfast")

    def __init__(self, cluster):
        self.folder = f"{cluster.folder}/holdfast"
        self.repository = f"{self.folder}/repo"
        os.makedirs(self.folder)
        self.environment = {**os.environ, "HOLDFAST_STATE": f"{self.folder}/state"}
        with open(f"{self.folder}/profile.yaml", "w") as file:
            file.write(f"platform: bench\nrepository:\n  path: {self.repository}\n  password: {{ file: {self.folder}/password }}\ncomponents:\n  postgres:\n"
                       f"    - name: main\n      method: base\n      connection: {{ host: {cluster.folder}, port: {PORT}, user: postgres }}\n")
        subprocess.run(self.command("init", "--yes", "--generate-password"), env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def command(self, verb, *words):
        return [self.binary, verb, "--profile", f"{self.folder}/profile.yaml", *words]

    def backup(self, full):
        return self.command("backup")

    def restore(self, delta):
        return self.command("restore", "latest", "--yes", "--no-start", *(["--delta"] if delta else []))


def stage(name, tool, command, rows):
    before = measure.disk_mib(tool.repository)
    figure = measure.run(command, tool.environment, f"{tool.folder}/{name.split()[0]}.log")
    figure.disk = measure.disk_mib(tool.repository) - before
    rows.append((name, tool.name, figure))
    print(f"{name:26} {tool.name:11} {figure.cpu:7.2f} CPU s {figure.wall:7.2f} s {figure.memory:5.0f} MiB, stored {figure.disk:7.1f} MiB", flush=True)


def run(cluster, scale):
    tools, rows = [PgBackRest(cluster), Holdfast(cluster)], []
    changes = [("full", None), ("unchanged", None),
               (f"after {int(40_000 * scale)} transactions", lambda: cluster.server("pgbench", "-h", cluster.folder, "-p", str(PORT), "-U", "postgres", "-c", "2", "-t", str(int(20_000 * scale)), "-n", "postgres")),
               ("after 1 % of JSON rows", lambda: cluster.sql("UPDATE j SET d = jsonb_set(d, '{title}', '\"changed\"') WHERE n % 100 = 0"))]
    for name, change in changes:
        if change:
            change()
        cluster.rest()
        for tool in tools:
            stage(name, tool, tool.backup(name == "full"), rows)
    face = cluster.face()
    for tool in tools:
        for delta in (False, True):
            cluster.stop()
            if not delta and tool.name == "pgbackrest":
                shutil.move(cluster.data, f"{cluster.data}.old")  # it wants an empty folder
                os.mkdir(cluster.data, 0o700)
                shell("chown", "postgres", cluster.data)
            stage("delta restore" if delta else "restore", tool, tool.restore(delta), rows)
            if tool.name == "holdfast":  # pgBackRest's has no WAL to come up with: nothing was pushed to it
                cluster.start()
                if cluster.face() != face:
                    raise SystemExit(f"{tool.name} did not restore what it had backed up.")
        if tool.name == "pgbackrest":
            shutil.rmtree(cluster.data)
            shutil.move(f"{cluster.data}.old", cluster.data)
            cluster.start()
    cluster.stop()
    return rows


def main():
    parser = argparse.ArgumentParser(prog="bench/postgres.py")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is pgbench's scale 100 and 1 GB of JSON rows")
    parser.add_argument("--no-result", action="store_true")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="holdfast-bench-")
    os.chmod(folder, 0o755)
    try:
        cluster = Cluster(folder, options.scale)
        size = measure.disk_mib(cluster.data)
        rows = run(cluster, options.scale)
    finally:
        if os.path.exists(f"{folder}/data/postmaster.pid"):
            subprocess.run(["runuser", "-u", "postgres", "--", f"{BIN}/pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop"], stdout=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)
    day = datetime.date.today().isoformat()
    text = f"# PostgreSQL's files, {day}\n\nA cluster of {size:.0f} MiB (scale {options.scale}), checksums on; {os.cpu_count()} cores; zstd level 2, encrypted, two processes. Holdfast's figures hold half a CPU second for the key.\n\n"
    text += "| stage | program | CPU s | wall s | peak MiB | stored MiB |\n| --- | --- | --: | --: | --: | --: |\n"
    text += "".join(f"| {name} | {tool} | {figure.cpu:.2f} | {figure.wall:.2f} | {figure.memory:.0f} | {figure.disk:.1f} |\n" for name, tool, figure in rows)
    print(text)
    if not options.no_result:
        with open(os.path.join(os.path.dirname(__file__), "results", f"postgres-{day}.md"), "w") as file:
            file.write(text)


main()
