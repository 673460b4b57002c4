#!/bin/sh
# Times `keytrawl history` on a repository beside `git cat-file` over all its objects, and beside
# other scanners that are named by path. Needs git and hyperfine.
#
#   benches/history.sh REPO [NAME=COMMAND]...
#
# A COMMAND may use $REPO, as in: 'gitleaks=/opt/gitleaks git --no-banner "$REPO"'. KEYTRAWL names
# the program (default target/release/keytrawl), RUNS the number of runs (default 5), OPTIONS more
# options for keytrawl. Also says whether a search of every byte finds the same.
set -eu

[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
REPO=$1
shift
KEYTRAWL=${KEYTRAWL:-target/release/keytrawl}
OPTIONS=${OPTIONS:-}
export REPO KEYTRAWL OPTIONS
GIT_DIR=$(git -C "$REPO" rev-parse --absolute-git-dir 2>/dev/null || echo "$REPO")
export GIT_DIR

uptime
scan='"$KEYTRAWL" history "$REPO" --no-config --no-cache --quiet --format json $OPTIONS'
set -- "git cat-file=git cat-file --batch-all-objects --unordered --batch --buffer" "$@"
set -- "keytrawl exhaustive=$scan --exhaustive" "$@"
set -- "keytrawl=$scan" "$@"

for peer in "$@"; do
    hyperfine --warmup 1 --runs "${RUNS:-5}" --ignore-failure --shell sh \
        --command-name "${peer%%=*}" "${peer#*=} >/dev/null"
done

one=$(mktemp)
two=$(mktemp)
trap 'rm -f "$one" "$two"' EXIT
sh -c "$scan" >"$one" || true
sh -c "$scan --exhaustive" >"$two" || true
if cmp -s "$one" "$two"; then
    echo "a search of every byte finds the same"
else
    echo "a search of every byte finds something else" >&2
    exit 1
fi
