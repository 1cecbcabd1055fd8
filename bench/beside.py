"""Side by side: every stage runs with each program in turn, on the same files, and the table is made from what was measured."""

import argparse
import datetime
import os
import shutil
import subprocess
import sys
import tempfile

import measure
import tools

STAGES = ["first backup", "second, unchanged", "after 1 % changed", "restore", "check --read-data"]


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run", description="Holdfast beside restic, borg and a bare pipe.")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 2 GB (default)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where everything is made; a temporary folder by default, removed at the end")
    parser.add_argument("--only", nargs="+", metavar="TOOL", help="restic borg pipe holdfast; all by default")
    parser.add_argument("--rounds", type=int, default=3, help="every stage but the one after changes runs so often, in turn; the table has the medians (default 3)")
    parser.add_argument("--no-result", action="store_true", help="print the table, but keep no file in bench/results")
    return parser.parse_args()


def sample(*words):
    """In a process of its own: the kernel counts the memory that we held before a fork as the child's."""
    subprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), "sample.py"), *map(str, words)], check=True)


def warm_up(folder, chosen):
    """One small run of everything, not measured: programs and libraries are in the page cache afterwards."""
    tree = f"{folder}/warm-tree"
    sample("make", tree, 0, 0.02)
    for kind in chosen:
        tool = kind(f"{folder}/warm", tree)
        for stage, command in enumerate([tool.init(), tool.backup(), tool.restore(f"{folder}/warm-restored-{kind.__name__}"), tool.check()]):
            measure.run(command, tool.environment, f"{tool.folder}/{stage}.log")


def stage_command(stage, tool, folder):
    match stage:
        case "restore":
            return tool.restore(f"{folder}/restored-{type(tool).__name__}")
        case "check --read-data":
            return tool.check()
        case _:
            return tool.backup()


def same(tree, restored):
    """Every program must really have restored everything, wherever it puts it."""
    for place, _, _ in os.walk(restored):
        if place.endswith(tree) or os.path.isdir(f"{place}/small"):
            return subprocess.run(["diff", "-r", "--brief", tree, place], stdout=sys.stderr).returncode == 0
    return False


def make_empty(all_tools):
    """New repositories. Holdfast's first: restic takes its chunker's polynomial, for by chance alone their sizes differ by 2 %."""
    for tool in reversed(all_tools):
        subprocess.run(["rm", "-rf", tool.repository], check=True)
        measure.run(tool.init(), tool.environment, f"{tool.folder}/init.log")


def run_stage(stage, tool, folder, tree):
    figure = measure.run(stage_command(stage, tool, folder), tool.environment, f"{tool.folder}/{stage.split()[0].strip(',')}.log")
    figure.disk = measure.disk_mib(tool.repository)
    print(f"{stage:22} {tool.name:18} {figure.cpu:7.2f} CPU s {figure.wall:7.2f} s {figure.memory:6.0f} MiB, repository {figure.disk:.0f} MiB", flush=True)
    if stage == "restore":
        restored = f"{folder}/restored-{type(tool).__name__}"
        if not same(tree, restored):
            raise SystemExit(f"{tool.name} did not restore what it had backed up.")
        shutil.rmtree(restored)
    return figure


def run_stages(folder, tree, all_tools, rounds):
    figures = {}
    for stage in STAGES:
        once = stage == "after 1 % changed"
        if once:
            sample("change", tree, 1)
        subprocess.run(["sync"], check=True)
        subprocess.run(["bash", "-c", 'find "$1" -type f -exec cat {} + > /dev/null', "bash", tree], check=True)
        taken = {tool.name: [] for tool in all_tools}
        for _ in range(1 if once else rounds):
            if stage == "first backup":
                make_empty(all_tools)
            for tool in all_tools:
                taken[tool.name].append(run_stage(stage, tool, folder, tree))
        for name, runs in taken.items():
            figures[stage, name] = measure.median(runs)
    return figures


def table(figures, all_tools):
    baseline = all_tools[0].name
    lines = [f"| stage | program | CPU s | of {baseline} | wall s | of {baseline} | peak MiB | of {baseline} | repository MiB | of {baseline} |",
             "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |"]
    for stage in STAGES:
        base = figures[stage, baseline]
        for tool in all_tools:
            figure = figures[stage, tool.name]
            cells = []
            for name, digits in (("cpu", 2), ("wall", 2), ("memory", 0), ("disk", 1)):
                value, of = getattr(figure, name), getattr(base, name)
                cells += [f"{value:.{digits}f}", f"{value / of:.2f}" if of else ""]
            lines.append(f"| {stage} | {tool.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def about(options, tree, all_tools):
    """What the table was measured on."""
    size = measure.disk_mib(tree)
    count = sum(len(names) for _, _, names in os.walk(tree))
    with open("/proc/cpuinfo") as file:
        processor = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown processor")
    versions = "; ".join(f"{tool.name}: {tool.version()}" for tool in all_tools)
    return (f"{count} files, {size:.0f} MiB, scale {options.scale}, seed {options.seed}; {os.cpu_count()} cores of {processor}; page cache warm, after a warm-up run; medians of {options.rounds} rounds, in turn.\n\n"
            f"Versions: {versions}. CPU s is user and system time of all processes; peak MiB is that of the largest single process.\n"
            "The pipe writes everything anew each time, knows no old backups, and its check only decrypts, decompresses and lists.\n")


def main():
    options = arguments()
    chosen = [kind for kind in tools.ALL if not options.only or kind.__name__.lower() in options.only]
    folder = options.folder or tempfile.mkdtemp(prefix="holdfast-bench-")
    try:
        warm_up(folder, chosen)
        tree = f"{folder}/tree"
        sample("make", tree, options.seed, options.scale)
        all_tools = [kind(folder, tree) for kind in chosen]
        figures = run_stages(folder, tree, all_tools, options.rounds)
        day = datetime.date.today().isoformat()
        text = f"# Side by side, {day}\n\n{about(options, tree, all_tools)}\n{table(figures, all_tools)}\n"
        print(text)
        if not options.no_result:
            os.makedirs("bench/results", exist_ok=True)
            with open(f"bench/results/{day}.md", "w") as file:
                file.write(text)
    finally:
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)


main()
