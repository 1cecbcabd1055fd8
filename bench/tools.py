"""The programs that are compared: how each of them does the same five things."""

import os
import subprocess

PASSWORD = "bench"


class Tool:
    """A program with its own folder for its repository, cache and profile."""

    name = ""

    def __init__(self, folder, tree):
        self.folder = os.path.join(folder, type(self).__name__.lower())
        self.tree = tree
        self.repository = f"{self.folder}/repository"
        os.makedirs(self.folder, exist_ok=True)
        self.environment = {**os.environ, "HOME": self.folder, "XDG_CACHE_HOME": f"{self.folder}/cache"}

    def version(self):
        return subprocess.run(self.version_command, capture_output=True, text=True, check=True).stdout.split("\n")[0].strip()

    def init(self):
        ...  # each program says how

    def backup(self):
        ...  # each program says how

    def restore(self, target):
        ...  # each program says how

    def check(self):
        ...  # each program says how


class Restic(Tool):
    name = "restic"
    version_command = ["restic", "version"]

    def __init__(self, folder, tree):
        super().__init__(folder, tree)
        self.environment |= {"RESTIC_PASSWORD": PASSWORD, "RESTIC_FROM_PASSWORD": PASSWORD, "RESTIC_REPOSITORY": self.repository}

    def init(self):
        other = os.path.join(os.path.dirname(self.folder), "holdfast", "repository")
        same_chunks = ["--from-repo", other, "--copy-chunker-params"] if os.path.exists(other) else []
        return ["restic", "init", *same_chunks]

    def backup(self):
        return ["restic", "backup", "--quiet", self.tree]

    def restore(self, target):
        return ["restic", "restore", "--quiet", "latest", "--target", target]

    def check(self):
        return ["restic", "check", "--quiet", "--read-data"]


class Borg(Tool):
    name = "borg"
    version_command = ["borg", "--version"]

    def __init__(self, folder, tree):
        super().__init__(folder, tree)
        self.environment |= {"BORG_PASSPHRASE": PASSWORD, "BORG_REPO": self.repository, "BORG_BASE_DIR": self.folder}
        self.count = 0

    def init(self):
        return ["borg", "init", "--encryption", "repokey"]

    def backup(self):
        self.count += 1
        return ["borg", "create", "--compression", "zstd,3", f"::run-{self.count}", self.tree]

    def restore(self, target):
        return ["bash", "-c", 'mkdir -p "$1" && cd "$1" && exec borg extract "$2"', "bash", target, f"::run-{self.count}"]

    def check(self):
        return ["borg", "check", "--verify-data"]


class Pipe(Tool):
    name = "tar, zstd -3, age"
    version_command = ["zstd", "--version"]

    def init(self):
        return ["bash", "-c", 'rm -f "$1/key"; age-keygen -o "$1/key" && age-keygen -y "$1/key" > "$1/recipient"', "bash", self.folder]

    def backup(self):
        return self.shell('tar -C / -cf - "${2#/}" | zstd -q -3 | age -R "$1/recipient" -o "$1/repository"')

    def restore(self, target):
        return self.shell('mkdir -p "$3" && age -d -i "$1/key" "$1/repository" | zstd -qd | tar -C "$3" -xpf -', target)

    def check(self):
        return self.shell('age -d -i "$1/key" "$1/repository" | zstd -qd | tar -tf - >/dev/null')

    def shell(self, script, *more):
        return ["bash", "-euo", "pipefail", "-c", script, "bash", self.folder, self.tree, *more]


class Holdfast(Tool):
    name = "holdfast"
    binary = os.environ.get("HOLDFAST_BINARY", "holdfast")
    version_command = [binary, "--version"]

    def __init__(self, folder, tree):
        super().__init__(folder, tree)
        self.profile = f"{self.folder}/profile.yaml"
        self.environment |= {"HOLDFAST_PASSWORD": PASSWORD, "HOLDFAST_STATE": f"{self.folder}/state"}
        with open(self.profile, "w") as file:
            file.write(f"platform: bench\nrepository:\n  path: {self.repository}\n  password: {{ env: HOLDFAST_PASSWORD }}\n"
                       f"components:\n  files:\n    groups:\n      tree: [{self.tree}]\n")

    def init(self):
        return [self.binary, "init", "--profile", self.profile, "--yes"]

    def backup(self):
        return [self.binary, "backup", "--profile", self.profile]

    def restore(self, target):
        return [self.binary, "restore", "--profile", self.profile, "--target", target, "--yes"]

    def check(self):
        return [self.binary, "repo", "check", "--profile", self.profile, "--read-data"]


ALL = [Restic, Borg, Pipe, Holdfast]
