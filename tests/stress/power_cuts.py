#!/usr/bin/env python3
"""Power cuts while a switch lays out files: none may be torn or empty, or be taken for the user's change.

Needs root and Linux: a pond on an ext4 file system in a loop device, which is shut down (EXT4_IOC_SHUTDOWN) at a random moment of
`pond switch`, with the journal flushed or not, and mounted again. Then every file must have the content of one of the two
versions, `status` must name none, and the next switch must bring all of them to their version. Prints what it saw; ends with
1 if a promise was not kept. Only Python's standard library is needed.

    tests/stress/power_cuts.py --pond BINARY [--trials 40] [--files 600]
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

SHUTDOWN = 0x8004587D
FLUSH_JOURNAL, FLUSH_NOTHING = 1, 2


def content(number, version):
    return (f"file {number} of version {version}\n" * (1 + number % 400)).encode()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pond", required=True)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--seed", type=int, default=20260301)
    options = parser.parse_args()
    program, numbers = str(Path(options.pond).resolve()), random.Random(options.seed)
    counts = {"cut before the end": 0, "ended before the cut": 0, "old files": 0, "new files": 0, "due": 0}
    failures = []
    with tempfile.TemporaryDirectory(prefix="pond-cuts-") as work:
        work = Path(work)
        image, root, home = work / "image", work / "disk", work / "home"
        root.mkdir(), home.mkdir()
        with open(image, "wb") as file:
            file.truncate(600 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
        env = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "NO_COLOR": "1"}
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"POND_{role}_NAME": "Stress", f"POND_{role}_EMAIL": "stress@example.org"}
        mount = lambda: subprocess.run(["mount", "-o", "loop", str(image), str(root)], check=True)
        mirror = root / "mirror"

        def pond(*arguments, check=True):
            done = subprocess.run([program, *arguments], cwd=mirror, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if check and done.returncode:
                raise SystemExit(f"pond {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
            return done

        mount()
        try:
            mirror.mkdir()
            pond("init")
            for version, branch in enumerate(("a", "b")):
                for number in range(options.files):
                    # Some are in one version only.
                    path = mirror / f"d{number % 17}" / f"{number}.txt"
                    path.parent.mkdir(exist_ok=True)
                    if number % 10 == 9 and number % 20 // 10 == version:
                        path.unlink(missing_ok=True)
                    else:
                        path.write_bytes(content(number, version))
                pond("add", "-A"), pond("commit", "-m", branch), pond("branch", branch)
            started = time.monotonic()
            pond("switch", "a")
            usual = time.monotonic() - started
            at = "a"
            for trial in range(options.trials):
                to = "b" if at == "a" else "a"
                os.sync()
                process = subprocess.Popen([program, "switch", to], cwd=mirror, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(numbers.uniform(0, usual * 3))
                flag = FLUSH_JOURNAL if trial % 2 else FLUSH_NOTHING
                disk = os.open(root, os.O_RDONLY)
                fcntl.ioctl(disk, SHUTDOWN, struct.pack("I", flag))
                os.close(disk)
                ended = process.poll() is not None
                process.kill()
                code = process.wait()
                acknowledged = ended and code == 0
                counts["ended before the cut" if acknowledged else "cut before the end"] += 1
                subprocess.run(["umount", str(root)], check=True)
                mount()
                for number in range(options.files):
                    path = mirror / f"d{number % 17}" / f"{number}.txt"
                    found = path.read_bytes() if path.exists() else None
                    kinds = [None if number % 10 == 9 and number % 20 // 10 == version else content(number, version) for version in (0, 1)]
                    if found not in kinds and found is not None:
                        failures.append(f"trial {trial}: {path.name} is torn: {len(found)} bytes")
                    wanted = kinds["ab".index(to)]
                    if acknowledged and found != wanted:
                        failures.append(f"trial {trial}: {path.name} is not what the switch that ended had written")
                    counts["new files" if found == wanted else "old files"] += 1
                status = pond("status", "--porcelain").stdout
                if status.strip():
                    failures.append(f"trial {trial}: taken for the user's: {status.splitlines()[:3]}")
                head = pond("rev-parse", "--abbrev-ref", "HEAD").stdout.strip()
                counts["due"] += head == to and not acknowledged
                pond("switch", to)
                for number in range(options.files):
                    path = mirror / f"d{number % 17}" / f"{number}.txt"
                    version = "ab".index(to)
                    wanted = None if number % 10 == 9 and number % 20 // 10 == version else content(number, version)
                    if (path.read_bytes() if path.exists() else None) != wanted:
                        failures.append(f"trial {trial}: {path.name} is not at its version after the next switch")
                at = to
        finally:
            subprocess.run(["umount", str(root)], check=False)
    print(f"{options.trials} power cuts: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    for failure in failures[:20]:
        print("BAD", failure)
    print("all promises were kept" if not failures else f"{len(failures)} promises were broken")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
