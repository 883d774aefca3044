#!/usr/bin/env python3
"""Pond beside git, restic and borg. Called by compare.sh; README.md here says what is measured and how."""
import argparse
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import generate
from measure import content_size, median, run, say, settle
from tools import Borg, Git, Pond, Restic, installed


class Report:
    """Rows of the table: what, the value of each tool, and the limit that the project sets itself."""

    def __init__(self, names):
        self.names, self.rows, self.missed = names, [], 0

    def add(self, what, values, show, limit=None, ratio=True):
        """`values` by tool name; `limit` is text and a test of pond's value, git's value."""
        cells = [show(values[name]) if name in values else "" for name in self.names]
        ratios = f"{values['pond'] / values['git']:.2f}" if ratio and values.get("git") else ""
        verdict = ""
        if limit:
            text, holds = limit
            kept = holds(values["pond"], values.get("git"))
            self.missed += not kept
            verdict = f"{text}: {'yes' if kept else '**no**'}"
        self.rows.append([what, *cells, ratios, verdict])
        say(" | ".join(self.rows[-1]))

    def print(self):
        head = ["", *self.names, "pond / git", "limit"]
        print(f"| {' | '.join(head)} |\n|---|{'---:|' * (len(head) - 2)}---|")
        for row in self.rows:
            print(f"| {' | '.join(row)} |")


def seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def megabytes(value):
    return f"{value / 1e6:.1f} MB" if value >= 1e5 else f"{value / 1e3:.1f} kB"


def at_most(factor, text):
    return f"at most {text}", lambda pond, git: pond <= git * factor


def below(limit, text):
    return f"under {text}", lambda pond, _: pond < limit


