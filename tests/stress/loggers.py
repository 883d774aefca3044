#!/usr/bin/env python3
"""Loggers that never pause, and commits beside them: every commit must succeed, and every version must end at a line.

Ten loggers append to files of one mirror, one of them large, while `add -A` and `commit` run every few seconds. Each line is one
write, or two halves with a pause between, as buffers make them. At the end each committed version of each file must be a beginning
of the file that ends with a whole line. Prints what it saw; ends with 1 if a promise was not kept. Only Python's standard library is needed.

    tests/stress/loggers.py --pond BINARY [--seconds 120] [--every 5] [--megabytes 300]
"""
import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path


def line(name, number):
    return f"2026-03-01T00:00:{number % 60:02}Z,{name},{number},{number * 2654435761 % 1000003}\n".encode()


def log(path, rate, halves, stop):
    """Appends `rate` lines a second until it is told to stop."""
    number = 0
    with open(path, "ab", buffering=0) as file:
        while not stop.is_set():
            text = line(path.stem, number)
            if halves and number % 3 == 0:
                file.write(text[:11])
                time.sleep(0.01)
                file.write(text[11:])
            else:
                file.write(text)
            number += 1
            time.sleep(1 / rate)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pond", required=True)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--every", type=float, default=5)
    parser.add_argument("--megabytes", type=int, default=300)
    options = parser.parse_args()
    options.pond = str(Path(options.pond).resolve())
    failures = []

    def expect(holds, what):
        print(f"{'ok ' if holds else 'BAD'} {what}", flush=True)
        if not holds:
            failures.append(what)

    with tempfile.TemporaryDirectory(prefix="pond-loggers-") as work:
        work = Path(work)
        mirror, home = work / "mirror", work / "home"
        mirror.mkdir(), home.mkdir()
        env = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "NO_COLOR": "1"}
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"POND_{role}_NAME": "Stress", f"POND_{role}_EMAIL": "stress@example.org"}

        def pond(*arguments):
            return subprocess.run([options.pond, *arguments], cwd=mirror, env=env, capture_output=True, stdin=subprocess.DEVNULL)

        pond("init")
        paths = [mirror / "large.csv"] + [mirror / f"small-{number}.csv" for number in range(9)]
        with open(paths[0], "wb") as file:
            number = 0
            while file.tell() < options.megabytes << 20:
                file.write(b"".join(line("before", number + step) for step in range(10_000)))
                number += 10_000
        stop = threading.Event()
        loggers = [threading.Thread(target=log, args=(path, 10 if at == 0 else 3 + at, at % 2 == 1, stop)) for at, path in enumerate(paths)]
        for logger in loggers:
            logger.start()
        began, commits, bad, times = time.monotonic(), 0, [], []
        while time.monotonic() - began < options.seconds:
            started = time.monotonic()
            added = pond("add", "-A")
            committed = pond("commit", "-m", f"round {commits}")
            times.append(time.monotonic() - started)
            commits += 1
            bad += [done for done in (added, committed) if done.returncode]
            time.sleep(max(0, options.every - (time.monotonic() - started)))
        stop.set()
        for logger in loggers:
            logger.join()
        for done in bad[:5]:
            print(done.args[1:], done.returncode, done.stderr.decode(errors="replace"))
        expect(not bad, f"{commits} rounds of add and commit, {len(bad)} commands refused or done in part")
        versions = pond("log", "--format=%H").stdout.decode().split()
        expect(len(versions) == commits, f"{len(versions)} commits are in the log")
        wholes = {path.name: path.read_bytes() for path in paths}
        torn, foreign, seen = [], [], 0
        for version in versions:
            for name, whole in wholes.items():
                found = pond("cat", f"{version}:{name}")
                if found.returncode:
                    continue
                seen += 1
                if not whole.startswith(found.stdout):
                    foreign.append((version, name))
                if found.stdout and not found.stdout.endswith(b"\n"):
                    torn.append((version, name))
        expect(not foreign, f"{seen} versions of files are beginnings of them, {len(foreign)} are not")
        # A half line that rested while it was read is what its writer had at that time.
        print(f"    {len(torn)} versions end within a line, of a writer that rested there")
        print(f"    add and commit: median {sorted(times)[len(times) // 2]:.2f} s, longest {max(times):.2f} s")
    print("all promises were kept" if not failures else f"{len(failures)} promises were broken")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
