#!/usr/bin/env bash
# Gets the program for the GitHub Action: `choose` says which one and where it goes, `get` puts it
# there. A release is taken if the action was named by the tag of one (`@v1.2.3`), or if the input
# `version` names one; else this very source is built. What is scanned is none of its business.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  echo "::error title=keytrawl::$*"
  exit 1
}

# The version that this source is.
own_version() {
  sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

# The name that releases have for this machine; empty for one that they do not know.
target() {
  case "${RUNNER_OS:-$(uname -s)}/${RUNNER_ARCH:-$(uname -m)}" in
    Linux/X64 | Linux/x86_64) echo x86_64-unknown-linux-musl ;;
    Linux/ARM64 | Linux/aarch64) echo aarch64-unknown-linux-musl ;;
    macOS/ARM64 | Darwin/arm64) echo aarch64-apple-darwin ;;
    macOS/X64 | Darwin/x86_64) echo x86_64-apple-darwin ;;
    Windows/X64) echo x86_64-pc-windows-msvc ;;
  esac
}

# A name for everything that the program is built from.
source_hash() {
  (
    cd "$root"
    find Cargo.toml Cargo.lock src rules -type f | LC_ALL=C sort | while IFS= read -r file; do
      sha256 "$file"
    done | sha256 | cut -c 1-32
  )
}

choose() {
  local version=${VERSION:-} machine folder source key
  version=${version#v}
  if [ -z "$version" ] && [[ ${ACTION_REF:-} =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
    version=${ACTION_REF#v}
  fi
  [[ $version =~ ^[0-9A-Za-z.+-]*$ ]] || fail "the input version is no version"
  machine=$(target)
  # A release that does not exist is no reason to fail if this source is that version.
  if [ -n "$version" ] && [ -n "$machine" ] && [ -n "${ACTION_REPOSITORY:-}" ] && exists "$version" "$machine"; then
    source="release $version $machine"
    key="keytrawl-release-$version-$machine"
  elif [ -z "$version" ] || [ "$version" = "$(own_version)" ]; then
    source=build
    key="keytrawl-build-${machine:-$(uname -sm | tr ' ' -)}-$(source_hash)"
  else
    fail "there is no release $version of keytrawl for this machine"
  fi
  folder="${RUNNER_TEMP:?}/keytrawl-program"
  {
    echo "source=$source"
    echo "folder=$folder"
    echo "key=$key"
  } >>"$GITHUB_OUTPUT"
}

address() {
  local server=${GITHUB_SERVER_URL:?}
  echo "${server%/}/${ACTION_REPOSITORY:?}/releases/download/v$1/keytrawl-$1-$2.tar.gz"
}

download() {
  curl --fail --silent --show-error --location --proto '=https,file' --retry 3 --max-time 300 "$@"
}

exists() {
  download --output /dev/null "$(address "$1" "$2").sha256" 2>/dev/null
}

get() {
  mkdir -p "${FOLDER:?}"
  if "$FOLDER/keytrawl" --version 2>/dev/null; then
    return
  fi
  case "${SOURCE:?}" in
    build) build ;;
    release\ *)
      # shellcheck disable=SC2086
      set -- $SOURCE
      release "$2" "$3"
      ;;
    *) fail "there is no such source of the program: $SOURCE" ;;
  esac
  "$FOLDER/keytrawl" --version
}

build() {
  command -v cargo >/dev/null || fail "keytrawl is built from source here, and this runner has no Rust"
  cargo build --release --locked --manifest-path "$root/Cargo.toml" --target-dir "$FOLDER/../keytrawl-target"
  local end=""
  [ "${RUNNER_OS:-}" = Windows ] && end=.exe
  cp "$FOLDER/../keytrawl-target/release/keytrawl$end" "$FOLDER/"
}

release() {
  local url archive=keytrawl.tar.gz expected
  url=$(address "$1" "$2")
  # A path with a drive in it is the name of a host to tar.
  cd "$FOLDER"
  download --output "$archive" "$url"
  expected=$(download "$url.sha256" | cut -d ' ' -f 1)
  if [ "$(sha256 "$archive" | cut -d ' ' -f 1)" != "$expected" ]; then
    rm -f "$archive"
    fail "the checksum of $url is wrong: nothing of it was run"
  fi
  tar -xzf "$archive"
  rm -f "$archive"
}

case "${1:-}" in
  choose) choose ;;
  get) get ;;
  *) fail "usage: action.sh choose|get" ;;
esac
