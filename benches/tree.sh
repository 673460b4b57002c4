#!/usr/bin/env bash
# Compares whole programs on a folder, side by side in one run: ratios count, absolute times do not.
#
#   benches/tree.sh DIR [NAME=COMMAND]...
#
# Every COMMAND gets DIR in the place of {}. keytrawl and ripgrep run always; name peers like this:
#   benches/tree.sh ~/src/rails 'gitleaks=gitleaks dir {} --no-banner -c equal-rules.toml'
# Needs hyperfine and ripgrep (Debian packages). Nothing here asks a network.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:?usage: benches/tree.sh DIR [NAME=COMMAND]...}
shift
cargo build --release --quiet
rg=(rg -c -uu -e mega_ -e tg_live_ -e sk_live_ -e rgo- -e ak_live: --no-messages -g '!.git' "$dir")
args=(-n keytrawl "target/release/keytrawl --no-config $dir" -n ripgrep "${rg[*]@Q}")
for peer in "$@"; do
  args+=(-n "${peer%%=*}" "${peer#*=}")
  args[-1]=${args[-1]//\{\}/$dir}
done
hyperfine -N --warmup 3 --min-runs 15 --ignore-failure "${args[@]}"
