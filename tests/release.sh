#!/bin/bash
# Makes release tarballs: the binary, shell completions, manual pages, licence and README, with a list of SHA-256 sums.
# For x86_64, and for aarch64 where Debian's gcc-aarch64-linux-gnu and the Rust target are there (small boards do not compile).
# Usage: tests/release.sh [DIRECTORY]   (default: dist)
set -euo pipefail
cd "$(dirname "$0")/.."

out=$(realpath -m "${1:-dist}")
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/pond-target}"
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
[[ -n $version ]] || { echo "no version in Cargo.toml" >&2; exit 1; }
# Files are as old as the commit that they are made of, so that the same commit gives the same tarball.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
work=$(mktemp -d "${TMPDIR:-/tmp}/pond-release.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
made=()

skip() {
  echo "SKIPPED: $1: $2"
}

# Completions and pages come from the binary itself; a foreign one can't be run here, so they are made by the native one.
native() {
  case $(uname -m) in
    x86_64) echo x86_64-unknown-linux-gnu ;;
    aarch64 | arm64) echo aarch64-unknown-linux-gnu ;;
    *) return 1 ;;
  esac
}

build() {
  echo "building $1"
  cargo build --release --locked -p pond --target "$1"
}

pack() {
  local target=$1 name="pond-$version-$1" helper=$2
  local root=$work/$name
  mkdir -p "$root/bin" "$root/share/man/man1" "$root/share/bash-completion/completions" \
    "$root/share/zsh/site-functions" "$root/share/fish/vendor_completions.d"
  install -m 755 "$CARGO_TARGET_DIR/$target/release/pond" "$root/bin/pond"
  "$helper" completions bash >"$root/share/bash-completion/completions/pond"
  "$helper" completions zsh >"$root/share/zsh/site-functions/_pond"
  "$helper" completions fish >"$root/share/fish/vendor_completions.d/pond.fish"
  "$helper" man "$root/share/man/man1"
  install -m 644 LICENSE README.md "$root/"
  for file in "$root"/share/*/*/*; do
    [[ -s $file ]] || { echo "$file is empty" >&2; exit 1; }
  done
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" -C "$work" -czf "$out/$name.tar.gz" "$name"
  made+=("$name.tar.gz")
}

host=$(native) || { echo "this machine is neither x86_64 nor aarch64" >&2; exit 1; }
build "$host"
helper=$CARGO_TARGET_DIR/$host/release/pond
"$helper" --version
pack "$host" "$helper"

for target in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu; do
  [[ $target != "$host" ]] || continue
  linker=${target%%-*}-linux-gnu-gcc
  if ! command -v "$linker" >/dev/null; then
    skip "$target" "no $linker here (Debian: apt-get install gcc-${target%%-*}-linux-gnu libc6-dev-${target%%-*}-cross)"
    continue
  fi
  if [[ ! -d $(rustc --print sysroot)/lib/rustlib/$target ]]; then
    skip "$target" "the Rust target is missing (rustup target add $target)"
    continue
  fi
  variable=${target//-/_}
  export "CARGO_TARGET_${variable^^}_LINKER=$linker" "CC_$variable=$linker" "AR_$variable=${linker%gcc}ar"
  build "$target"
  pack "$target" "$helper"
done

cd "$out"
sha256sum "${made[@]}" >SHA256SUMS
sha256sum --check --quiet SHA256SUMS
ls -l "${made[@]}" SHA256SUMS
