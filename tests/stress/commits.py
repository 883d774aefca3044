#!/usr/bin/env python3
"""Many processes that commit to one pond at once: every acknowledged commit must be there, once.

First each writer makes commits with `commit-tree` and `update-ref`, on branches that two writers share: whose branch was moved by
the other one tries again on its new value, as a script has to. Then as many run `commit` in one mirror. Prints what it saw;
ends with 1 if a promise was not kept. Only Python's standard library is needed.

    tests/stress/commits.py --pond BINARY
"""
import argparse
import collections
import fcntl
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path


class Stress:
    def __init__(self, options, work):
        self.options, self.mirror = options, work / "mirror"
        self.failures, self.refused = [], []
        home = work / "home"
        home.mkdir()
        self.mirror.mkdir()
        self.env = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "NO_COLOR": "1"}
        for role in ("AUTHOR", "COMMITTER"):
            self.env |= {f"POND_{role}_NAME": "Stress", f"POND_{role}_EMAIL": "stress@example.org"}
        self.ok("init")
        for writer in range(options.writers):
            (self.mirror / f"writer-{writer}.log").write_text("begin\n")
        self.ok("add", "-A")
        self.ok("commit", "-m", "first")
        self.first = self.ok("rev-parse", "HEAD").strip()

    def run(self, *arguments):
        return subprocess.run([self.options.pond, *arguments], cwd=self.mirror, env=self.env, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def ok(self, *arguments):
        done = self.run(*arguments)
        if done.returncode:
            raise SystemExit(f"pond {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def expect(self, holds, what):
        print(f"{'ok ' if holds else 'BAD'} {what}")
        if not holds:
            self.failures.append(what)

    def together(self, work):
        """Runs `work(writer, commits)` for all writers at once; gives what they give, and the seconds."""
        share, rest = divmod(self.options.commits, self.options.writers)
        found = [None] * self.options.writers
        def one(writer):
            found[writer] = work(writer, share + (writer < rest))
        threads = [threading.Thread(target=one, args=(writer,)) for writer in range(self.options.writers)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found, time.perf_counter() - start

    def branches(self):
        names = [f"refs/heads/branch-{number}" for number in range(self.options.branches)]
        tree = self.ok("rev-parse", "HEAD^{tree}").strip()
        for name in names:
            self.ok("update-ref", name, self.first)

        def work(writer, commits):
            seen = collections.Counter()
            name, acknowledged = names[writer % len(names)], []
            for number in range(commits):
                while True:
                    old = self.ok("rev-parse", name).strip()
                    made = self.run("commit-tree", tree, "-p", old, "-m", f"writer {writer} commit {number}")
                    new = made.stdout.strip()
                    moved = self.run("update-ref", name, new, old) if made.returncode == 0 else made
                    if moved.returncode == 0:
                        acknowledged.append(new)
                        break
                    kind = "lost" if "was expected" in moved.stderr else "refused"
                    seen[kind] += 1
                    if kind == "refused":
                        self.refused.append(moved.stderr.strip())
                        if seen["refused"] > commits:
                            return name, acknowledged, seen
            return name, acknowledged, seen

        found, seconds = self.together(work)
        acknowledged = [commit for _, commits, _ in found for commit in commits]
        seen = sum((counts for _, _, counts in found), collections.Counter())
        count = len(acknowledged)
        print(f"{self.options.writers} writers on {len(names)} branches: {count} commits acknowledged in {seconds:.1f} s ({count / seconds:.0f} a second); "
              f"{seen['lost']} tries found their own branch moved, {seen['refused']} were refused for another reason")
        for text, times in collections.Counter(self.refused).most_common(5):
            print(f"    {times} x {text.splitlines()[0] if text else 'without a word'}")
        self.expect(count == self.options.commits, f"{count} of {self.options.commits} commits are acknowledged")
        self.expect(seen["refused"] * 100 <= count, "of those whose branch was theirs, 99 of 100 go through without being tried again by hand")
        present = collections.Counter()
        for name in names:
            mine = {commit for ref, commits, _ in found if ref == name for commit in commits}
            listed = self.ok("rev-list", name).split()
            present.update(listed)
            self.expect(set(listed) == mine | {self.first} and len(listed) == len(mine) + 1, f"{name} has its {len(mine)} commits, each once, and no other")
        self.expect(all(present[commit] == 1 for commit in acknowledged), "every acknowledged commit is on one branch")

    def one_mirror(self):
        def work(writer, commits):
            acknowledged, path = [], self.mirror / f"writer-{writer}.log"
            for number in range(commits):
                with open(path, "a") as file:
                    file.write(f"line {number}\n")
                message = f"mirror: writer {writer} commit {number}"
                done = self.run("commit", "-q", "-a", "--allow-empty", "-m", message)
                if done.returncode == 0:
                    acknowledged.append(message)
                else:
                    self.refused.append(done.stderr.strip())
            return acknowledged

        self.refused = []
        found, seconds = self.together(work)
        acknowledged = [message for messages in found for message in messages]
        count = len(acknowledged)
        print(f"{self.options.writers} writers in one mirror: {count} commits acknowledged in {seconds:.1f} s ({count / seconds:.0f} a second); {len(self.refused)} refused")
        for text, times in collections.Counter(self.refused).most_common(5):
            print(f"    {times} x {text.splitlines()[0] if text else 'without a word'}")
        self.expect(count == self.options.commits, f"{count} of {self.options.commits} commits are acknowledged")
        subjects = self.ok("log", "--format=%s", f"{self.first}..").splitlines()
        self.expect(sorted(subjects) == sorted(acknowledged), "'log' has each of them once, and no other")
        self.expect(not self.ok("status", "--porcelain"), "what all of them wrote is committed")

    def whole(self):
        """What must hold of the pond whatever was done."""
        dot_pond = self.mirror / ".pond"
        for lock in (dot_pond / "lock", dot_pond / "mirrors" / "main" / "lock"):
            with open(lock) as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.expect(not file.read(), f"nobody holds '{lock.relative_to(self.mirror)}'")
                except BlockingIOError:
                    self.expect(False, f"'{lock.relative_to(self.mirror)}' is free")
        left = [path.name for path in (dot_pond / "staging").iterdir()] if (dot_pond / "staging").is_dir() else []
        self.expect(not left, f"the staging area is empty {left[:5] or ''}")
        numbers = [json.loads(line)["operation"] for line in self.ok("op", "log", "--json").splitlines()]
        self.expect(numbers == list(range(numbers[0], numbers[0] - len(numbers), -1)) and len(set(numbers)) == len(numbers), f"'op log' has {len(numbers)} operations without a gap")
        # Each commit of the mirror is an operation, and so is each move of a branch; what made the commits is one more.
        self.expect(len(numbers) >= 2 * self.options.commits, "and one for every acknowledged commit at least")
        entries = sorted(int(path.stem) for path in (dot_pond / "oplog" / "_delta_log").glob("*.json") if path.stem.isdigit())
        self.expect(entries == list(range(entries[0], entries[-1] + 1)), f"the table's log has {len(entries)} entries without a gap")
        tips = self.ok("for-each-ref", "--format=%(objectname)", "refs/heads").split()
        everything = self.ok("rev-list", *tips).split()
        self.expect(len(everything) == len(set(everything)) == 2 * self.options.commits + 1, f"{len(everything)} commits can be reached")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pond", required=True, type=os.path.realpath, help="the binary")
    parser.add_argument("--commits", type=int, default=1000, help="commits of all writers together, in each of the two parts")
    parser.add_argument("--writers", type=int, default=8, help="processes at once")
    parser.add_argument("--branches", type=int, default=4, help="branches that they share in the first part")
    parser.add_argument("--work", type=Path, help="where to work (default: a directory in TMPDIR)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pond-stress-", dir=options.work) as work:
        stress = Stress(options, Path(work).resolve())
        stress.branches()
        stress.one_mirror()
        stress.whole()
    print(f"{len(stress.failures)} promises were not kept" if stress.failures else "all promises were kept")
    sys.exit(1 if stress.failures else 0)


if __name__ == "__main__":
    main()
