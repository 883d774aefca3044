//! The document of `status --json`.

use bstr::{BStr, BString};
use pond_mirror::Target;
use pond_mirror::index::pending::Sequence;
use pond_objects::ObjectId;
use pond_workspace::status::{Status, Unstaged};
use serde_json::{Map, Value, json};

use crate::ui::changes_json::{change_json, insert_path, kind_word};

/// The whole report.
pub(super) fn document(report: &Status) -> Value {
    let paths =
        |paths: &[BString]| paths.iter().map(|path| row(BStr::new(path)).into()).collect::<Vec<Value>>();
    let with = |path: &BString, name: &str, value: Value| {
        let mut row = row(BStr::new(path));
        row.insert(name.to_owned(), value);
        Value::Object(row)
    };
    let untracked =
        report.untracked.iter().map(|(path, kind)| with(path, "kind", kind.map(kind_word).into()));
    let special = report.special.iter().map(|(path, word)| with(path, "what", (*word).into()));
    let unreadable = report.unreadable.iter().map(|(path, error)| with(path, "error", error.as_str().into()));
    json!({
        "branch": report.branch,
        "commit": report.commit.map(|commit| commit.to_hex()),
        "clean": report.is_clean(),
        // The command that goes on with it; with nothing but conflicts left, none does.
        "doing": report.waiting.as_ref().map(|waiting| waiting.doing).filter(names_command).map(Sequence::command),
        "commits_left": report.waiting.iter().flat_map(|waiting| &waiting.queue).map(ObjectId::to_hex).collect::<Vec<_>>(),
        "unmerged": report.unmerged.iter().map(|one| with(&one.path, "status", one.letters.into())).collect::<Vec<_>>(),
        "staged": report.staged.iter().map(|change| change_json(change, None)).collect::<Vec<_>>(),
        "unstaged": report.unstaged.iter().map(unstaged).collect::<Vec<_>>(),
        "due": report.due.iter().map(due).collect::<Vec<_>>(),
        "untracked": untracked.collect::<Vec<_>>(),
        "ignored": paths(&report.ignored),
        "held": paths(&report.held),
        "nested_ponds": paths(&report.nested),
        "special": special.collect::<Vec<_>>(),
        "unreadable": unreadable.collect::<Vec<_>>(),
        "mirror_emptied": report.all_missing,
    })
}

/// Whether a command, or a stash, goes by the name of what waits.
fn names_command(doing: &Sequence) -> bool {
    !matches!(doing, Sequence::Conflicts | Sequence::Squash)
}

fn row(path: &BStr) -> Map<String, Value> {
    let mut row = Map::new();
    insert_path(&mut row, "path", path);
    row
}

/// What an interrupted command has still to do: to write the path, or to remove it.
fn due(target: &Target) -> Value {
    let mut row = row(BStr::new(&target.path));
    row.insert("kind".into(), target.side.map(|side| kind_word(side.kind)).into());
    row.insert("id".into(), target.side.map(|side| side.id.to_hex()).into());
    row.insert("size".into(), target.side.map(|side| side.size).into());
    Value::Object(row)
}

fn unstaged(change: &Unstaged) -> Value {
    let mut row = row(BStr::new(&change.path));
    let word = match change.letter {
        'A' => "added",
        'D' => "deleted",
        'T' => "type",
        _ => "modified",
    };
    row.insert("change".into(), word.into());
    row.insert("status".into(), change.letter.to_string().into());
    row.insert("kind".into(), change.kind.map(kind_word).into());
    row.insert("size".into(), change.size.into());
    row.insert("id".into(), change.id.map(|id| id.to_hex()).into());
    row.insert("changing".into(), change.unstable.into());
    row.insert("special".into(), change.special.into());
    Value::Object(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_stay() {
        let report = Status { untracked: vec![("a\u{e9}".into(), None)], ..Status::default() };
        let document = document(&report);
        assert_eq!(document["untracked"][0]["path"], "a\u{e9}");
        assert_eq!((&document["branch"], &document["clean"]), (&Value::Null, &false.into()));
        for list in [
            "commits_left",
            "staged",
            "unstaged",
            "due",
            "ignored",
            "held",
            "nested_ponds",
            "special",
            "unreadable",
        ] {
            assert_eq!(document[list], json!([]), "{list}");
        }
    }
}
