//! `pond ls`: the names in a directory of a version.

use std::ffi::OsString;
use std::io::Write as _;

use bstr::{BString, ByteSlice as _};
use pond_history::short_id;
use pond_objects::name::join_path;
use pond_objects::tree::empty_tree;
use pond_objects::{Kind, ObjectId, PathEntry, escape, tree};
use pond_oplog::Store;
use pond_tinyfs::{DirEntry, FS, WD, Walked};
use pond_workspace::{Purpose, Workspace, open};

use crate::contents::entry_json;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::fs_place::{FsPlace, entry_of, layer, of_branch};
use crate::revisions;
use crate::text::size;
use crate::time::DateStyle;
use crate::ui::color::Role;

/// List the names in a directory of a version
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
REV is a commit or a tree, PATH a path in it; ':PATH' and ':' list the index. Without an argument the root of HEAD is
listed, wherever the current directory is: a version need not have that directory ('HEAD:./' lists it). A directory's
size is that of all files below it. The time that -l shows is when the file last got its content on the host, where that
is known.

Examples:
  pond ls
  pond ls -l HEAD~3:sensors
  pond ls -r v1 | wc -l
  pond ls --json -r HEAD:data

Exit codes: 0; 128 for an unknown revision or path; 129.")]
pub(crate) struct LsArgs {
    /// Show mode, size, time and id too
    #[arg(short, long)]
    long: bool,

    /// List everything below, with paths
    #[arg(short, long)]
    recursive: bool,

    /// List directories themselves, not what is in them
    #[arg(short, long)]
    directory: bool,

    /// End names with NUL instead of a line end, and quote nothing
    #[arg(short = 'z')]
    nul: bool,

    /// REV, REV:PATH or :PATH
    #[arg(value_name = "REV[:PATH]")]
    objects: Vec<OsString>,
}

/// What an argument without a colon is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plain {
    /// A revision.
    Revision,
    /// A path in the newest version.
    Path,
}

pub(crate) fn run(ctx: &Context, args: LsArgs) -> Result<Outcome, CommandError> {
    list(ctx, &args, Plain::Revision)
}

/// Lists what the arguments name.
pub(crate) fn list(ctx: &Context, args: &LsArgs, plain: Plain) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtHistory)?;
    let default = if plain == Plain::Revision { "HEAD" } else { "" };
    let objects = if args.objects.is_empty() { vec![OsString::from(default)] } else { args.objects.clone() };
    ctx.ui.page();
    let lister = Lister { ctx, workspace: &workspace, args, plain };
    for (at, text) in objects.iter().enumerate() {
        if objects.len() > 1 && !ctx.ui.is_json() && !args.nul {
            let between = if at > 0 { "\n" } else { "" };
            writeln!(ctx.ui.out(), "{between}{}:", escape::plain(text.as_encoded_bytes()))?;
        }
        lister.list(text)?;
    }
    Ok(Outcome::Done)
}

struct Lister<'a> {
    ctx: &'a Context,
    workspace: &'a Workspace<'a>,
    args: &'a LsArgs,
    plain: Plain,
}

