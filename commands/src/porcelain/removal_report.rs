//! What a command removed from the mirror, or would have removed: for people, and as JSON.

use bstr::{BStr, BString};
use pond_objects::escape;
use pond_workspace::Removed;
use serde_json::{Map, Value};

use crate::error::{CommandError, Outcome, interrupted};
use crate::ui::Ui;
use crate::ui::changes_json::insert_path;

/// Reports. `flags` are what else the JSON says; `line` is what people read of a removed path, where they shall.
pub(super) fn report(
    ui: &Ui,
    removed: &Removed,
    flags: &[(&str, bool)],
    line: Option<&dyn Fn(&BString) -> String>,
) -> Result<Outcome, CommandError> {
    for (path, error) in &removed.failed {
        ui.error(format_args!("cannot remove {}: {error}", escape::quoted(path)));
    }
    if ui.is_json() {
        ui.json(&json(removed, flags))?;
    } else if let Some(line) = line {
        removed.removed.iter().for_each(|path| ui.say(line(path)));
    }
    if removed.interrupted {
        return Err(interrupted(
            "interrupted; the files that are named are removed, the others are as they were",
        ));
    }
    Ok(if removed.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}

fn json(removed: &Removed, flags: &[(&str, bool)]) -> Value {
    let row = |path: &BString| {
        let mut row = Map::new();
        insert_path(&mut row, "path", BStr::new(path));
        row
    };
    let failed = removed.failed.iter().map(|(path, error)| {
        let mut row = row(path);
        row.insert("error".into(), error.as_str().into());
        Value::Object(row)
    });
    let mut json = Map::new();
    json.insert("removed".into(), removed.removed.iter().map(row).map(Value::Object).collect());
    json.insert("failed".into(), failed.collect());
    json.extend(flags.iter().map(|(name, is_set)| ((*name).to_owned(), Value::Bool(*is_set))));
    Value::Object(json)
}
