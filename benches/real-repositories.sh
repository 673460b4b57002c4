#!/usr/bin/env bash
# Scans real repositories and holds what is reported against benches/real-repositories.tsv, where every
# place was looked at and has a class: secret, fixture (made for tests or documents) or none (no secret).
#
#   benches/real-repositories.sh NAME=DIR...    these work trees, by their name in the table
#   benches/real-repositories.sh ROOT           the folders of ROOT that have a name of the table
#
# The head of the table names the commits. KEYTRAWL is the program with any options, such as
# KEYTRAWL='target/release/keytrawl --rules my.toml'; without it, the release is built. Needs git and python3.
# Exit code: 0 nothing but what the table has, 1 it differs, 2 a repository could not be scanned wholly.
set -euo pipefail
usage='usage: benches/real-repositories.sh NAME=DIR... | ROOT'
here=$(cd "$(dirname "$0")" && pwd)
table=$here/real-repositories.tsv
[ $# -gt 0 ] || { echo "$usage" >&2; exit 2; }
if [ -z "${KEYTRAWL:-}" ]; then
  (cd "$here/.." && cargo build --release --quiet)
  target=${CARGO_TARGET_DIR:-$here/../target}
  keytrawl=("$target/release/keytrawl")
else
  read -ra keytrawl <<<"$KEYTRAWL"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

trees=()
for given in "$@"; do
  if [[ $given == *=* ]]; then
    trees+=("$given")
  else
    while read -r name; do
      if [ -d "$given/$name" ]; then trees+=("$name=$given/$name"); fi
    done < <(grep -v '^#' "$table" | tail -n +2 | cut -f1 | sort -u)
  fi
done
[ ${#trees[@]} -gt 0 ] || { echo "no folder there has a name of the table; $usage" >&2; exit 2; }

for tree in "${trees[@]}"; do
  name=${tree%%=*} dir=${tree#*=}
  [ -d "$dir" ] || { echo "$dir: no such folder; $usage" >&2; exit 2; }
  # Within the folder, so that paths begin there. A finding is exit code 1.
  code=0
  (cd "$dir" && "${keytrawl[@]}" --no-config --no-baseline --format json . >"$work/$name.json") || code=$?
  [ "$code" -le 1 ] || { echo "$name: keytrawl ended with $code" >&2; exit 2; }
  git -C "$dir" rev-parse HEAD >"$work/$name.commit" 2>/dev/null || true
done

python3 - "$table" "$work" "${trees[@]%%=*}" <<'PYTHON'
import json, os, re, sys
from collections import Counter, defaultdict

CLASSES = ("secret", "fixture", "none")


def read_table(path):
    """Places of each repository with the classes they have, and the commits that the head names."""
    known, commits = defaultdict(lambda: defaultdict(list)), {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.rstrip("\n")
            if line.startswith("#"):
                head = re.match(r"#   (\S+) ([0-9a-f]{40}) \S+$", line)
                if head:
                    commits[head[1]] = head[2]
                continue
            repository, rule, place, number, kind, _ = line.split("\t")
            if repository != "repository":
                known[repository][rule, place, int(number)].append(kind)
    return known, commits


def read_report(path):
    """How often each place is reported."""
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    if not report["complete"]:
        print(f"{path}: not everything was read: {report['warnings']}", file=sys.stderr)
        sys.exit(2)
    return Counter(
        (finding["rule"], os.path.normpath(place["path"]), place["line"])
        for finding in report["findings"]
        for place in finding["occurrences"]
    )


def compare(known, found):
    """The classes of what is reported, what the table lacks, and what is gone."""
    classes, new, gone = Counter(), [], []
    for place in sorted(known.keys() | found.keys()):
        kinds, times = known.get(place, []), found.get(place, 0)
        classes.update(kinds[:times])
        new += [place] * (times - len(kinds))
        gone += [(place, kind) for kind in kinds[times:]]
    return classes, new, gone


def share(classes):
    every = sum(classes[kind] for kind in CLASSES)
    none, rest = classes["none"], every - classes["fixture"]
    part = lambda of: f"{none} of {of}" + (f" ({100 * none / of:.1f} %)" if of else "")
    return f"no secret: {part(every)} in all, {part(rest)} without fixtures"


table, work, names = sys.argv[1], sys.argv[2], sys.argv[3:]
known, commits = read_table(table)
total, differs = Counter(), False
for name in names:
    commit = open(f"{work}/{name}.commit", encoding="utf-8").read().strip()
    if commit != commits.get(name):
        print(f"{name}: at {commit or 'no commit'}, the table is of {commits.get(name)}")
    classes, new, gone = compare(known[name], read_report(f"{work}/{name}.json"))
    counts = "  ".join(f"{kind} {classes[kind]}" for kind in CLASSES)
    print(f"{name}: {counts}  new {len(new)}  gone {len(gone)}")
    for rule, path, line in new:
        print(f"  new   {rule}  {path}:{line}")
    for (rule, path, line), kind in gone:
        print(f"  gone  {rule}  {path}:{line}  ({kind})")
    total += classes
    differs |= bool(new or gone)
print("all: " + "  ".join(f"{kind} {total[kind]}" for kind in CLASSES))
print(share(total))
sys.exit(1 if differs else 0)
PYTHON