impl Lister<'_> {
    fn list(&self, text: &OsString) -> Result<(), CommandError> {
        let bytes = text.as_encoded_bytes();
        if bytes.starts_with(b":") {
            return self.index(text);
        }
        let layer = layer(self.workspace)?;
        if self.plain == Plain::Path
            && let FsPlace::Here(path) = FsPlace::parse(self.workspace, text)?
        {
            let fs = of_branch(self.workspace, &layer, None)?;
            let found = fs.root().entry(&path)?;
            return self.entry(&entry_of(&found), found.wd().ok());
        }
        let entry = match revisions::resolve_path_optional(self.workspace, text)? {
            Some(entry) => entry,
            None => {
                let root = revisions::resolve_tree(self.workspace, text)?;
                let size = tree::find(self.workspace.store(), &root, b"")?.map_or(0, |root| root.size);
                PathEntry { path: "".into(), kind: Kind::Directory, id: root, size }
            }
        };
        let fs = FS::new(&layer, Some(entry.id).filter(|_| entry.kind == Kind::Directory));
        self.entry(&entry, Some(fs.root()).filter(|_| entry.kind == Kind::Directory))
    }

    /// An entry, or what is in it if it is a directory.
    fn entry(&self, entry: &PathEntry, directory: Option<WD<'_, '_>>) -> Result<(), CommandError> {
        let Some(directory) = directory.filter(|_| !self.args.directory) else {
            let name = if entry.path.is_empty() { "/".into() } else { entry.path.clone() };
            return self.print(b"", &PathEntry { path: name, ..entry.clone() });
        };
        let print = |path: BString, found: DirEntry| {
            let id = found.id.unwrap_or(ObjectId::ZERO);
            self.print(&entry.path, &PathEntry { path, kind: found.kind, id, size: found.size })
        };
        if !self.args.recursive {
            for found in directory.list("")? {
                let found = found?;
                print(found.name.clone(), found)?;
            }
            return Ok(());
        }
        let skip = if directory.path().is_empty() { 0 } else { directory.path().len() + 1 };
        for walked in directory.walk("")? {
            let Walked { path, entry } = walked?;
            // A directory shows in the paths of what is in it.
            if entry.kind != Kind::Directory || entry.id == Some(empty_tree()) {
                print(path[skip..].into(), entry)?;
            }
        }
        Ok(())
    }

    /// Lists the rows of the index below a path, directories for themselves unless `-r` is given.
    fn index(&self, text: &OsString) -> Result<(), CommandError> {
        let index = self.workspace.need_index()?;
        let path = pond_refs::RevisionPath::parse(text.as_encoded_bytes())?;
        let below = path.from_root(&self.workspace.cwd()?)?;
        if let Ok(at) = index.find(&below)
            && let Some(side) = index.entry(at).staged
        {
            let entry = PathEntry { path: below.into(), kind: side.kind, id: side.id, size: side.size };
            return self.print(b"", &entry);
        }
        let skip = if below.is_empty() { 0 } else { below.len() + 1 };
        let mut last_directory = None;
        let mut any = false;
        for number in index.range_of_dir(&below) {
            let entry = index.entry(number);
            let Some(side) = entry.staged else { continue };
            any = true;
            let rest = &entry.path[skip..];
            match rest.find_byte(b'/').filter(|_| !self.args.recursive) {
                Some(end) if last_directory != Some(&rest[..end]) => {
                    last_directory = Some(&rest[..end]);
                    let path = rest[..end].into();
                    self.print(
                        &below,
                        &PathEntry { path, kind: Kind::Directory, id: ObjectId::ZERO, size: 0 },
                    )?;
                }
                Some(_) => {}
                None => {
                    let entry =
                        PathEntry { path: rest.into(), kind: side.kind, id: side.id, size: side.size };
                    self.print(&below, &entry)?;
                }
            }
        }
        match any || below.is_empty() {
            true => Ok(()),
            false => revisions::resolve_path(self.workspace, text).map(drop),
        }
    }

    /// Prints an entry whose path counts from `directory`.
    fn print(&self, directory: &[u8], entry: &PathEntry) -> Result<(), CommandError> {
        let ui = &self.ctx.ui;
        if ui.is_json() {
            return ui.json_row(&entry_json(&entry.path, entry.kind, &entry.id, entry.size));
        }
        let mut out = ui.out();
        if self.args.long {
            let id =
                if entry.id.is_zero() { "-".repeat(ObjectId::SHORT_DIGITS) } else { self.short(&entry.id) };
            let size = if entry.id.is_zero() { String::new() } else { size::human(entry.size) };
            let time = self.time(directory, entry);
            write!(out, "{:06o} {} {size:>9} {time:>16} ", entry.kind.mode(), ui.paint(Role::CommitId, id))?;
        }
        if self.args.nul {
            out.write_all(&entry.path)?;
            out.write_all(b"\0")?;
            return Ok(());
        }
        let mark = match entry.kind {
            Kind::Directory => "/",
            Kind::Symlink if self.args.long => " -> ",
            _ => "",
        };
        write!(out, "{}{mark}", escape::quoted(&entry.path))?;
        if entry.kind == Kind::Symlink && self.args.long {
            let target = pond_objects::read_blob(self.workspace.store(), &entry.id)?;
            write!(out, "{}", escape::quoted(&target))?;
        }
        writeln!(out)?;
        Ok(())
    }

    fn short(&self, id: &ObjectId) -> String {
        short_id(self.workspace.store(), id)
    }

    /// When the host's file got this content, as far as the newest commit knows.
    fn time(&self, directory: &[u8], entry: &PathEntry) -> String {
        let store: &Store = self.workspace.store();
        let seq = self.workspace.snapshot().state().seq;
        let micros = match entry.kind.is_blob() {
            true => store.mtime(&join_path(directory, &entry.path), &entry.id, seq),
            false => None,
        };
        let Some(micros) = micros else { return String::new() };
        let when = pond_objects::Timestamp { seconds: micros.div_euclid(1_000_000), offset_minutes: 0 };
        DateStyle::Custom("%Y-%m-%d %H:%M".to_owned()).format(when, 0)
    }
}
