#!/usr/bin/env python3
"""A month of a small board: ten loggers each append five lines, then `pond add -A; pond commit`, every five minutes.

    month.py --pond BINARY [--ticks 300] [--before KILOBYTES] [--most BYTES] [--work DIR] [--keep] [--no-git]

The clock is moved by POND_NOW. Printed are the parts of `.pond`, what each sixth of the month added, how long add and commit took, and the
same history in git, after `git repack -adf --window=50`. A whole month is 8640 ticks; with `--before` its end is seen without its beginning: the
files have that size already, in a first commit that no figure but git's holds. With `--most` it ends with 1 if a tick added
more bytes to the packs that live and to the log.
"""
import argparse
import datetime
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measure import content_size, run, say
from tools import Git, Pond

LOGGERS, LINES, MINUTES = 10, 5, 5
START = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)


class Loggers:
    """Files that grow by lines of slowly changing readings. The same numbers give the same bytes."""

    def __init__(self):
        self.numbers = random.Random(30)
        self.values = [[self.numbers.uniform(5, 25), self.numbers.uniform(1, 90), 1013.0] for _ in range(LOGGERS)]

    def tick(self, now, count=LINES):
        """What each logger appends."""
        for number, values in enumerate(self.values):
            lines = []
            for line in range(count):
                values[0] += self.numbers.gauss(0, 0.05)
                values[1] += self.numbers.gauss(0, 0.2)
                values[2] += self.numbers.gauss(0, 0.1)
                at = now + datetime.timedelta(seconds=60 * line)
                lines.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{values[0]:.2f},{values[1]:.1f},{values[2]:.1f}\n")
            yield f"logger-{number:02}.csv", "".join(lines)


def parts(pond):
    """Bytes of the files in `.pond`: those that the table names, those that it named, the log, what is derived, and the rest."""
    live = {}
    for entry in sorted((pond / "oplog/_delta_log").glob("*.json")):
        if entry.stem.isdigit():
            for line in entry.read_text().splitlines():
                action = json.loads(line)
                if "add" in action:
                    live[action["add"]["path"]] = action["add"]["size"]
                if "remove" in action:
                    live.pop(action["remove"]["path"], None)
    sizes = {f"live {kind} packs": sum(size for path, size in live.items() if path.startswith(f"kind={kind}/")) for kind in ("meta", "data")}
    every = content_size(pond)
    packs = sum(content_size(pond / f"oplog/kind={kind}") for kind in ("meta", "data"))
    sizes["other packs"] = packs - sum(live.values())
    sizes["log"] = content_size(pond / "oplog/_delta_log")
    sizes["cache"] = content_size(pond / "cache")
    sizes["rest"] = every - packs - sizes["log"] - sizes["cache"]
    return sizes


