"""The programs that are compared: how each makes a store, and takes in what is new."""
import shutil
from pathlib import Path

from measure import disk_use, find, run


class Tool:
    """One program. `directory` is the work tree; `store` is where it keeps what it takes in."""

    def __init__(self, program, directory, env):
        self.program, self.directory, self.env = program, Path(directory), env

    def do(self, *arguments):
        return run([self.program, *arguments], self.directory, self.env)

    def take(self, *paths):
        """Takes in everything new: seconds, and the highest peak of memory in kilobytes."""
        runs = [self.do(*step) for step in self.steps(paths)]
        return sum(seconds for seconds, _ in runs), max(peak for _, peak in runs)

    def size(self):
        return disk_use(self.store)

    def forget(self):
        shutil.rmtree(self.store, ignore_errors=True)


class Pond(Tool):
    name = "pond"

    @property
    def store(self):
        return self.directory / ".pond"

    def start(self):
        self.forget()
        self.do("init", "-q")

    def steps(self, paths):
        return [["add", *(paths or ["-A"])], ["commit", "-q", "-m", "benchmark"]]


    def lay_out(self, target):
        self.do("restore", "-q", "-s", "all", "--to", str(target))


class Git(Tool):
    name = "git"

    @property
    def store(self):
        return self.directory / ".git"

    def start(self):
        self.forget()
        self.do("init", "-q")
        # At its best: no collection of garbage in between.
        self.do("config", "gc.auto", "0")

    def steps(self, paths):
        return [["add", *(paths or ["-A"])], ["commit", "-q", "-m", "benchmark"]]


class Restic(Tool):
    name = "restic"

    @property
    def store(self):
        return self.directory.parent / f"{self.directory.name}.restic"

    def start(self):
        self.forget()
        self.do("init", "-q", "-r", str(self.store))

    def steps(self, paths):
        return [["backup", "-q", "-r", str(self.store), "."]]

    def lay_out(self, target):
        self.do("restore", "-q", "-r", str(self.store), "latest", "--target", str(target))


class Borg(Tool):
    name = "borg"
    taken = 0

    @property
    def store(self):
        return self.directory.parent / f"{self.directory.name}.borg"

    def start(self):
        self.forget()
        self.do("init", "-e", "none", str(self.store))

    def steps(self, paths):
        self.taken += 1
        return [["create", "-C", "zstd,1", f"{self.store}::n{self.taken}", "."]]

    def lay_out(self, target):
        run([self.program, "extract", f"{self.store}::n{self.taken}"], target, self.env)


def installed(pond):
    """The classes with their programs; pond and git always."""
    found = [(Pond, pond), (Git, find("git"))]
    found += [(kind, path) for kind, path in [(Restic, find("restic")), (Borg, find("borg"))] if path]
    if not found[1][1]:
        raise SystemExit("git is not installed")
    return found
