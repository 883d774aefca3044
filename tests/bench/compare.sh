#!/bin/bash
# Measures pond beside git (and restic and borg, where they are installed) in one run, and prints a Markdown table.
# See README.md here. Usage: compare.sh [--quick] [--large] [--runs N] [--work DIR] [--pond BINARY]
set -euo pipefail
here=$(dirname "$(realpath "$0")")

pond=
arguments=()
while (($#)); do
  case $1 in
    --pond) pond=$(realpath "${2:?--pond takes a binary}") && shift 2 ;;
    *) arguments+=("$1") && shift ;;
  esac
done

if [[ -z $pond ]]; then
  export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/pond-target}"
  (cd "$here/../.." && cargo build --release --locked >&2)
  pond=$CARGO_TARGET_DIR/release/pond
fi
exec python3 "$here/compare.py" --pond "$pond" ${arguments[@]+"${arguments[@]}"}
