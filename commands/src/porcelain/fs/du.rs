//! `pond fs du`: what files take, as they are and as the pond stores them.

use std::ffi::OsString;
use std::io::Write as _;

use bstr::{BString, ByteSlice as _};
use pond_history::short_id;
use pond_objects::{Kind, ObjectSource as _, escape};
use pond_tinyfs::{FS, WD};
use pond_workspace::fs::{Usage, usage_of_versions};
use pond_workspace::{Purpose, Workspace, open};
use serde_json::json;

use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::fs_place::{FsPlace, layer, of_branch, version};
use crate::revisions;
use crate::text::size;
use crate::ui::changes_json::path_row;

#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
SIZE is the bytes of the files. STORED is what their chunks take in the pond's packs, compressed, each chunk once: of
files that share chunks, the first in order counts them. With --versions each commit's line says what it added to those
before it. What pages, commits and the log take is not counted ('pond count-objects -v').

Examples:
  pond fs du -d 1
  pond fs du -s @/v1
  pond fs du --versions main")]
pub(super) struct DuArgs {
    /// Only the sum of each PATH
    #[arg(short, long, conflicts_with = "depth")]
    summarize: bool,

    /// Directories no deeper than N below PATH
    #[arg(short, long, value_name = "N")]
    depth: Option<usize>,

    /// Files too
    #[arg(short, long, conflicts_with = "summarize")]
    all: bool,

    /// What each version added; PATH is a revision then (default: HEAD)
    #[arg(long, conflicts_with_all = ["summarize", "depth", "all"])]
    versions: bool,

    /// Print sizes in bytes
    #[arg(short, long)]
    bytes: bool,

    /// PATH, REV:PATH or @/REV/PATH; default: everything
    #[arg(value_name = "PATH")]
    paths: Vec<OsString>,
}

pub(super) fn run(ctx: &Context, args: &DuArgs) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtHistory)?;
    ctx.ui.page();
    if args.versions {
        return versions(ctx, &workspace, args);
    }
    let layer = layer(&workspace)?;
    let mut counting = Counting { ctx, args, usage: Usage::new(workspace.store()) };
    let everything = [OsString::new()];
    for text in if args.paths.is_empty() { &everything[..] } else { &args.paths } {
        let (fs, path) = match FsPlace::parse(&workspace, text)? {
            FsPlace::Here(path) => (of_branch(&workspace, &layer, None)?, path),
            FsPlace::Version(path) => {
                let (root, path) = version(&workspace, &path)?;
                (FS::new(&layer, Some(root)), path)
            }
            FsPlace::Host(_) => {
                return Err(usage("du counts what is in the pond").hint("plain du counts on the host"));
            }
        };
        let shown: BString = if text.is_empty() { "/".into() } else { text.as_encoded_bytes().into() };
        let root = fs.root().entry(&path)?;
        let node = root.node();
        match (root.wd(), node.id()) {
            (Ok(wd), _) => drop(counting.directory(&wd, &shown, 0)?),
            (Err(_), Some(id)) => {
                let stored = counting.usage.add(&id, node.size())?;
                counting.print(&shown, node.size(), stored)?;
            }
            (Err(error), None) => return Err(error.into()),
        }
    }
    Ok(Outcome::Done)
}

struct Counting<'c> {
    ctx: &'c Context,
    args: &'c DuArgs,
    usage: Usage<'c>,
}

impl Counting<'_> {
    /// Counts what is in a directory, prints it if it is wanted, and gives its bytes and those in packs.
    fn directory(
        &mut self,
        wd: &WD<'_, '_>,
        shown: &BString,
        depth: usize,
    ) -> Result<(u64, u64), CommandError> {
        self.ctx.session()?.check_interrupt("nothing was changed")?;
        let deepest = if self.args.summarize { 0 } else { self.args.depth.unwrap_or(usize::MAX) };
        let (mut size, mut stored) = (0, 0);
        for entry in wd.list("")? {
            let entry = entry?;
            let parent = shown.trim_end_with(|byte| byte == '/');
            let parent =
                if parent.is_empty() || parent.ends_with(b":") { parent } else { &[parent, b"/"].concat() };
            let below: BString = [parent, entry.name.as_slice()].concat().into();
            if entry.kind == Kind::Directory {
                let inner = self.directory(&wd.open(&entry.name)?, &below, depth + 1)?;
                (size, stored) = (size + inner.0, stored + inner.1);
            } else if let Some(id) = &entry.id {
                let part = self.usage.add(id, entry.size)?;
                (size, stored) = (size + entry.size, stored + part);
                if self.args.all && depth < deepest {
                    self.print(&below, entry.size, part)?;
                }
            }
        }
        if depth <= deepest {
            self.print(shown, size, stored)?;
        }
        Ok((size, stored))
    }

    fn print(&self, path: &BString, size: u64, stored: u64) -> Result<(), CommandError> {
        let ui = &self.ctx.ui;
        if ui.is_json() {
            let mut row = path_row(path);
            row.insert("size".into(), size.into());
            row.insert("stored".into(), stored.into());
            return ui.json_row(&serde_json::Value::Object(row));
        }
        let [size, stored] = [size, stored].map(|bytes| words(self.args, bytes));
        writeln!(ui.out(), "{size:>10} {stored:>10}  {}", escape::quoted(path))?;
        Ok(())
    }
}

fn words(args: &DuArgs, bytes: u64) -> String {
    if args.bytes { bytes.to_string() } else { size::human(bytes) }
}

fn versions(ctx: &Context, workspace: &Workspace<'_>, args: &DuArgs) -> Result<Outcome, CommandError> {
    let text = match args.paths.as_slice() {
        [] => OsString::from("HEAD"),
        [one] => one.clone(),
        _ => return Err(usage("--versions takes one revision")),
    };
    let tip = revisions::resolve_found(workspace, &text)?.id;
    let store = workspace.store();
    for version in usage_of_versions(store, tip)? {
        let message = store.commit(&version.commit)?.message;
        let subject = message.lines().next().unwrap_or_default();
        if ctx.ui.is_json() {
            ctx.ui.json_row(&json!({
                "commit": version.commit.to_hex(),
                "size": version.size,
                "stored": version.stored,
                "subject": subject.to_str_lossy(),
            }))?;
            continue;
        }
        let [size, stored] = [version.size, version.stored].map(|bytes| words(args, bytes));
        let id = short_id(store, &version.commit);
        writeln!(ctx.ui.out(), "{size:>10} {stored:>10}  {id} {}", escape::plain(subject))?;
    }
    Ok(Outcome::Done)
}
