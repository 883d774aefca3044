//! A commit as JSON: ids in full, times in RFC 3339.

use bstr::ByteSlice as _;
use pond_history::Packs;
use pond_objects::{ObjectId, Signature, Tag, trailers};
use serde_json::{Value, json};

use super::subject::{body, subject};
use super::{Decoration, LogEntry};
use crate::time::rfc3339;

/// The commit as one document.
pub(crate) fn commit_json(entry: &LogEntry<'_>) -> Value {
    let commit = entry.commit;
    let trailers: Vec<Value> = trailers::parse(&commit.message)
        .into_iter()
        .map(|trailer| json!({ "key": trailer.key, "value": trailer.value.to_str_lossy() }))
        .collect();
    let mut document = json!({
        "id": entry.id.to_hex(),
        "tree": commit.tree.to_hex(),
        "parents": commit.parents.iter().map(|id| id.to_hex()).collect::<Vec<_>>(),
        "author": person(&commit.author),
        "committer": person(&commit.committer),
        "subject": subject(&commit.message).to_str_lossy(),
        "body": body(&commit.message).to_str_lossy(),
        "message": commit.message.to_str_lossy(),
        "trailers": trailers,
        "refs": entry.decorations.iter().map(name).collect::<Vec<_>>(),
    });
    if let Some(parent) = entry.from {
        document["compared_with"] = parent.to_hex().into();
    }
    if let Some(stored) = entry.stored {
        let packs =
            |packs: &Packs| json!({ "files": packs.files, "records": packs.records, "bytes": packs.bytes });
        document["operation"] = stored.operation.into();
        if let Some(version) = &stored.version {
            document["delta_version"] = version.number.into();
            document["stored"] =
                json!({ "metadata": packs(&version.meta), "contents": packs(&version.data) });
        }
    }
    if let Some(reflog) = entry.reflog {
        document["reflog"] = json!({
            "ref": reflog.name,
            "entry": reflog.number,
            "time": rfc3339(reflog.when),
            "message": reflog.message.to_str_lossy(),
        });
    }
    if !entry.mark.is_empty() {
        document["mark"] = entry.mark.into();
    }
    document
}

/// An annotated tag as one document.
pub(crate) fn tag_json(id: &ObjectId, tag: &Tag) -> Value {
    json!({
        "id": id.to_hex(),
        "tag": tag.name,
        "object": tag.object.to_hex(),
        "type": tag.kind.name(),
        "tagger": person(&tag.tagger),
        "message": tag.message.to_str_lossy(),
    })
}

fn person(person: &Signature) -> Value {
    json!({ "name": person.name, "email": person.email, "time": rfc3339(person.when) })
}

fn name(decoration: &Decoration) -> Value {
    let (kind, name) = match decoration {
        Decoration::Head => return json!({ "kind": "head" }),
        Decoration::HeadOn(name) => {
            return json!({ "kind": "branch", "name": name.to_str_lossy(), "head": true });
        }
        Decoration::Branch(name) => ("branch", name),
        Decoration::Tag(name) => ("tag", name),
        Decoration::Remote(name) => ("remote", name),
    };
    json!({ "kind": kind, "name": name.to_str_lossy() })
}
