#!/usr/bin/env python3
"""Writes the benchmark's inputs. The same arguments give the same bytes on every machine.

    generate.py tree DIR [FILES]            source-like files in nested directories (default 23000)
    generate.py flat DIR [FILES]            one directory of small files (default 100000)
    generate.py csv FILE MEGABYTES [FROM]   sensor readings; FROM megabytes are skipped, so that pieces append to each other
"""
import hashlib
import os
import sys

MEGABYTE = 1_000_000
PIECE = MEGABYTE // 4


class Numbers:
    """Deterministic numbers: SHA-256 in counter mode, independent of Python's own generators."""

    def __init__(self, seed):
        self.seed, self.counter, self.words = seed, 0, []

    def below(self, end):
        if not self.words:
            block = hashlib.sha256(f"{self.seed} {self.counter}".encode()).digest()
            self.words = [int.from_bytes(block[at : at + 4], "little") for at in range(0, 32, 4)]
            self.counter += 1
        return self.words.pop() % end


def vocabulary():
    numbers = Numbers("words")
    syllables = "re con ta mi lo gen ex in put read er or stat buf chan node page tree key val lock sync map err".split()
    return ["".join(syllables[numbers.below(len(syllables))] for _ in range(1 + numbers.below(3))) for _ in range(4000)]


def source_text(numbers, words, lines):
    word = lambda: words[min(numbers.below(len(words)), numbers.below(len(words)))]
    shapes = [
        lambda: f"    let {word()} = {word()}.{word()}({word()}, {numbers.below(4096)})?;",
        lambda: f"    if {word()} < {word()} {{ return Err({word().title()}::{word().title()}); }}",
        lambda: f"// {' '.join(word() for _ in range(4 + numbers.below(9)))}",
        lambda: f"pub fn {word()}_{word()}({word()}: &{word().title()}, {word()}: u{8 << numbers.below(4)}) -> Result<{word().title()}> {{",
        lambda: "}\n",
    ]
    return "\n".join(shapes[numbers.below(len(shapes))]() for _ in range(lines)) + "\n"


def tree(directory, files=23_000):
    """About 15 KB a file on average, most far smaller: the sizes of a tree of sources."""
    words = vocabulary()
    pool = [source_text(Numbers(f"text {number}"), words, 40) for number in range(600)]
    for number in range(files):
        numbers = Numbers(f"file {number}")
        package, module = number // 97, number // 11 % 9
        path = os.path.join(directory, f"package-{package:03}", "src", words[module], f"{words[number % 4000]}_{number}.rs")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        pieces = 1 + min(numbers.below(14), numbers.below(40))
        parts = [source_text(numbers, words, 6 + numbers.below(30))]
        parts += [pool[numbers.below(len(pool))] for _ in range(pieces - 1)]
        with open(path, "w") as file:
            file.write("".join(parts))


def flat(directory, files=100_000):
    os.makedirs(directory, exist_ok=True)
    for number in range(files):
        with open(os.path.join(directory, f"reading-{number:06}.txt"), "w") as file:
            file.write(f"{number},{hashlib.sha256(str(number).encode()).hexdigest()[:24]}\n")


def csv(path, megabytes, skip=0):
    """Every 250 KB piece depends on its number alone, so that an append continues the file. The columns drift as
    sensors do, with noise in the last digits that no codec can take away."""
    with open(path, "ab") as file:
        for piece in range(skip * 4, (skip + megabytes) * 4):
            file.write(csv_piece(piece))


def csv_piece(piece):
    noise = hashlib.shake_256(f"piece {piece}".encode()).digest(PIECE // 4)
    rows, size, at = [], 0, 0
    second = 1_700_000_000 + piece * 60_000
    level, temperature = 4200 + piece % 700, 1150 + piece % 300
    while size < PIECE:
        drift, jitter = noise[at], noise[at + 1]
        level += (drift & 7) - 3 if drift < 250 else 40
        temperature += (jitter & 3) - 1
        second += 5 + (drift == 7) * 295
        row = (
            f"{second},st-{piece % 40:02},{level / 1000:.3f},{temperature / 100:.2f},"
            f"{12 + (noise[at + 2] & 63) / 100:.2f},{int.from_bytes(noise[at + 3 : at + 6], 'little') % 1000000 / 1000:.3f},{drift >> 6}\n"
        )
        rows.append(row)
        size += len(row)
        at = (at + 6) % (len(noise) - 8)
    return "".join(rows).encode()[: PIECE - 1] + b"\n"


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("tree", "flat", "csv"):
        sys.exit(__doc__)
    {"tree": tree, "flat": flat, "csv": csv}[sys.argv[1]](sys.argv[2], *map(int, sys.argv[3:]))
