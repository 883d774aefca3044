#!/bin/bash
# Restores three versions of a pond with recover.py, and compares them with what pond itself restores.
# Usage: check.sh POND_BINARY [PYTHON]   (a Python with the packages deltalake[pyarrow] and blake3)
set -euo pipefail

pond=$(realpath "${1:?usage: check.sh POND_BINARY [PYTHON]}")
python=${2:-python3}
recover=$(dirname "$(realpath "$0")")/recover.py
work=$(mktemp -d "${TMPDIR:-/tmp}/pond-recover.XXXXXX")
trap 'rm -rf "$work"' EXIT

export HOME=$work/home LC_ALL=C.UTF-8 TZ=UTC
export POND_AUTHOR_NAME=Ada POND_AUTHOR_EMAIL=ada@example.org POND_COMMITTER_NAME=Ada POND_COMMITTER_EMAIL=ada@example.org
mkdir "$HOME" "$work/mirror"
cd "$work/mirror"

# A listing that two directories share exactly when they hold the same: names, kinds, executable bits, targets, contents.
listing() {
  (cd "$1" && find . -name .pond -prune -o -printf '%y %P -> %l\0' | LC_ALL=C sort -z | sha256sum
   find . -name .pond -prune -o -type f -perm -100 -printf '%P\0' | LC_ALL=C sort -z | sha256sum
   find . -name .pond -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
}

"$pond" init
printf 'one\n' >plain.txt
printf 'x' >"$(printf 'new\nline')"
printf 'y' >"$(printf 'not utf-8 \xff')"
printf 'z' >./-n
: >'empty file'
mkdir -p 'empty directory' deep/er/est
printf 'deep\n' >deep/er/est/file
ln -s 'nowhere at all' dangling
ln -s "$(printf 'deep/\xfe')" odd-target
printf '#!/bin/sh\n' >run
chmod 755 run
# 6 MB that compress little, the same in every run.
"$python" -c 'import random, sys; sys.stdout.buffer.write(random.Random(6).randbytes(6_000_000))' >large.bin
"$pond" add -A
"$pond" commit -q -m 'First version'
printf 'appended\n' >>large.bin
printf 'two\n' >plain.txt
for number in $(seq 400); do printf '%s\n' "$number" >"deep/file $number"; done
"$pond" add -A
"$pond" commit -q -m 'Second version'
rm -r 'empty directory' dangling deep/er
mv large.bin moved.bin
"$pond" add -A
"$pond" commit -q -m 'Third version'

cd "$work"
"$python" "$recover" mirror >commits
cut -d ' ' -f 2- commits | diff - <(printf '%s version\n' Third Second First)
"$pond" -C mirror log --format=%H | diff - <(cut -d ' ' -f 1 commits)
while read -r id _; do
  "$pond" -C mirror restore -s "$id" --to "$work/pond-$id"
  "$python" "$recover" mirror "${id:0:12}" "$work/recover-$id"
  diff <(listing "pond-$id") <(listing "recover-$id")
  test "$(find "recover-$id" -type f | wc -l)" -ge 7
done <commits
test "$(listing "recover-$(head -c 64 commits)")" = "$(listing mirror)"

# A byte that is changed in a pack must not pass.
cp -r mirror damaged
"$python" - damaged/.pond/oplog/kind=data/*.parquet <<'EOF'
import os, sys
path = max(sys.argv[1:], key=os.path.getsize)
with open(path, "r+b") as file:
    file.seek(os.path.getsize(path) // 2)
    byte = file.read(1)[0]
    file.seek(-1, 1)
    file.write(bytes([byte ^ 0x55]))
EOF
if "$python" "$recover" damaged "$(tail -n 1 commits | head -c 64)" "$work/wrong" 2>/dev/null; then
  echo "recover.py took damaged content for good" >&2
  exit 1
fi
echo "recover.py restores three versions as pond does"