class Month:
    """The history as one tool keeps it: seconds of each tick, and the store's bytes at first and after each sixth."""

    def __init__(self, tool, options, env):
        self.tool, self.env, self.loggers, self.times = tool, env, Loggers(), []
        tool.directory.mkdir()
        tool.env = env
        tool.start()
        if options.before:
            self.append(START - datetime.timedelta(days=30), options.before * 1000 // 44)
        self.marks, self.first = [content_size(tool.store)], parts(tool.store) if isinstance(tool, Pond) else {}
        for tick in range(options.ticks):
            self.times.append(self.append(START + datetime.timedelta(minutes=MINUTES * tick), LINES))
            if (tick + 1) * 6 // options.ticks > tick * 6 // options.ticks:
                self.marks.append(content_size(tool.store))
                say(f"{tool.name}: {tick + 1} ticks, {self.marks[-1] / 1e6:.2f} MB")

    def append(self, now, lines):
        for name, text in self.loggers.tick(now, lines):
            with open(self.tool.directory / name, "a") as file:
                file.write(text)
        stamp = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        self.tool.env = self.env | {"POND_NOW": stamp, "GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
        # What was written within the grain of the clock, 20 ms, is read twice.
        time.sleep(0.025)
        return self.tool.take()[0]


def sixths(values):
    return [values[len(values) * at // 6 : len(values) * (at + 1) // 6] for at in range(6)]


def row(what, cells):
    print(f"| {what} | {' | '.join(cells)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pond", required=True, type=Path, help="the binary")
    parser.add_argument("--ticks", type=int, default=300, help="commits; a month has 8640")
    parser.add_argument("--before", type=int, default=0, metavar="KILOBYTES", help="what each file has at the beginning")
    parser.add_argument("--most", type=int, metavar="BYTES", help="what a tick may add to live packs and the log")
    parser.add_argument("--work", type=Path, help="where to work (default: a directory in TMPDIR)")
    parser.add_argument("--keep", action="store_true", help="leave the ponds there")
    parser.add_argument("--no-git", action="store_true", help="pond alone")
    options = parser.parse_args()
    if options.ticks < 6:
        parser.error("a month has at least 6 ticks")
    if options.work:
        os.makedirs(options.work, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="pond-month-", dir=options.work)).resolve()
    home = work / "home"
    home.mkdir()
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"{program}_{role}_{key}": value for program in ("POND", "GIT") for key, value in {"NAME": "Bench", "EMAIL": "bench@example.org"}.items()}

    pond = Month(Pond(str(options.pond.resolve()), work / "pond", env), options, env)
    directory, store = pond.tool.directory, pond.tool.store
    mirror = content_size(directory) - pond.marks[-1]
    print(f"{options.ticks} ticks, {LOGGERS} loggers, {mirror / 1e6:.2f} MB of files, {pond.marks[-1] / 1e6:.2f} MB in .pond: {pond.marks[-1] / mirror:.2f} times the files\n")
    row("part of .pond", ["bytes", "a tick"])
    print("|---|---:|---:|")
    found = parts(store)
    for part, size in found.items():
        row(part, [f"{size:,}", f"{(size - pond.first[part]) / options.ticks:,.0f}"])
    print()
    row("sixth", [str(number) for number in range(1, 7)])
    print("|---|" + "---:|" * 6)
    grown = [after - before for before, after in zip(pond.marks, pond.marks[1:])]
    row("bytes", [f"{size:,}" for size in grown])
    medians = [statistics.median(sixth) for sixth in sixths(pond.times)]
    row("median, ms", [f"{median * 1000:.1f}" for median in medians])
    slowest = [max(sixth) for sixth in sixths(pond.times)]
    row("slowest, ms", [f"{longest * 1000:.1f}" for longest in slowest])
    row("of them, its tick", [str(pond.times.index(longest) + 1) for longest in slowest])
    print(f"\nlast sixth's bytes / second's: {grown[5] / grown[1]:.2f}; median / first's: {medians[5] / medians[0]:.2f}; slowest / its median: {max(s / m for s, m in zip(slowest, medians)):.1f}")

    if not options.no_git:
        git = Month(Git(shutil.which("git") or parser.error("there is no git"), work / "git", env), options, env)
        git.tool.do("repack", "-adfq", "--window=50")
        packed = content_size(git.tool.store / "objects")
        print(f"git: {git.marks[-1] / 1e6:.2f} MB loose, {packed / 1e6:.2f} MB repacked, median {statistics.median(git.times) * 1000:.1f} ms; .pond is {pond.marks[-1] / packed:.2f} times the repacked")
    os.chdir("/")
    if options.keep:
        print(f"left in {work}")
    else:
        shutil.rmtree(work)
    lasting = ("live meta packs", "live data packs", "log")
    grown = sum(found[part] - pond.first[part] for part in lasting) / options.ticks
    if options.most and grown > options.most:
        sys.exit(f"a tick added {grown:,.0f} bytes to live packs and the log, and may add {options.most:,}")


if __name__ == "__main__":
    main()
