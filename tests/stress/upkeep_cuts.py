#!/usr/bin/env python3
"""Power cuts while packs are merged in the background: no commit may be lost, and the next upkeep must get through.

Needs root and Linux: as power_cuts.py, a pond on an ext4 file system in a loop device, which is shut down at a random moment. Then the
history must be whole, the content of commits must be what was committed, and upkeep must leave one data pack. Prints what it
saw; ends with 1 if a promise was not kept. Only Python's standard library is needed.

    tests/stress/upkeep_cuts.py --pond BINARY [--trials 20]
"""
import argparse
import fcntl
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from power_cuts import FLUSH_JOURNAL, FLUSH_NOTHING, SHUTDOWN

# As many commits as make a merge due, each of so many bytes that it is a large one.
DUE, LARGE = 32, 100_000
UPKEEP = ("maintenance", "--auto", "--in-background")


def content(number):
    return random.Random(number).randbytes(LARGE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pond", required=True)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20260301)
    options = parser.parse_args()
    program, numbers, failures, commits = str(Path(options.pond).resolve()), random.Random(options.seed), [], 0
    counts = {"cut before the end": 0, "ended before the cut": 0, "merged": 0}
    with tempfile.TemporaryDirectory(prefix="pond-cuts-") as work:
        work = Path(work)
        image, root, home = work / "image", work / "disk", work / "home"
        root.mkdir(), home.mkdir()
        with open(image, "wb") as file:
            file.truncate(600 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
        env = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "NO_COLOR": "1"}
        env |= {f"POND_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in {"NAME": "Stress", "EMAIL": "stress@example.org"}.items()}
        mirror = root / "mirror"

        def pond(*arguments):
            done = subprocess.run([program, *arguments], cwd=mirror, env=env, capture_output=True, stdin=subprocess.DEVNULL)
            if done.returncode:
                raise SystemExit(f"pond {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr.decode()}")
            return done.stdout

        def data_packs():
            return int(pond("count-objects", "-v").split(b"data-packs: ")[1].split()[0])

        mount = lambda: subprocess.run(["mount", "-o", "loop", str(image), str(root)], check=True)
        mount()
        try:
            mirror.mkdir()
            pond("init")
            usual = 0.3
            for trial in range(options.trials):
                pond("config", "maintenance.auto", "false")
                merged = data_packs() if commits else 0
                for _ in range(DUE):
                    (mirror / "noise").write_bytes(content(commits))
                    pond("add", "-A"), pond("commit", "-q", "-m", "x")
                    commits += 1
                os.sync()
                before, started = data_packs(), time.monotonic()
                process = subprocess.Popen([program, "--pond", str(mirror), *UPKEEP], cwd="/", env=env, stderr=subprocess.DEVNULL)
                if trial == 0:
                    process.wait()
                    usual = time.monotonic() - started
                else:
                    time.sleep(numbers.uniform(0, usual * 1.3))
                disk = os.open(root, os.O_RDONLY)
                fcntl.ioctl(disk, SHUTDOWN, struct.pack("I", FLUSH_JOURNAL if trial % 2 else FLUSH_NOTHING))
                os.close(disk)
                acknowledged = process.poll() == 0
                process.kill(), process.wait()
                counts["ended before the cut" if acknowledged else "cut before the end"] += 1
                subprocess.run(["umount", str(root)], check=True)
                mount()
                after = data_packs()
                counts["merged"] += after < before
                if acknowledged and after >= before:
                    failures.append(f"trial {trial}: the merge that ended is gone")
                if (found := len(pond("log", "--format=%H").split())) != commits:
                    failures.append(f"trial {trial}: {found} commits of {commits}")
                for number in {0, commits - 1, *(numbers.randrange(commits) for _ in range(5))}:
                    if pond("cat", f"HEAD~{commits - 1 - number}:noise") != content(number):
                        failures.append(f"trial {trial}: commit {number} has another content")
                if pond("status", "--porcelain").strip():
                    failures.append(f"trial {trial}: status names files")
                pond(*UPKEEP)
                if data_packs() != merged + 1:
                    failures.append(f"trial {trial}: {data_packs()} data packs after upkeep")
        finally:
            subprocess.run(["umount", str(root)], check=False)
    print(f"{options.trials} power cuts: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    for failure in failures[:20]:
        print("BAD", failure)
    print("all promises were kept" if not failures else f"{len(failures)} promises were broken")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
