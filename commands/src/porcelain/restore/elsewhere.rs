//! Lays a version out in a directory of its own.

use std::path::Path;

use pond_objects::{ObjectId, PathEntry, ReadError, Side, escape, tree};
use pond_oplog::Store;
use serde_json::Map;

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, interrupted};
use crate::mirror::failures::Failures;
use crate::observer::{Event, Work};
use crate::text::size;
use crate::ui::changes_json::{failed_rows, insert_path, path_rows};
use crate::workspace::Workspace;
use pond_mirror::path_list::PathList;
use pond_mirror::write::materialize::{Done, Expected, Flush, Materializer, Options, Want, WriteRequest};
use pond_mirror::write::secure_dir::MirrorDir;
use pond_objects::pathspec::Pathspecs;

/// Entries of a version, of which there may be a million.
#[derive(Default)]
pub(super) struct Entries {
    paths: PathList,
    sides: Vec<Side>,
}

impl Entries {
    /// Those of a tree that the paths take.
    pub(super) fn of(
        workspace: &Workspace<'_>,
        tree: Option<&ObjectId>,
        pathspecs: Option<&Pathspecs>,
    ) -> Result<Self, CommandError> {
        let mut entries = Self::default();
        let mut visit = |entry: PathEntry| -> Result<(), ReadError> {
            if pathspecs.is_none_or(|specs| specs.matches(&entry.path, !entry.kind.is_blob())) {
                entries.paths.push(&entry.path);
                entries.sides.push(Side::from(&entry));
            }
            Ok(())
        };
        tree.map_or(Ok(()), |tree| tree::walk(workspace.store(), tree, b"", &mut visit))?;
        Ok(entries)
    }

    /// What writes one of them, with the time that the file had when it was last changed.
    fn request(&self, store: &Store, number: usize) -> WriteRequest {
        let (path, Side { kind, id, size }) = (self.paths.get(number), self.sides[number]);
        let mtime_ns = store.mtime(path, &id, i64::MAX).and_then(|micros| micros.checked_mul(1000));
        let want = Want::Entry { kind, id, size, mtime_ns };
        WriteRequest { path: path.to_owned(), want, expected: Expected::Absent }
    }
}

/// So many files are written before anything is made of the next.
const PART: usize = 16_384;

/// Lays entries out in a directory that is new or empty.
pub(super) fn lay_out(
    ctx: &Context,
    workspace: &Workspace<'_>,
    entries: &Entries,
    directory: &Path,
) -> Result<Outcome, CommandError> {
    let session = workspace.session;
    let place = directory.ancestors().find_map(|path| std::fs::canonicalize(path).ok());
    if place.is_some_and(|place| place.starts_with(workspace.pond.pond_dir())) {
        return Err(fatal("a version can't be laid out inside .pond").hint("name a directory outside of it"));
    }
    // From here on the command itself decides where it stops.
    session.check_interrupt("nothing was changed")?;
    let target = MirrorDir::open_empty(directory).map_err(|error| {
        fatal(format_args!("cannot lay out in '{}'", escape::path(directory))).because(&error)
    })?;
    let options = Options {
        flush: Flush::of_new_directory(entries.paths.len()),
        replaced: None,
        interrupted: &|| session.is_interrupted(),
    };
    let materializer = Materializer::new(target, workspace.store(), options);
    let progress = session.work(Work::Write);
    progress.add_total(entries.sides.iter().map(|side| side.size).sum());
    let on_done = |request: &WriteRequest, _: &Done| {
        if let Want::Entry { size, .. } = request.want {
            progress.add(size);
        }
        progress.add_file();
    };
    let threads = workspace.threads()?;
    let (mut count, mut written, mut failures) = (0, PathList::default(), Failures::default());
    for start in (0..entries.paths.len()).step_by(PART) {
        if session.is_interrupted() {
            break;
        }
        let numbers = start..entries.paths.len().min(start + PART);
        let requests: Vec<_> = numbers.map(|number| entries.request(workspace.store(), number)).collect();
        let (results, _) = materializer.materialize_some(&requests, threads, &|_| false, &on_done);
        for (request, result) in requests.into_iter().zip(results) {
            match result {
                Ok(_) if ctx.ui.is_json() => written.push(&request.path),
                Ok(_) => {}
                Err(error) => {
                    failures.push_outcome(request.path, &error);
                    continue;
                }
            }
            count += 1;
        }
    }
    drop(progress);
    materializer
        .sync()
        .map_err(|error| fatal("the files were written, but may not survive a power cut").because(&error))?;
    report(ctx, workspace, directory, count, &written, &failures)
}

/// Says what was laid out: so many files, whose paths are known where they are printed.
fn report(
    ctx: &Context,
    workspace: &Workspace<'_>,
    directory: &Path,
    count: u64,
    written: &PathList,
    failures: &Failures,
) -> Result<Outcome, CommandError> {
    let ui = &ctx.ui;
    workspace.session.tell(Event::Failed(failures));
    if !failures.is_empty() {
        ui.hint(format_args!(
            "'{}' holds a part of the version: empty it before the next try, or name another directory",
            escape::path(directory)
        ));
    }
    if ui.is_json() {
        let mut document = Map::new();
        insert_path(&mut document, "directory", directory.as_os_str().as_encoded_bytes().into());
        document.insert("written".into(), path_rows(written.iter()).into());
        document.insert("failed".into(), failed_rows(&failures.paths).into());
        ui.json(&document)?;
    }
    if workspace.session.is_interrupted() {
        return Err(interrupted(format_args!(
            "interrupted; '{}' holds a part of the version",
            escape::path(directory)
        )));
    }
    ui.status(format_args!("laid out {} in '{}'", size::counted(count, "file"), escape::path(directory)));
    Ok(if failures.is_empty() { Outcome::Done } else { Outcome::Partial })
}