class Bench:
    def __init__(self, options, work):
        self.options, self.work = options, work
        home = work / "home"
        home.mkdir()
        who = {"NAME": "Bench", "EMAIL": "bench@example.org"}
        self.env = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "GIT_CONFIG_NOSYSTEM": "1", "RESTIC_PASSWORD": "bench"}
        for role in ("AUTHOR", "COMMITTER"):
            self.env |= {f"{program}_{role}_{key}": value for program in ("POND", "GIT") for key, value in who.items()}
        self.programs = installed(options.pond)
        self.report = Report([kind.name for kind, _ in self.programs])

    def tools(self, name, kinds=(Pond, Git, Restic, Borg)):
        return [kind(program, self.work / f"{name}-{kind.name}", self.env) for kind, program in self.programs if kind in kinds]

    def copies(self, name, make, **choice):
        """The same input for each tool, in a directory of its own: hard links would let one tool warm another's cache."""
        tools = self.tools(name, **choice)
        make(tools[0].directory)
        for tool in tools[1:]:
            shutil.copytree(tools[0].directory, tool.directory, symlinks=True)
        return tools

    def first_take(self, tools):
        """Median seconds of taking everything in anew, by tool; each keeps its last store."""
        found = {tool.name: [] for tool in tools}
        for _ in range(self.options.runs):
            for tool in tools:
                tool.start()
                settle()
                found[tool.name].append(tool.take()[0])
        return {name: statistics.median(times) for name, times in found.items()}

    def take(self, tools):
        found = {}
        for tool in tools:
            settle()
            found[tool.name] = tool.take()[0]
        return found

    def small_files(self):
        count = 2_000 if self.options.quick else 23_000
        say(f"{count} small files")
        tools = self.copies("small", lambda directory: generate.tree(directory, count))
        size = content_size(tools[0].directory)
        self.report.add(f"add and commit {count} small files, {size / 1e6:.0f} MB", self.first_take(tools), seconds, at_most(0.5, "1/2"))
        self.report.add("store of it", {tool.name: tool.size() for tool in tools}, megabytes)
        pair = [tool for tool in tools if tool.name in ("pond", "git")]
        settle()
        status = {tool.name: median(20, [tool.program, "status"], tool.directory, self.env) for tool in pair}
        self.report.add("status, nothing changed", status, seconds, at_most(1.2, "1.2"))
        for what, arguments in (("start: --version", ["--version"]), ("start: log -1", ["log", "-1"])):
            found = {tool.name: median(300, [tool.program, *arguments], tool.directory, self.env) for tool in pair}
            self.report.add(what, found, seconds, ("within 3 ms", lambda pond, git: pond - git <= 0.003))

    def laying_out(self):
        count = 2_000 if self.options.quick else 23_000
        say(f"laying out {count} files")
        tools = self.copies("out", lambda directory: generate.tree(directory, count))
        pair = [tool for tool in tools if tool.name in ("pond", "git")]
        everything, synced, ten = {}, {}, {}
        for tool in pair:
            files = sorted(path for path in tool.directory.rglob("*") if path.is_file())
            aside = self.work / f"aside-{tool.name}"
            tool.directory.rename(aside)
            tool.directory.mkdir()
            tool.start()
            (tool.directory / "first.txt").write_text("the first commit\n")
            tool.take()
            tool.do("branch", "none")
            for path in aside.iterdir():
                path.rename(tool.directory / path.name)
            tool.take()
            tool.do("branch", "all")
            for path in files[:: len(files) // 10][:10]:
                with open(path, "a") as file:
                    file.write("changed\n")
            tool.take()
            tool.do("branch", "ten")
            times, with_sync = [], []
            for _ in range(self.options.runs):
                tool.do("switch", "-q", "none")
                settle()
                started = time.perf_counter()
                tool.do("switch", "-q", "all")
                times.append(time.perf_counter() - started)
                os.sync()
                with_sync.append(time.perf_counter() - started)
            everything[tool.name], synced[tool.name] = statistics.median(times), statistics.median(with_sync)
            times = []
            for _ in range(3 if self.options.quick else 10):
                for branch in ("ten", "all"):
                    settle()
                    times.append(tool.do("switch", "-q", branch)[0])
            ten[tool.name] = statistics.median(times)
        self.report.add(f"switch that writes {count} files", everything, seconds)
        self.report.add("the same until they are on disk", synced, seconds, at_most(0.8, "0.8"))
        self.report.add("switch that writes ten of them", ten, seconds, at_most(1, "git's"))
        found, on_disk = {}, {}
        for tool in [tool for tool in tools if tool.name in ("pond", "restic", "borg")]:
            if tool.name != "pond":
                tool.start()
                tool.take()
            times, with_sync = [], []
            for number in range(self.options.runs):
                target = self.work / f"to-{tool.name}"
                target.mkdir()
                settle()
                started = time.perf_counter()
                tool.lay_out(target)
                times.append(time.perf_counter() - started)
                os.sync()
                with_sync.append(time.perf_counter() - started)
                shutil.rmtree(target)
            found[tool.name], on_disk[tool.name] = statistics.median(times), statistics.median(with_sync)
        self.report.add(f"lay {count} files out elsewhere", found, seconds)
        best = min((value for name, value in on_disk.items() if name != "pond"), default=None)
        limit = ("at most 0.6 of the best", lambda pond, _: best is None or pond <= 0.6 * best)
        self.report.add("the same until they are on disk", on_disk, seconds, limit)

    def csv(self):
        size = 50 if self.options.quick else 500
        say(f"a CSV of {size} MB")
        tools = self.copies("csv", lambda directory: directory.mkdir() or generate.csv(directory / "sensors.csv", size))
        self.report.add(f"add and commit a CSV of {size} MB", self.first_take(tools), seconds, at_most(1 / 3, "1/3"))
        self.report.add("store of it", {tool.name: tool.size() for tool in tools}, megabytes)
        extra = self.work / "append.csv"
        generate.csv(extra, size // 25, size)
        for tool in tools:
            with open(tool.directory / "sensors.csv", "ab") as file:
                file.write(extra.read_bytes())
        before = {tool.name: tool.size() for tool in tools}
        self.report.add(f"add and commit after {size // 25} MB were appended", self.take(tools), seconds, at_most(0.1, "1/10"))
        self.report.add("store grew by", {tool.name: tool.size() - before[tool.name] for tool in tools}, megabytes)
        for tool in tools:
            shutil.rmtree(tool.directory), tool.forget()

    def wide_directory(self):
        count = 5_000 if self.options.quick else 100_000
        say(f"a directory of {count} files")
        tools = self.copies("wide", lambda directory: generate.flat(directory, count), kinds=(Pond, Git))
        self.report.add(f"add and commit a directory of {count} files", self.first_take(tools), seconds)
        before = {tool.name: content_size(tool.store / "oplog" if tool.name == "pond" else tool.store / "objects") for tool in tools}
        for tool in tools:
            (tool.directory / f"reading-{count // 2:06}.txt").write_text("one file changed\n")
        self.report.add("add and commit with one of them changed", self.take(tools), seconds)
        grown = {tool.name: content_size(tool.store / "oplog" if tool.name == "pond" else tool.store / "objects") - before[tool.name] for tool in tools}
        self.report.add("stored for it", grown, megabytes, below(64_000, "64 kB"))

    def many_commits(self):
        count = 60 if self.options.quick else self.options.commits
        say(f"{count} commits")
        tools = self.copies("many", lambda directory: generate.tree(directory, 50), kinds=(Pond, Git))
        marks = (10, count // 2, count)
        found = {what: {mark: {} for mark in marks} for what in ("add and commit", "log -1", "status", "restore of the first", "store")}
        for tool in tools:
            tool.start()
            times = []
            for number in range(1, count + 1):
                with open(tool.directory / "readings.csv", "a") as file:
                    file.write(f"{1_700_000_000 + number * 300},{number % 977 / 100}\n")
                for name, every in (("tenth.txt", 10), ("rare.txt", 200)):
                    if number % every == 3:
                        (tool.directory / name).write_text(f"{number}\n")
                times.append(tool.take()[0])
                if number not in marks:
                    continue
                note = lambda what, value: found[what][number].update({tool.name: value})
                note("add and commit", statistics.median(times[-5:]))
                note("store", tool.size())
                note("log -1", median(20, [tool.program, "log", "-1"], tool.directory, self.env))
                note("status", median(20, [tool.program, "status"], tool.directory, self.env))
                first = subprocess.run([tool.program, "log", "--reverse", "--format=%H"], cwd=tool.directory, env=self.env, capture_output=True, text=True, check=True).stdout.split()[0]
                restore = median(5, [tool.program, "restore", "-s", first, "readings.csv"], tool.directory, self.env)
                note("restore of the first", restore)
                run([tool.program, "restore", "readings.csv"], tool.directory, self.env)
        for what, by_mark in found.items():
            show = megabytes if what == "store" else seconds
            tenth = by_mark[10]["pond"]
            half = by_mark[marks[1]]["pond"] - tenth
            for mark in marks:
                limit = None
                if mark == count and what == "store":
                    limit = ("linear", lambda pond, _: pond - tenth <= 2.5 * half)
                elif mark == count:
                    limit = ("at most 2 x the tenth", lambda pond, _: pond <= 2 * tenth)
                self.report.add(f"{what}, at commit {mark}", by_mark[mark], show, limit)
        self.histories_of_paths(tools, count)

    def histories_of_paths(self, tools, count):
        """Git at its best: with a commit graph that has filters of changed paths. The program's start is most of a short history's."""
        for tool in tools:
            if tool.name == "git":
                tool.do("commit-graph", "write", "--reachable", "--changed-paths")
        limit = at_most(0.5, "1/2") if count >= 4000 else None
        for path in ("rare.txt", "tenth.txt", "package-000", "never.txt"):
            log = ["log", "--format=%H", "--", path]
            found = {tool.name: median(20, [tool.program, *log], tool.directory, self.env) for tool in tools}
            self.report.add(f"{' '.join(log)}, of {count} commits", found, seconds, limit)
        found = {tool.name: median(20, [tool.program, "log", "--oneline"], tool.directory, self.env) for tool in tools}
        self.report.add(f"log --oneline, of {count} commits", found, seconds)

    def large_file(self):
        say("a file of 5 GB")
        tool = self.tools("large", kinds=(Pond,))[0]
        tool.directory.mkdir()
        numbers = random.Random(5)
        with open(tool.directory / "large.bin", "wb") as file:
            for _ in range(500):
                file.write(numbers.randbytes(10_000_000))
        tool.start()
        duration, peak = tool.take()
        self.report.add("add and commit 5 GB of noise", {"pond": duration}, seconds, ratio=False)
        self.report.add("peak memory of it", {"pond": peak * 1024}, megabytes, below(384 * 2**20, "384 MiB"), ratio=False)
        shutil.rmtree(tool.directory)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pond", required=True, help="the binary")
    parser.add_argument("--quick", action="store_true", help="small inputs, to try the script itself; its figures mean nothing")
    parser.add_argument("--large", action="store_true", help="the 5 GB file, too: needs 11 GB of disk")
    parser.add_argument("--runs", type=int, default=3, help="runs of each first add and commit, of which the median counts")
    parser.add_argument("--commits", type=int, default=1000, help="how many small commits are made; a path's history has a limit from 4000 on")
    parser.add_argument("--only", choices=["small_files", "laying_out", "csv", "wide_directory", "many_commits", "large_file"], help="one part")
    parser.add_argument("--work", type=Path, help="where to work (default: a directory in TMPDIR)")
    options = parser.parse_args()
    parts = [options.only] if options.only else ["small_files", "laying_out", "csv", "wide_directory", "many_commits"] + ["large_file"] * options.large
    if options.work:
        os.makedirs(options.work, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pond-bench-", dir=options.work) as work:
        bench = Bench(options, Path(work).resolve())
        for part in parts:
            getattr(bench, part)()
        os.chdir("/")
    versions = [subprocess.run([program, "version" if kind is Restic else "--version"], capture_output=True, text=True).stdout.split("\n")[0] for kind, program in bench.programs]
    print(f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} processors, Linux {platform.release()}; {'; '.join(versions)}\n")
    bench.report.print()
    sys.exit(1 if bench.report.missed and not options.quick else 0)


if __name__ == "__main__":
    main()
