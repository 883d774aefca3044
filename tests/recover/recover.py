#!/usr/bin/env python3
"""Lists the commits of a pond, or restores one, without pond. The bytes are described in oplog/FORMAT.md.

    pip install 'deltalake[pyarrow]' blake3
    recover.py MIRROR                    lists the commits, newest first
    recover.py MIRROR COMMIT DIRECTORY   restores one (an id or its beginning) into a new directory
"""
import os, sys
from pathlib import Path
from blake3 import blake3
from deltalake import DeltaTable
from pyarrow import dataset, ipc

files = DeltaTable(Path(sys.argv[1], ".pond", "oplog")).to_pyarrow_dataset()
meta = {"commit": {}, "page": {}, "blob": {}}  # type -> id -> (seq, content)
wanted = (dataset.field("kind") == "meta") & dataset.field("type").isin(list(meta))
for batch in files.to_batches(columns=["type", "id", "seq", "content"], filter=wanted, batch_size=1024):
    for row in batch.to_pylist():
        meta[row["type"]][row["id"]] = (row["seq"], row["content"])

def items(page):  # the entries of a tree or manifest, through all levels of its pages
    body = ipc.open_stream(meta["page"][page][1]).read_all()
    for item in body.to_pylist():
        yield from items(item["id"]) if "count" in item else [item]  # `count` stands in inner pages only

def place(tree, directory):  # makes the directories; gives (blob, path, kind) of everything else
    os.mkdir(directory)
    for item in items(tree):
        if item["name"] in (b"", b".", b"..") or b"/" in item["name"]:
            sys.exit(f"{item['name']!r} leads elsewhere")
        path = os.path.join(directory, item["name"])
        if item["kind"] == 4:
            yield from place(item["id"], path)
        else:
            yield item["id"], path, item["kind"]

def restore(commit, directory):
    pieces, found = {}, list(place(bytes.fromhex(meta["commit"][commit][1].split(b"\n")[0][5:].decode()), directory))
    for blob, path, _ in found:  # pieces: chunk id -> where its bytes belong
        open(path, "xb").close()
        at = 0
        for chunk in items(meta["blob"][blob][1]) if blob in meta["blob"] else [{"id": blob, "size": 0}]:
            pieces.setdefault(chunk["id"], []).append((path, at))
            at += chunk["size"]
    for batch in files.to_batches(columns=["id", "content"], filter=dataset.field("kind") == "data", batch_size=64):
        for row in batch.to_pylist():
            for path, at in pieces.get(row["id"], ()):
                with open(path, "r+b") as file:
                    file.seek(at), file.write(row["content"])
    for blob, path, kind in found:
        if blake3().update_mmap(os.fsdecode(path)).digest() != blob:
            sys.exit(f"{path!r} is damaged")
        if kind == 2:
            os.chmod(path, 0o755)
        if kind == 3:  # a symbolic link: its target was the content
            target = Path(os.fsdecode(path)).read_bytes()
            os.remove(path), os.symlink(target, path)

commits = sorted(meta["commit"].items(), key=lambda commit: commit[1][0], reverse=True)
if len(sys.argv) < 4:
    for commit, (_, text) in commits:
        print(commit.hex(), text.split(b"\n\n", 1)[1].decode(errors="replace").split("\n")[0])
else:
    found = [commit for commit, _ in commits if commit.hex().startswith(sys.argv[2])]
    sys.exit(f"{len(found)} commits begin with {sys.argv[2]}") if len(found) != 1 else restore(found[0], os.fsencode(sys.argv[3]))
sys.stdout.flush()
os._exit(0)  # pyarrow's threads may still run, and an ordinary exit then ends in an abort now and then
