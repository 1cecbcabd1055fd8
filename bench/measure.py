"""Runs a program and tells what it and all its children took, as the kernel counted it."""

import os
import statistics
import subprocess
import time
from dataclasses import dataclass, fields


@dataclass
class Figures:
    cpu: float     # seconds, user and system, all children that were waited for
    wall: float    # seconds
    memory: float  # MiB, the largest single process
    disk: float = 0.0  # MiB, the repository afterwards


def run(arguments, environment, log):
    """Runs to the end; anything but success ends the bench, with the end of what was written."""
    begin = time.monotonic()
    with open(log, "wb") as output:
        process = subprocess.Popen(arguments, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        with open(log, errors="replace") as output:
            raise SystemExit(f"{arguments} ended with {process.returncode}:\n{output.read()[-3000:]}")
    return Figures(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def median(runs):
    """The middle of several runs, figure by figure."""
    return Figures(*(statistics.median(getattr(run, field.name) for run in runs) for field in fields(Figures)))


def disk_mib(path):
    """Apparent size of all files below a path."""
    if os.path.isfile(path):
        return os.path.getsize(path) / 1048576
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names) / 1048576
