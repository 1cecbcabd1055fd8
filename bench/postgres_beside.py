"""Side by side on one cluster: every stage runs with each program in turn, and the table is made from what was measured."""

import argparse
import datetime
import os
import shutil
import subprocess
import tempfile

import cluster
import measure
import postgres_tools


def arguments():
    parser = argparse.ArgumentParser(prog="bench/postgres", description="Holdfast's base backups and WAL archive beside pgBackRest.")
    parser.add_argument("--scale", type=int, default=100, help="pgbench's scale (default 100: 1.5 GB)")
    parser.add_argument("--json", type=int, default=1000, metavar="MIB", help="about so much in JSON rows (default 1000)")
    parser.add_argument("--segments", type=int, default=64, help="segments of WAL that are pushed, one by one (default 64)")
    parser.add_argument("--no-result", action="store_true", help="print the table, but keep no file in bench/results")
    return parser.parse_args()


def measured(stage, tool, commands, figures):
    """Runs commands one after the other; what they took together, and what the repository has grown by."""
    before, total = measure.disk_mib(tool.repository), measure.Figures(0, 0, 0)
    for number, command in enumerate(commands):
        taken = measure.run(command, tool.environment, f"{tool.folder}/{stage.split()[0].strip(',')}-{number}.log")
        total = measure.Figures(total.cpu + taken.cpu, total.wall + taken.wall, max(total.memory, taken.memory))
    total.disk = measure.disk_mib(tool.repository) - before
    figures[stage, tool.name] = total
    print(f"{stage:34} {tool.name:12} {total.cpu:7.2f} CPU s {total.wall:7.2f} s {total.memory:6.0f} MiB, {total.disk:+8.1f} MiB stored", flush=True)


def cpu_of(process):
    """User and system seconds of a process that runs."""
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def backups(pg, tools, figures):
    for stage, change in [("first, full", lambda: None), ("second, unchanged", lambda: None),
                          ("after 40 000 transactions", lambda: pg.transactions(40000)), ("after 1 % of the rows, scattered", lambda: pg.change_rows(0.01))]:
        change()
        pg.sql("CHECKPOINT")
        for tool in tools:
            measured(stage, tool, [tool.backup(stage.startswith("first"))], figures)


def restores(pg, tools, figures):
    """Into the cluster's own directory, which is moved away; then once more over what is there already."""
    expected = pg.fingerprint()
    pg.stop()
    os.rename(pg.data, f"{pg.data}.original")
    for tool in tools:
        os.mkdir(pg.data, 0o700)
        shutil.chown(pg.data, "postgres", "postgres")
        measured("restore", tool, [tool.restore(delta=False)], figures)
        measured("restore, delta", tool, [tool.restore(delta=True)], figures)
        pg.start()
        if (answer := pg.fingerprint()) != expected:
            raise SystemExit(f"{tool.name} did not restore what it had backed up: {answer} instead of {expected}.")
        pg.stop()
        shutil.rmtree(pg.data)
    os.rename(f"{pg.data}.original", pg.data)
    pg.start()


def pushes(pg, tools, figures, count):
    """Segments one by one, each by a call of its own, as PostgreSQL does it. The service's time counts too."""
    kept = pg.segments(count)
    names = sorted(os.listdir(kept))
    for tool in tools:
        service = tool.serve()
        before = cpu_of(service) if service else 0
        stage = f"push of {count} segments"
        measured(stage, tool, [tool.push(f"{kept}/{name}") for name in names], figures)
        if service:
            figures[stage, tool.name].cpu += cpu_of(service) - before
            service.terminate()
            service.wait()


def table(figures, tools):
    lines = ["| stage | program | CPU s | ratio | wall s | peak MiB | stored MiB | ratio |", "| --- | --- | --: | --: | --: | --: | --: | --: |"]
    for stage in dict.fromkeys(stage for stage, _ in figures):
        base = figures[stage, tools[0].name]
        for tool in tools:
            figure = figures[stage, tool.name]
            stored = f"{figure.disk:.1f} | {figure.disk / base.disk:.2f}" if base.disk > 0.5 else f"{figure.disk:.1f} | "
            lines.append(f"| {stage} | {tool.name} | {figure.cpu:.2f} | {figure.cpu / base.cpu:.2f} | {figure.wall:.2f} | {figure.memory:.0f} | {stored} |")
    return "\n".join(lines)


def main():
    options = arguments()
    folder = tempfile.mkdtemp(prefix="holdfast-bench-")
    pg = None
    try:
        tools = [kind(folder) for kind in postgres_tools.ALL]
        pg = cluster.Cluster(f"{folder}/cluster", tools[0].archive_command())
        pg.start()
        for tool in tools:
            tool.prepare(pg)
        pg.fill(options.scale, options.json)
        size, figures = measure.disk_mib(f"{pg.data}/base"), {}
        backups(pg, tools, figures)
        restores(pg, tools, figures)
        pg.sql("ALTER SYSTEM SET archive_command = '/bin/true'")
        pg.sql("SELECT pg_reload_conf()")
        pushes(pg, tools, figures, options.segments)
        day = datetime.date.today().isoformat()
        text = (f"# PostgreSQL, side by side, {day}\n\nA cluster of {size:.0f} MiB (pgbench at scale {options.scale}, and JSON rows), {os.cpu_count()} cores. "
                f"{', '.join(f'{tool.name} {tool.version()}' for tool in tools)}; zstd level 3, encrypted, pgBackRest with two processes. "
                "CPU s is that of all processes but the server's.\n\n" + table(figures, tools) + "\n")
        print(text)
        if not options.no_result:
            with open(f"bench/results/{day}-postgres.md", "w") as file:
                file.write(text)
    finally:
        if pg:
            subprocess.run(["runuser", "-u", "postgres", "--", f"{cluster.BIN}/pg_ctl", "-D", pg.data, "-m", "immediate", "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)


main()
