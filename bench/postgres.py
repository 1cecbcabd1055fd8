#!/usr/bin/python3
"""PostgreSQL's files beside pgBackRest: the same cluster in the same run, as root, with Debian's server. Usage: bench/postgres.py [--scale N] [--no-result]

Both compress with zstd at level 2, encrypt, and use two processes. Stages: full, unchanged, after pgbench transactions, after 1 % of the JSON rows
changed scattered, restore, delta restore, and pushes of WAL, each alone and from a queue; CPU seconds and peak memory are the kernel's, of all processes
that a program waits for, of those that it leaves behind, and of the service that it asks.
"""

import argparse
import ctypes
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


SEGMENTS = 64  # of each push, at scale 1
REAPER = 36  # PR_SET_CHILD_SUBREAPER: what a program leaves behind becomes our child, and is counted
AS_POSTGRES = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]


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

    def fill_log(self, count):
        """So many finished segments that nobody has archived; the server is down then."""
        self.sql("ALTER SYSTEM SET archive_command = '/bin/false'")
        self.sql("ALTER SYSTEM SET wal_keep_size = '8GB'")
        self.sql("SELECT pg_reload_conf()")
        self.sql("SELECT pg_switch_wal()")
        for turn in range(10_000):
            if len(self.ready()) >= count:
                break
            self.sql(f"UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid % 16 = {turn % 16}")
        self.stop()
        return self.ready()[:count]

    def ready(self):
        names = (name.removesuffix(".ready") for name in os.listdir(f"{self.data}/pg_wal/archive_status") if name.endswith(".ready"))
        return sorted(name for name in names if len(name) == 24)

    def mark(self, name, state):
        folder = f"{self.data}/pg_wal/archive_status"
        for old in (f"{folder}/{name}.ready", f"{folder}/{name}.done"):
            if os.path.exists(old):
                os.rename(old, f"{folder}/{name}.{state}")

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

    def push(self, path, queued):
        return [*AS_POSTGRES, "pgbackrest", "--config", f"{self.folder}/conf", "--stanza", "main", *(["--archive-async"] if queued else []), "archive-push", path]

    def begin_pushes(self):
        pass

    def end_pushes(self):
        return 0.0

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

    def push(self, path, queued):
        return [*AS_POSTGRES, self.client, "wal", "push", path, "--socket", f"{self.socket}"]

    def begin_pushes(self):
        """The service has opened the repository before: that is done once."""
        self.socket, self.client = f"{os.path.dirname(self.folder)}/serve.sock", f"{os.path.dirname(self.folder)}/holdfast-client"
        if not os.path.exists(self.client):
            shutil.copy(shutil.which(self.binary), self.client)  # the binary may lie where only root can go
        self.service = subprocess.Popen([self.binary, "serve", "--profile", f"{self.folder}/profile.yaml", "--socket", self.socket], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not os.path.exists(self.socket):
            time.sleep(0.05)
        self.before = ticks(self.service.pid)

    def end_pushes(self):
        used = ticks(self.service.pid) - self.before
        self.service.terminate()
        self.service.wait()
        return used

    def backup(self, full):
        return self.command("backup")

    def restore(self, delta):
        return self.command("restore", "latest", "--yes", "--no-start", *(["--delta"] if delta else []))


def ticks(pid):
    """CPU seconds of a process that runs."""
    with open(f"/proc/{pid}/stat") as file:
        words = file.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def reap(except_for):
    """Waits for what programs have left behind; returns its CPU seconds."""
    used = 0.0
    while True:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            left = [int(pid) for pid in file.read().split() if int(pid) != except_for]
        if not left:
            return used
        for pid in left:
            try:
                _, _, usage = os.wait4(pid, 0)
                used += usage.ru_utime + usage.ru_stime
            except ChildProcessError:
                pass


def push(name, tool, cluster, segments, queued, rows):
    """As the server does it: one after the other, and each is marked as done when the program says so."""
    for segment in segments:
        cluster.mark(segment, "ready" if queued else "done")
    reap(None)  # the server itself, which has been stopped: pg_ctl has left it to us
    before = measure.disk_mib(tool.repository)
    tool.begin_pushes()
    service = getattr(tool, "service", None)
    cpu, memory, begun = 0.0, 0.0, time.monotonic()
    for segment in segments:
        cluster.mark(segment, "ready")
        figure = measure.run(tool.push(f"{cluster.data}/pg_wal/{segment}", queued), tool.environment, f"{tool.folder}/push.log")
        cluster.mark(segment, "done")
        cpu, memory = cpu + figure.cpu, max(memory, figure.memory)
    wall = time.monotonic() - begun
    client = cpu
    cpu += reap(service.pid if service else None)
    cpu += tool.end_pushes()
    rows.append((name, tool.name, measure.Figures(cpu, wall, memory, measure.disk_mib(tool.repository) - before)))
    print(f"{name:26} {tool.name:11} {cpu:7.2f} CPU s {wall:7.2f} s, {1000 * client / len(segments):.0f} ms CPU a segment in the client", flush=True)


def pushes(tools, cluster, count, rows):
    segments = cluster.fill_log(2 * count)
    print(f"{len(segments)} segments wait.", flush=True)
    for tool in tools:
        push(f"push of {count} segments", tool, cluster, segments[:count], False, rows)
        push(f"push of {count} queued", tool, cluster, segments[count:], True, rows)


def stage(name, tool, command, rows):
    before = measure.disk_mib(tool.repository)
    figure = measure.run(command, tool.environment, f"{tool.folder}/{name.split()[0]}.log")
    figure.disk = measure.disk_mib(tool.repository) - before
    rows.append((name, tool.name, figure))
    print(f"{name:26} {tool.name:11} {figure.cpu:7.2f} CPU s {figure.wall:7.2f} s {figure.memory:5.0f} MiB, stored {figure.disk:7.1f} MiB", flush=True)


def run(cluster, scale, push_only):
    tools, rows = [PgBackRest(cluster), Holdfast(cluster)], []
    if push_only:
        pushes(tools, cluster, max(4, int(SEGMENTS * scale)), rows)
        return rows
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
    pushes(tools, cluster, max(4, int(SEGMENTS * scale)), rows)
    return rows


def main():
    parser = argparse.ArgumentParser(prog="bench/postgres.py")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is pgbench's scale 100 and 1 GB of JSON rows")
    parser.add_argument("--no-result", action="store_true")
    parser.add_argument("--push-only", action="store_true", help="leave the backups and restores out")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="holdfast-bench-")
    os.chmod(folder, 0o755)
    try:
        cluster = Cluster(folder, options.scale)
        size = measure.disk_mib(cluster.data)
        ctypes.CDLL(None).prctl(REAPER, 1, 0, 0, 0)
        rows = run(cluster, options.scale, options.push_only)
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
