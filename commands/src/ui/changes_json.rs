//! Changes as JSON: one row for each.

use bstr::{BStr, BString};
use pond_history::diff::status_letter;
use pond_objects::{Change, Kind, Side};
use serde_json::{Map, Value, json};

use super::diff::Counts;

/// A row: paths, what was and is there, and how much changed where that was counted.
pub(crate) fn change_json(change: &Change, counts: Option<Counts>) -> Value {
    let mut row = Map::new();
    insert_path(&mut row, "path", BStr::new(&change.path));
    if let Some(old_path) = &change.old_path {
        insert_path(&mut row, "old_path", BStr::new(old_path));
    }
    row.insert("change".into(), word(change).into());
    row.insert("status".into(), status_letter(change).to_string().into());
    if let Some(similarity) = change.similarity {
        row.insert("similarity".into(), similarity.into());
    }
    row.insert("old".into(), change.old.as_ref().map_or(Value::Null, side_json));
    row.insert("new".into(), change.new.as_ref().map_or(Value::Null, side_json));
    match counts {
        Some(Counts::Lines { added, deleted }) => {
            row.insert("binary".into(), false.into());
            row.insert("added_lines".into(), added.into());
            row.insert("deleted_lines".into(), deleted.into());
        }
        Some(Counts::Binary { .. }) => {
            row.insert("binary".into(), true.into());
        }
        Some(Counts::Unmerged) | None => {}
    }
    Value::Object(row)
}

/// Puts a path under a name. One that is not UTF-8 is there as text for people, and exactly as hex digits under
/// `<name>_hex`.
pub(crate) fn insert_path(row: &mut Map<String, Value>, name: &str, path: &BStr) {
    match std::str::from_utf8(path) {
        Ok(text) => {
            row.insert(name.into(), text.into());
        }
        Err(_) => {
            row.insert(name.into(), path.to_string().into());
            let hex: String = path.iter().map(|byte| format!("{byte:02x}")).collect();
            row.insert(format!("{name}_hex"), hex.into());
        }
    }
}

/// A row with a path and nothing else.
pub(crate) fn path_row(path: impl AsRef<[u8]>) -> Map<String, Value> {
    let mut row = Map::new();
    insert_path(&mut row, "path", BStr::new(path.as_ref()));
    row
}

/// A row for each path.
pub(crate) fn path_rows(paths: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<Map<String, Value>> {
    paths.into_iter().map(path_row).collect()
}

/// A row for each path that something could not be done with, and why.
pub(crate) fn failed_rows(failed: &[(BString, String)]) -> Vec<Map<String, Value>> {
    let row = |(path, error): &(BString, String)| {
        let mut row = path_row(path);
        row.insert("error".into(), error.as_str().into());
        row
    };
    failed.iter().map(row).collect()
}

/// The name of a kind in JSON.
pub(crate) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "file",
        Kind::Executable => "executable",
        Kind::Symlink => "symlink",
        Kind::Directory => "directory",
        Kind::Ref => "ref",
    }
}

fn side_json(side: &Side) -> Value {
    // What lies in the mirror and was not hashed has no id.
    let id = (!side.id.is_zero()).then(|| side.id.to_hex());
    json!({ "kind": kind_word(side.kind), "mode": format!("{:06o}", side.kind.mode()), "id": id, "size": side.size })
}

fn word(change: &Change) -> &'static str {
    match status_letter(change) {
        'A' => "added",
        'D' => "deleted",
        'R' => "renamed",
        'T' => "type",
        'U' => "unmerged",
        _ if super::diff::is_mode_only(change) => "mode",
        _ => "modified",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pond_objects::ObjectId;

    #[test]
    fn a_row_has_every_fact() {
        let side = |content: &[u8]| Side {
            kind: Kind::File,
            id: ObjectId::of_content(content),
            size: content.len() as u64,
        };
        let change = Change::at(b"a\xff".as_slice().into(), Some(side(b"1")), Some(side(b"22")));
        let row = change_json(&change, Some(Counts::Lines { added: 1, deleted: 1 }));
        assert_eq!(row["path_hex"], "61ff");
        assert_eq!(
            (&row["change"], &row["status"], &row["new"]["size"]),
            (&"modified".into(), &"M".into(), &2.into())
        );
        assert_eq!(row["old"]["mode"], "100644");
        assert_eq!(row["added_lines"], 1);
        assert!(row.get("similarity").is_none());
    }
}
