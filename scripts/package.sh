#!/usr/bin/env bash
# Builds the program for a target and packs it, with a checksum, into dist/: what a release holds and
# scripts/action.sh downloads. Needs Rust; on Linux also the musl tools, which it installs on Debian.
set -euo pipefail

target=${1:?usage: package.sh TARGET TAG}
tag=${2:?usage: package.sh TARGET TAG}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
if [ "$tag" != "v$version" ]; then
  echo "error: the tag is $tag and Cargo.toml says $version" >&2
  exit 1
fi

case "$target" in
  *-linux-musl)
    # A static program: the crates that hold C need a compiler for musl.
    if ! command -v musl-gcc >/dev/null; then
      sudo apt-get update -qq
      sudo apt-get install -y -qq --no-install-recommends musl-tools
    fi
    export "CC_${target//-/_}=musl-gcc"
    ;;
esac
rustup target add "$target"
cargo build --release --locked --target "$target"

end=""
case "$target" in *-windows-*) end=.exe ;; esac
name="keytrawl-$version-$target.tar.gz"
mkdir -p dist
tar -czf "dist/$name" -C "target/$target/release" "keytrawl$end"
cd dist
if command -v sha256sum >/dev/null; then
  sha256sum "$name" >"$name.sha256"
else
  shasum -a 256 "$name" >"$name.sha256"
fi
