"""Runs commands and measures them: wall time, peak memory, sizes on disk."""
import os
import shutil
import statistics
import sys
import time
from pathlib import Path


class Failed(Exception):
    pass


def start(command, cwd, env):
    """Starts a command whose output goes to a file that is read if it fails."""
    log = Path(env["HOME"], "last-output")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]
    os.chdir(cwd)
    return os.posix_spawn(command[0], command, env, file_actions=actions), log


def check(status, command, cwd, log):
    if code := os.waitstatus_to_exitcode(status):
        raise Failed(f"{' '.join(command)} ended with {code} in {cwd}:\n{log.read_text(errors='replace')[-2000:]}")


def run(command, cwd, env):
    """Seconds and peak kilobytes of one run; what it prints is thrown away unless it fails."""
    began = time.perf_counter()
    process, log = start(command, cwd, env)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - began
    check(status, command, cwd, log)
    return seconds, usage.ru_maxrss


def run_watched(command, cwd, env, every=0.02):
    """The same, and the highest kilobytes that were not of files, as seen every so many seconds."""
    began, anonymous = time.perf_counter(), 0
    process, log = start(command, cwd, env)
    while True:
        ended, status, usage = os.wait4(process, os.WNOHANG)
        if ended:
            break
        anonymous = max(anonymous, anonymous_memory(process))
        time.sleep(every)
    seconds = time.perf_counter() - began
    check(status, command, cwd, log)
    return seconds, usage.ru_maxrss, anonymous


def anonymous_memory(process):
    with open(f"/proc/{process}/status") as status:
        lines = [line for line in status if line.startswith("RssAnon:")]
    return int(lines[0].split()[1]) if lines else 0


def median(runs, command, cwd, env):
    """Median seconds of so many runs, after one that warms up."""
    run(command, cwd, env)
    return statistics.median(run(command, cwd, env)[0] for _ in range(runs))


def disk_use(directory):
    """Bytes that the files of a directory take, in whole blocks."""
    return sum(entry.lstat().st_blocks * 512 for entry in Path(directory).rglob("*"))


def content_size(directory):
    """Bytes in the files of a directory."""
    return sum(entry.lstat().st_size for entry in Path(directory).rglob("*") if entry.is_file())


def settle():
    """Lets the disk finish what earlier steps left, and the clock pass the grain of file times."""
    os.sync()
    time.sleep(1.1)


def find(name):
    return shutil.which(name)


def say(text):
    print(f"... {text}", file=sys.stderr, flush=True)
