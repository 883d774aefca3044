#!/usr/bin/env python3
"""Very many small files, a thousand in each directory: what each command takes in time and memory, beside git.

    million.py --pond BINARY [--files 1000000] [--limit MEGABYTES] [--work DIR] [--keep] [--no-git]

Seconds are wall time. Memory is the kernel's `ru_maxrss`, and in brackets the highest RssAnon that was seen every few milliseconds: what the
system cannot take back at once. With `--limit` a command of pond that took more memory is exit code 1.
"""
import argparse
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measure import content_size, run_watched, say, settle
from tools import Git, Pond

IN_DIRECTORY = 1000


def content_of(number, version):
    """30 bytes, other ones for each file and version."""
    return hashlib.sha256(f"{number} {version}".encode()).hexdigest()[:29] + "\n"


def write_files(directory, numbers, version):
    for number in numbers:
        path = os.path.join(directory, f"site-{number // IN_DIRECTORY:04}", f"reading-{number % IN_DIRECTORY:03}.txt")
        if number % IN_DIRECTORY == 0:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(content_of(number, version))


class Way:
    """One tool's way through all steps: what each took."""

    def __init__(self, tool, files):
        self.tool, self.files, self.taken = tool, files, {}
        tool.directory.mkdir()
        write_files(tool.directory, range(files), 0)
        tool.start()
        settle()

    def change(self, numbers, version):
        write_files(self.tool.directory, numbers, version)

    def step(self, name, *arguments):
        seconds, peak, anonymous = self.taken[name] = run_watched([self.tool.program, *arguments], self.tool.directory, self.tool.env)
        say(f"{self.tool.name} {name}: {seconds:.2f} s, {peak >> 10} MB ({anonymous >> 10} MB)")

    def go(self):
        self.step("add", "add", "-A")
        self.step("commit", "commit", "-q", "-m", "all")
        self.stored = {part.name: content_size(part) for part in self.tool.store.iterdir()}
        # The times of the files are no longer those of the index.
        settle()
        self.step("status", "status", "-s")
        self.step("status again", "status", "-s")
        self.change([self.files // 2], 1)
        self.step("status, one changed", "status", "-s")
        self.step("diff, one changed", "diff")
        self.tool.do("switch", "-q", "-c", "other")
        self.change(range(0, self.files, 10), 2)
        self.step("status, a tenth changed", "status", "-s")
        self.step("diff, a tenth changed", "diff", "--stat")
        self.step("add of a tenth", "add", "-A")
        self.step("commit of a tenth", "commit", "-q", "-m", "a tenth")
        settle()
        self.step("switch, a tenth differs", "switch", "-q", "-")
        self.step("switch back", "switch", "-q", "-")
        self.step("log", "log")
        self.step("log --stat", "log", "--stat")
        self.lay_out()

    def lay_out(self):
        target = self.tool.directory.parent / f"laid-out-{self.tool.name}"
        arguments = {"pond": ["restore", "-q", "--to", str(target)], "git": ["checkout-index", "-a", f"--prefix={target}/"]}
        self.step("lay out elsewhere", *arguments[self.tool.name])
        shutil.rmtree(target)


def print_table(ways):
    names = [way.tool.name for way in ways]
    print(f"| | {' | '.join(f'{name}, s | {name}, MB' for name in names)} |\n|---|{'---:|' * (2 * len(names))}")
    for step in ways[0].taken:
        cells = []
        for way in ways:
            seconds, peak, anonymous = way.taken[step]
            cells += [f"{seconds:.2f}", f"{peak >> 10} ({anonymous >> 10})"]
        print(f"| {step} | {' | '.join(cells)} |")
    pond, *git = ways
    content = len(content_of(0, 0)) * pond.files
    parts = pond.stored | {"table": pond.stored["oplog"] - content}
    shown = ", ".join(f"{name} {parts[name] / pond.files:.0f}" for name in ("table", "mirrors", "cache"))
    print(f"\nbytes a file, beyond its content: {shown}")
    if git:
        takes = [sum(way.taken[step][0] for step in ("add", "commit")) for way in ways]
        print(f"add and commit: {takes[0] / takes[1]:.2f} of git's time")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pond", required=True, type=Path, help="the binary")
    parser.add_argument("--files", type=int, default=1_000_000, help="how many")
    parser.add_argument("--limit", type=int, metavar="MEGABYTES", help="of memory, for each command of pond")
    parser.add_argument("--work", type=Path, help="where to work (default: a directory in TMPDIR)")
    parser.add_argument("--keep", action="store_true", help="leave the files there")
    parser.add_argument("--no-git", action="store_true", help="pond alone")
    options = parser.parse_args()
    if options.work:
        os.makedirs(options.work, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="pond-million-", dir=options.work)).resolve()
    home = work / "home"
    home.mkdir()
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"{program}_{role}_{key}": value for program in ("POND", "GIT") for key, value in {"NAME": "Bench", "EMAIL": "bench@example.org"}.items()}
    tools = [Pond(str(options.pond.resolve()), work / "pond", env)]
    if not options.no_git:
        tools.append(Git(shutil.which("git") or parser.error("there is no git"), work / "git", env))
    ways = []
    for tool in tools:
        ways.append(Way(tool, options.files))
        ways[-1].go()
    os.chdir("/")
    print_table(ways)
    if options.keep:
        print(f"left in {work}")
    else:
        shutil.rmtree(work)
    over = [step for step, (_, peak, _) in ways[0].taken.items() if options.limit and peak > options.limit << 10]
    if over:
        sys.exit(f"more than {options.limit} MB: {', '.join(over)}")


if __name__ == "__main__":
    main()
