#!/usr/bin/env python3
"""Generates src/bigrams.bin, the table behind `randomness`.

The table says how surprising each character of a *name* is after the character before it: what a
word, an identifier or several of them glued together cost in bits. It knows nothing of keys.

Inputs, all from Debian (bookworm), unpacked and never installed:

    WORDS    wamerican wfrench wspanish wngerman witalian wportuguese wpolish
    SOURCES  golang-1.19-src libpython3.11-stdlib libruby3.1 linux-headers-6.1.0-*-common
             node-typescript libjs-bootstrap4 fonts-font-awesome ruby-activerecord ruby-actionpack
             librust-{clap,tokio,libc,regex-syntax,syn,hyper}-dev

    mkdir debs tree; cd debs; apt-get download PACKAGE...; cd ..
    for deb in debs/*.deb; do name=${deb##*/}; dpkg -x "$deb" "tree/${name%%_*}"; done
    scripts/bigrams.py tree src/bigrams.bin

Layout: three planes (the character two back: none of this word or no letter, a vowel, a consonant)
of 41 rows (the character before: a-z, 0-9, `_`, `-`, `.`, any other byte, start of a word) of 40
columns (the character, same order, no start), then 8 rows (the case before: none, lower, first
upper, further upper; then the same four seen across a digit or separator) of 2 columns (lower,
upper), then one number: the price of not beginning a camel hump is nought, of beginning one this.
Every number is a byte, -log2 of the probability in sixteenths of a bit.

    scripts/bigrams.py --harvest DIR... prints the distinct names of other trees, one a line: what the
    ignored test `measure_names` of `randomness` reads.
"""

import math
import os
import re
import sys
import zlib

WORD_LISTS = {"american-english", "french", "spanish", "ngerman", "italian", "portuguese", "polish"}
SUFFIXES = (
    ".rs", ".go", ".py", ".rb", ".c", ".h", ".js", ".ts", ".jsx", ".tsx", ".java", ".sh", ".css",
    ".scss", ".toml", ".yml", ".yaml", ".erb", ".md", ".html",
)
NAME = re.compile(rb"(?<![A-Za-z0-9_.+/=-])[A-Za-z_][A-Za-z0-9]*(?:[_.-]+[A-Za-z0-9]+)*(?![A-Za-z0-9_.+/=-])")
# Digests, encoded data and the like are no names; what is left of them must not teach the model.
DATA = re.compile(rb"(?=.*[0-9])(?:[0-9a-f]{12,}|[0-9A-F]{12,}|[A-Za-z0-9+/=]{40,})")
NAMES_A_PACKAGE = 120_000
WORDS_A_LIST = 90_000
WORD_WEIGHT = 0.12  # a list of inflected forms says less about identifiers than identifiers do
SYMBOLS, START, OTHER = 40, 40, 39
VOWELS = {0, 4, 8, 14, 20, 24}
EPSILON = 0.02  # of the probability goes to every character alike: no single one decides
PER_BIT = 16


def names(folder):
    """The distinct names in the source files below a folder, in a fixed order."""
    found = set()
    for base, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            path = os.path.join(base, file)
            if not file.endswith(SUFFIXES) or ".min." in file or os.path.islink(path):
                continue
            with open(path, "rb") as source:
                for name in NAME.findall(source.read()):
                    if 4 <= len(name) <= 80 and not DATA.search(name):
                        found.add(name)
    return sorted(found, key=lambda name: (zlib.crc32(name), name))


def words(path):
    with open(path, "rb") as source:
        found = {line.strip() for line in source}
    plain = [word for word in found if re.fullmatch(rb"[A-Za-z]{2,}", word)]
    return sorted(plain, key=lambda word: (zlib.crc32(word), word))[:WORDS_A_LIST]


def symbol(byte):
    if 97 <= byte <= 122:
        return byte - 97
    if 65 <= byte <= 90:
        return byte - 65
    if 48 <= byte <= 57:
        return byte - 48 + 26
    return {95: 36, 45: 37, 46: 38}.get(byte, OTHER)


class Counts:
    def __init__(self):
        self.pairs = [[0.0] * SYMBOLS for _ in range(3 * (SYMBOLS + 1))]
        self.cases = [[1.0, 1.0] for _ in range(8)]
        self.humps = [1.0, 1.0]

    def add(self, name, weight):
        plane, before, case, across = 0, START, 0, 0
        for byte in name:
            now = symbol(byte)
            if now < 26:
                upper = byte < 97
                # Written in step with `randomness::cost`.
                if case == 1 and not across:
                    self.humps[upper] += weight
                    if upper:
                        plane, before = 0, START
                else:
                    self.cases[case + 4 * across][upper] += weight
                case = (3 if case in (2, 3) and not across else 2) if upper else 1
                across = 0
            else:
                across = 1
            self.pairs[plane * (SYMBOLS + 1) + before][now] += weight
            plane = 0 if before >= 26 else 1 if before in VOWELS else 2
            before = now

    def table(self):
        rows = []
        for row in self.pairs:
            # Which digit it is, a name leaves open more than the sources do.
            digits = sum(row[26:36])
            for digit in range(26, 36):
                row[digit] = 0.5 * row[digit] + 0.05 * digits
            total = sum(row) + 20.0
            rows += [
                (1 - EPSILON) * (count + 20.0 / SYMBOLS) / total + EPSILON / SYMBOLS for count in row
            ]
        for lower, upper in self.cases:
            rows += [lower / (lower + upper), upper / (lower + upper)]
        rows.append(self.humps[1] / sum(self.humps))
        return bytes(min(255, round(-math.log2(share) * PER_BIT)) for share in rows)


def main(arguments):
    if arguments[:1] == ["--harvest"]:
        for name in sorted({name for folder in arguments[1:] for name in names(folder)}):
            print(name.decode())
        return
    tree, target = arguments
    counts = Counts()
    for package in sorted(os.listdir(tree)):
        dictionary = os.path.join(tree, package, "usr/share/dict")
        if os.path.isdir(dictionary):
            lists = sorted(WORD_LISTS & set(os.listdir(dictionary)))
            found = [word for name in lists for word in words(os.path.join(dictionary, name))]
            weight = WORD_WEIGHT
        else:
            found, weight = names(os.path.join(tree, package))[:NAMES_A_PACKAGE], 1.0
        print(f"{package}: {len(found)}", file=sys.stderr)
        for name in found:
            counts.add(name, weight)
    with open(target, "wb") as output:
        output.write(counts.table())


if __name__ == "__main__":
    main(sys.argv[1:])
