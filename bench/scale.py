"""Where there is very much of something: each kind of much with each program in turn, and a table of what was measured.

CPU seconds and memory are compared, wall time is not: on a busy machine it is the machine's.
"""

import argparse
import datetime
import os
import shutil
import subprocess
import sys
import tempfile

import crafted
import measure
import sample
import tools


class Restic(tools.Restic):
    """Any restic, and a check that reads no data."""

    def __init__(self, folder, tree, program="restic"):
        super().__init__(folder, tree)
        self.program = program
        self.version_command = [program, "version"]
        self.name = " ".join(self.version().split()[:2])
        self.folder = f"{folder}/{self.name.replace(' ', '-')}"
        self.repository = f"{self.folder}/repository"
        os.makedirs(self.folder, exist_ok=True)
        cache = f"{self.folder}/cache"
        self.environment |= {"HOME": self.folder, "XDG_CACHE_HOME": cache, "RESTIC_REPOSITORY": self.repository}

    def command(self, *words):
        return [self.program, *words]

    def init(self):
        return self.command("init")

    def backup(self):
        return self.command("backup", "--quiet", self.tree)

    def restore(self, target):
        return self.command("restore", "--quiet", "latest", "--target", target)

    def check(self):
        return self.command("check", "--quiet")


class Holdfast(tools.Holdfast):
    def check(self):
        return [self.binary, "repo", "check", "--profile", self.profile]


def arguments():
    parser = argparse.ArgumentParser(prog="bench/scale", description="Holdfast beside restic where there is much.")
    parser.add_argument("--scale", type=float, default=1.0,
                        help="1 is 1.05 million blobs, 200 000 files in one folder, 5000 snapshots (default)")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS), help="all by default")
    parser.add_argument("--restic", nargs="+", default=["restic"], metavar="PROGRAM",
                        help="one or several versions; the first is what others are compared with")
    parser.add_argument("--folder", help="where all is made; a temporary folder by default, removed at the end")
    parser.add_argument("--no-result", action="store_true", help="print the table, but keep no file in bench/results")
    return parser.parse_args()


def write(path, content):
    with open(path, "w") as file:
        file.write(content)


def make_blobs(tree, scale):
    """Two small files in each of very many folders: three blobs a folder."""
    for number in range(int(350_000 * scale)):
        folder = f"{tree}/{number // 1000:03}/{number % 1000:03}"
        os.makedirs(folder)
        write(f"{folder}/name", f"number {number}\n" * 3)
        write(f"{folder}/other", f"{number * 7919} is another\n" * 5)


def make_folder(tree, scale):
    """Very many files in one folder, of few contents."""
    os.makedirs(tree)
    for number in range(int(200_000 * scale)):
        write(f"{tree}/a-name-of-some-length-{number:07}.txt", f"content {number % 100}\n")


def make_ordinary(tree, scale):
    """As bench/run has it at a quarter: 555 MB."""
    sample.make(tree, 1, 0.25 * scale)


KINDS = {
    "blobs": (make_blobs, ["first backup", "unchanged", "restore", "check"]),
    "one folder": (make_folder, ["first backup", "unchanged", "restore", "check"]),
    "ordinary": (make_ordinary, ["first backup", "unchanged", "restore", "check"]),
    "snapshots": (None, ["check"]),
}


def run_stage(stage, tool, folder):
    match stage:
        case "first backup" | "unchanged":
            return measure.run(tool.backup(), tool.environment, f"{tool.folder}/log")
        case "restore":
            figures = measure.run(tool.restore(f"{folder}/restored"), tool.environment, f"{tool.folder}/log")
            shutil.rmtree(f"{folder}/restored")
            return figures
        case _:
            return measure.run(tool.check(), tool.environment, f"{tool.folder}/log")


def master_key(restic, tool):
    environment = {**os.environ, "RESTIC_PASSWORD": tools.PASSWORD}
    command = [restic, "cat", "masterkey", "--repo", tool.repository]
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout


def run_kind(kind, options, folder):
    """The figures of every stage with every program, each with its own repository."""
    make, stages = KINDS[kind]
    tree = f"{folder}/tree"
    all_tools = [Restic(folder, tree, program) for program in options.restic] + [Holdfast(folder, tree)]
    for tool in all_tools:
        measure.run(tool.init(), tool.environment, f"{tool.folder}/log")
        if make is None:
            repository = crafted.Repository(tool.repository, master_key(options.restic[0], tool))
            repository.add_snapshots(int(5000 * options.scale))
    if make is not None:
        # In a process of its own: the kernel counts the memory that we held before a fork as the child's.
        if os.fork() == 0:
            make(tree, options.scale)
            os._exit(0)
        if os.wait()[1] != 0:
            raise SystemExit("The files could not be made.")
    figures = {}
    for stage in stages:
        for tool in all_tools:
            figures[kind, stage, tool.name] = figure = run_stage(stage, tool, folder)
            print(f"{kind:12} {stage:14} {tool.name:14} {figure.cpu:8.2f} CPU s {figure.memory:6.0f} MiB", flush=True)
    return figures


def table(figures):
    lines = ["| much | stage | program | CPU s | of restic | peak MiB | of restic |",
             "| --- | --- | --- | --: | --: | --: | --: |"]
    base = None
    for (kind, stage, name), figure in figures.items():
        if name.startswith("restic") and (base is None or base[0] != (kind, stage)):
            base = ((kind, stage), figure)
        cpu, memory = figure.cpu / base[1].cpu, figure.memory / base[1].memory
        lines.append(f"| {kind} | {stage} | {name} | {figure.cpu:.1f} | {cpu:.2f} "
                     f"| {figure.memory:.0f} | {memory:.2f} |")
    return "\n".join(lines)


def main():
    options = arguments()
    folder = options.folder or tempfile.mkdtemp(prefix="holdfast-bench-")
    figures = {}
    try:
        for kind in options.kinds:
            place = f"{folder}/{kind.replace(' ', '-')}"
            os.makedirs(place)
            figures |= run_kind(kind, options, place)
            shutil.rmtree(place)
        day = datetime.date.today().isoformat()
        text = (f"# Very much of something, {day}\n\nScale {options.scale}; {os.cpu_count()} cores, one run of each. "
                "CPU s is user and system time of all processes, peak MiB that of\nthe largest single process. "
                "Each program derives its key on purpose slowly, which is some tenths of a second.\n\n"
                f"{table(figures)}\n")
        print(text)
        if not options.no_result:
            write(f"bench/results/scale-{day}.md", text)
    finally:
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
