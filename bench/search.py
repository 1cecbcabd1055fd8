#!/usr/bin/python3
"""Search indices built from PostgreSQL, beside python3-elasticsearch's parallel_bulk reading the same rows through psycopg2: the same table and the same engine in
the same run, as root. Usage: bench/search.py [--documents N] [--turns N] [--engine elasticsearch|opensearch] [--no-result]

The peer runs twice: with rows that psycopg2 parses, as most programs do it, and with JSON that is passed on as text. CPU seconds and peak memory are the kernel's,
of the client alone. HOLDFAST_SEARCH_ENGINES names the folder with 'up' and 'down'; by default shared/search-engine beside this checkout.
"""

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request

import measure

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = max((f"/usr/lib/postgresql/{name}/bin" for name in os.listdir("/usr/lib/postgresql")), key=lambda path: float(path.split("/")[4]))
PORT = 6544
TABLE = """CREATE TABLE documents AS SELECT 'doc-' || n AS id, 1::bigint AS version, jsonb_build_object('title', md5(n::text), 'author', md5((n % 997)::text), 'created', timestamp '2020-01-01' + n * interval '7 minutes',
    'tags', (SELECT jsonb_agg(substr(md5((n * 7 + m)::text), 1, 8)) FROM generate_series(1, 6) m),
    'body', (SELECT string_agg((ARRAY['threat','actor','report','indicator','malware','campaign','observed','the','of','with'])[1 + (n * m) % 10], ' ') FROM generate_series(1, 60) m)) AS document
    FROM generate_series(1, COUNT) n; ALTER TABLE documents ADD PRIMARY KEY (id); VACUUM ANALYZE documents"""


def shell(*words, **more):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more).stdout


class Servers:
    def __init__(self, folder, engine, documents):
        self.folder = folder
        self.engines = os.environ.get("HOLDFAST_SEARCH_ENGINES", os.path.join(HERE, "../../shared/search-engine"))
        shell("chmod", "755", folder)
        os.mkdir(f"{folder}/pg")
        shell("chown", "postgres", f"{folder}/pg")
        self.server("initdb", "-D", f"{folder}/pg/data", "-U", "postgres", "-A", "trust", "-N")
        with open(f"{folder}/pg/data/postgresql.conf", "a") as file:
            file.write(f"port = {PORT}\nunix_socket_directories = '{folder}/pg'\nlisten_addresses = ''\nfsync = off\nmax_wal_size = 4GB\n")
        self.server("pg_ctl", "-D", f"{folder}/pg/data", "-w", "-l", f"{folder}/pg/log", "start")
        for statement in TABLE.replace("COUNT", str(documents)).split(";"):
            self.sql(statement)
        self.url = shell(f"{self.engines}/up", engine, f"{folder}/engine", "--port", "19277", "--heap", "4g", "--repo", f"{folder}/snapshots").split()[-1]

    def server(self, program, *words):
        return shell("runuser", "-u", "postgres", "--", f"{BIN}/{program}", *words)

    def sql(self, text):
        return shell("psql", "-h", f"{self.folder}/pg", "-p", str(PORT), "-U", "postgres", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text).strip()

    def ask(self, method, path):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, method=method)) as answer:
            return json.load(answer)

    def stop(self):
        subprocess.run([f"{self.engines}/down", f"{self.folder}/engine"], check=False, stdout=subprocess.DEVNULL)
        if os.path.exists(f"{self.folder}/pg/data/postmaster.pid"):
            self.server("pg_ctl", "-D", f"{self.folder}/pg/data", "-w", "-m", "fast", "stop")


def profile(servers):
    path = f"{servers.folder}/profile.yaml"
    with open(path, "w") as file:
        file.write(f"platform: bench\ncomponents:\n  postgres:\n    - name: main\n      connection: {{ host: {servers.folder}/pg, port: {PORT}, user: postgres }}\n"
                   f"  search:\n    - name: main\n      url: {servers.url}\n      indices:\n        documents:\n          source: {{ sql: 'SELECT id, version, document FROM documents' }}\n")
    return path


def run(servers, documents, turns):
    rows = []
    environment = {**os.environ, "HOLDFAST_STATE": f"{servers.folder}/state"}
    holdfast = [os.environ.get("HOLDFAST_BINARY", "holdfast"), "--profile", profile(servers), "search"]

    def stage(name, command):
        figure = measure.run(command, environment, f"{servers.folder}/log")
        rows.append((name, figure))
        print(f"{name:44} {figure.cpu:7.2f} CPU s {figure.wall:7.2f} s {figure.memory:5.0f} MiB {documents / figure.wall:9.0f} documents/s", flush=True)

    peer = ["/usr/bin/python3", f"{HERE}/search_peer.py", servers.url, f"{servers.folder}/pg", str(PORT)]
    for turn in range(1, turns + 1):
        stage(f"parallel_bulk, rows parsed ({turn})", [*peer, f"peer{turn}", "parsed"])
        servers.ask("DELETE", f"/peer{turn}")
        stage(f"parallel_bulk, rows as text ({turn})", [*peer, f"peer{turn}", "text"])
        servers.ask("DELETE", f"/peer{turn}")
        stage(f"holdfast search reindex ({turn})", [*holdfast, "reindex", "documents", "--drop-old", "--yes"])
        if servers.ask("GET", "/documents/_count")["count"] != documents:
            raise SystemExit("The index does not have every document.")
    servers.sql("UPDATE documents SET version = 2, document = jsonb_set(document, '{title}', '\"changed\"') WHERE hashtext(id) % 1000 = 0")
    changed = int(servers.sql("SELECT count(*) FROM documents WHERE version = 2"))
    stage(f"holdfast search sync, {changed} changed", [*holdfast, "sync"])
    if servers.ask("GET", "/documents/_count?q=title:changed")["count"] != changed:
        raise SystemExit("The sync did not bring every change.")
    stage("holdfast search sync, nothing changed", [*holdfast, "sync"])
    return rows


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--documents", type=int, default=200_000)
    arguments.add_argument("--turns", type=int, default=2)
    arguments.add_argument("--engine", default="elasticsearch")
    arguments.add_argument("--no-result", action="store_true")
    options = arguments.parse_args()
    folder = tempfile.mkdtemp(prefix="holdfast-bench-")
    servers = None
    try:
        servers = Servers(folder, options.engine, options.documents)
        rows = run(servers, options.documents, options.turns)
    finally:
        if servers:
            servers.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if options.no_result:
        return
    with open(f"{HERE}/results/search-{datetime.date.today()}.md", "w") as file:
        file.write(f"# Search, {options.documents} documents, {options.engine}, {os.cpu_count()} processors\n\n| stage | CPU s | wall s | peak MiB | documents/s |\n| --- | ---: | ---: | ---: | ---: |\n")
        for name, figure in rows:
            file.write(f"| {name} | {figure.cpu:.2f} | {figure.wall:.2f} | {figure.memory:.0f} | {options.documents / figure.wall:.0f} |\n")


sys.exit(main())
