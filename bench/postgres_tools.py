"""The programs that are compared on a cluster: how each of them backs it up, restores it and archives its WAL."""

import os
import subprocess
import time

import cluster

PASSWORD = "bench"


class PgBackRest:
    """With the same level of compression, encryption, and two processes."""

    name = "pgbackrest"

    def __init__(self, folder):
        self.folder = f"{folder}/pgbackrest"
        self.repository = f"{self.folder}/repository"
        self.environment = dict(os.environ)
        os.makedirs(self.folder)

    def prepare(self, pg):
        with open(f"{self.folder}/config", "w") as config:
            config.write("\n".join([
                "[global]", f"repo1-path={self.repository}", "repo1-cipher-type=aes-256-cbc", f"repo1-cipher-pass={PASSWORD}", "repo1-retention-full=9",
                "compress-type=zst", "compress-level=3", "process-max=2", "start-fast=y", f"log-path={self.folder}", f"lock-path={self.folder}/lock", f"spool-path={self.folder}",
                "log-level-console=warn", "[bench]", f"pg1-path={pg.data}", f"pg1-socket-path={pg.folder}", f"pg1-port={cluster.PORT}", "pg1-user=postgres"]))
        subprocess.run(["chown", "-R", "postgres:", self.folder], check=True)
        subprocess.run(self._command("stanza-create"), check=True)

    def archive_command(self):
        return f"pgbackrest --config={self.folder}/config --stanza=bench archive-push %p"

    def version(self):
        return subprocess.run(["pgbackrest", "version"], capture_output=True, text=True, check=True).stdout.strip()

    def backup(self, first):
        return self._command(f"--type={'full' if first else 'incr'}", "backup")

    def restore(self, delta):
        return self._command(*(["--delta"] if delta else []), "restore")

    def push(self, segment):
        return self._command("archive-push", segment)

    def serve(self):
        return None

    def _command(self, *words):
        return ["runuser", "-u", "postgres", "--", "pgbackrest", f"--config={self.folder}/config", "--stanza=bench", *words]


class Holdfast:
    """The published binary, with a profile that has the cluster only."""

    name = "holdfast"

    def __init__(self, folder):
        self.folder = f"{folder}/holdfast"
        self.repository = f"{self.folder}/repository"
        self.binary = os.environ["HOLDFAST_BINARY"]
        os.makedirs(f"{self.folder}/run")
        self.environment = {**os.environ, "HOLDFAST_STATE": f"{self.folder}/state", "HOME": self.folder}

    def prepare(self, pg):
        with open(f"{self.folder}/password", "w") as file:
            file.write(PASSWORD)
        os.chmod(f"{self.folder}/password", 0o600)
        with open(f"{self.folder}/profile.yaml", "w") as file:
            file.write(f"platform: bench\nrepository:\n  path: {self.repository}\n  password: {{ file: {self.folder}/password }}\nserve: {{ socket: {self.folder}/run/serve.sock, owner: postgres }}\n"
                       f"components:\n  postgres:\n    - name: main\n      method: base\n      connection: {{ host: {pg.folder}, port: {cluster.PORT}, user: postgres, system-user: postgres }}\n")
        subprocess.run(self._command("init", "--yes"), env=self.environment, stdout=subprocess.DEVNULL, check=True)

    def version(self):
        return subprocess.run([self.binary, "--version"], capture_output=True, text=True, check=True).stdout.strip().removeprefix("holdfast ")

    def backup(self, first):
        return self._command("backup", "--json")

    def restore(self, delta):
        return self._command("restore", "--yes", "--json", "--no-start", *(["--delta"] if delta else []))

    def push(self, segment):
        return self._command("wal", "push", segment)

    def serve(self):
        """The service, once it answers."""
        process = subprocess.Popen(self._command("serve"), env=self.environment, stdin=subprocess.DEVNULL, stdout=open(f"{self.folder}/serve.log", "w"), stderr=subprocess.STDOUT)
        while not os.path.exists(f"{self.folder}/run/serve.sock"):
            if process.poll() is not None:
                raise SystemExit(open(f"{self.folder}/serve.log").read())
            time.sleep(0.05)
        return process

    def _command(self, *words):
        return [self.binary, "--profile", f"{self.folder}/profile.yaml", *words]


ALL = [PgBackRest, Holdfast]
