//! `pond fs cp`: within the pond, into it, out of it.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bstr::BString;
use pond_objects::name::{self, join_path};
use pond_objects::{Kind, PathEntry, escape};
use pond_oplog::OplogLayer;
use pond_refs::RefName;
use pond_tinyfs::{FS, FsError, WD};
use pond_workspace::fs::{CopyOut, copy_out};
use pond_workspace::observer::Work;
use pond_workspace::{Purpose, Workspace, open};
use serde_json::json;

use super::change::{CommitArgs, commit, is_directory, last_name, listed, make_way};
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, interrupted, usage};
use crate::fs_place::{FsPlace, entry_of, into_directory, layer, of_branch, version};
use crate::text::size;
use crate::ui::changes_json::failed_rows;

#[derive(Debug, clap::Args)]
pub(super) struct CpArgs {
    #[command(flatten)]
    commit: CommitArgs,

    /// Copy directories with all that is in them
    #[arg(short, long)]
    recursive: bool,

    /// Replace a file that is there
    #[arg(short, long)]
    force: bool,

    /// What to copy, and the new path or the directory to copy into: PATH, REV:PATH, @/REV/PATH, host:PATH
    #[arg(value_name = "PATH", required = true, num_args = 2..)]
    paths: Vec<OsString>,
}

pub(super) fn run(ctx: &Context, args: &CpArgs) -> Result<Outcome, CommandError> {
    let (target, sources) = args.paths.split_last().ok_or_else(|| usage("cp needs two paths"))?;
    match target.as_encoded_bytes().starts_with(b"host:") {
        true => out(ctx, args, sources, target),
        false => inside(ctx, args, sources, target),
    }
}

/// Copies to the host.
fn out(ctx: &Context, args: &CpArgs, sources: &[OsString], target: &OsStr) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtHistory)?;
    let FsPlace::Host(target) = FsPlace::parse(&workspace, target)? else {
        return Err(usage("the target is no file of the host"));
    };
    let absolute = ctx.session()?.cwd.join(&target);
    let is_directory = absolute.is_dir();
    if !is_directory && (sources.len() > 1 || target.as_os_str().as_bytes().ends_with(b"/")) {
        return Err(fatal(format_args!("'{}' is no directory", escape::path(&target)))
            .hint("several files are copied into a directory that is there"));
    }
    let branch = super::change::branch(args.commit.branch())?;
    let mut copies = Vec::with_capacity(sources.len());
    for source in sources {
        let entry = entry(&workspace, source, branch.as_ref())?;
        let shown = escape::plain(source.as_encoded_bytes());
        if entry.kind == Kind::Directory && !args.recursive {
            return Err(
                fatal(format_args!("'{shown}' is a directory")).hint("-r copies it with all that is in it")
            );
        }
        let target = match (is_directory, last_name(&entry.path)) {
            (false, _) => target.clone(),
            (true, Some(name)) => target.join(OsStr::from_bytes(name)),
            (true, None) => {
                return Err(fatal(format_args!("'{shown}' is a root, and has no name of its own"))
                    .hint("name a directory that is not there yet"));
            }
        };
        copies.push(CopyOut { entry, target });
    }
    let copied = copy_out(&workspace, &copies, args.force)?;
    if ctx.ui.is_json() {
        ctx.ui.json(&json!({ "copied": copied.count, "failed": failed_rows(&copied.failed.paths) }))?;
    }
    if copied.interrupted {
        return Err(interrupted("interrupted; the files that were written are whole"));
    }
    ctx.ui.status(format_args!("copied {}", size::counted(copied.count, "file")));
    match (copied.failed.is_empty(), copied.count) {
        (true, _) => Ok(Outcome::Done),
        (false, 0) => Err(fatal("nothing was copied")),
        (false, _) => Ok(Outcome::Partial),
    }
}

/// The entry of the pond that a source names.
fn entry(
    workspace: &Workspace<'_>,
    source: &OsString,
    branch: Option<&RefName>,
) -> Result<PathEntry, CommandError> {
    let layer = layer(workspace)?;
    match FsPlace::parse(workspace, source)? {
        FsPlace::Host(_) => Err(usage("both are files of the host").hint("plain cp copies those")),
        FsPlace::Version(path) => {
            let (root, path) = version(workspace, &path)?;
            Ok(entry_of(&FS::new(&layer, Some(root)).root().entry(&path)?))
        }
        FsPlace::Here(path) => {
            let fs = of_branch(workspace, &layer, branch)?;
            let found = fs.root().entry(&path)?;
            match found.node().id() {
                Some(_) => Ok(entry_of(&found)),
                None => Err(FsError::Computed(found.path()).into()),
            }
        }
    }
}

/// Copies into the pond, and within it.
fn inside(
    ctx: &Context,
    args: &CpArgs,
    sources: &[OsString],
    target: &OsStr,
) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::Change)?;
    let target = FsPlace::to_change(&workspace, target)?;
    let names: Vec<&[u8]> = sources.iter().map(|source| source.as_encoded_bytes()).collect();
    let message = format!("Copy {} to {}", listed(&names), escape::plain(&target));
    commit(ctx, &mut workspace, &args.commit, message, |workspace, layer, fs| {
        let is_directory = is_directory(fs, &target)?;
        if sources.len() > 1 && !is_directory {
            return Err(FsError::NotADirectory(target.clone()).into());
        }
        for source in sources {
            let copy = Copy { ctx, args, workspace, fs, target: &target, is_directory };
            copy.one(layer, source)?;
        }
        Ok(())
    })
}

struct Copy<'c, 'a> {
    ctx: &'c Context,
    args: &'c CpArgs,
    workspace: &'c Workspace<'c>,
    fs: &'c FS<'a>,
    target: &'c BString,
    is_directory: bool,
}

impl Copy<'_, '_> {
    fn one(&self, layer: &OplogLayer<'_>, source: &OsString) -> Result<(), CommandError> {
        match FsPlace::parse(self.workspace, source)? {
            FsPlace::Host(path) => self.of_host(source, &path),
            FsPlace::Here(path) => {
                let found = self.fs.root().entry(&path)?;
                let to = self.to(source, found.name().map(|name| name.as_slice()), found.node().kind())?;
                Ok(self.fs.root().copy(&found, &to)?)
            }
            FsPlace::Version(path) => {
                let (root, path) = version(self.workspace, &path)?;
                let other = FS::new(layer, Some(root));
                let found = other.root().entry(&path)?;
                let name = found.name().map(|name| name.as_slice());
                let to = self.to(source, name, found.node().kind())?;
                Ok(self.fs.root().copy(&found, &to)?)
            }
        }
    }

    /// Where a source goes; what is there is gone then, if it may.
    fn to(&self, source: &OsString, name: Option<&[u8]>, kind: Kind) -> Result<BString, CommandError> {
        let shown = escape::plain(source.as_encoded_bytes());
        if kind == Kind::Directory && !self.args.recursive {
            return Err(
                fatal(format_args!("'{shown}' is a directory")).hint("-r copies it with all that is in it")
            );
        }
        let to = into_directory(self.target, name, self.is_directory).ok_or_else(|| {
            fatal(format_args!("'{shown}' has no name of its own")).hint("name a path that is not there yet")
        })?;
        make_way(self.fs, &to, self.args.force)?;
        Ok(to)
    }

    fn of_host(&self, source: &OsString, path: &Path) -> Result<(), CommandError> {
        let session = self.ctx.session()?;
        let path = session.cwd.join(path);
        let failed = |error| cannot_read(&path, error);
        let metadata = path.symlink_metadata().map_err(failed)?;
        let name = match path.file_name() {
            Some(name) => Some(name.to_owned()),
            None => path.canonicalize().map_err(failed)?.file_name().map(OsStr::to_owned),
        };
        let kind = if metadata.is_dir() { Kind::Directory } else { Kind::File };
        let to = self.to(source, name.as_ref().map(|name| name.as_bytes()), kind)?;
        let progress = session.work(Work::Add);
        let taking = Taking { ctx: self.ctx, wd: self.fs.root(), progress: &*progress };
        taking.take(&path, &metadata, &to)
    }
}

/// Takes files of the host into the pond.
struct Taking<'t, 'f, 'a> {
    ctx: &'t Context,
    wd: WD<'f, 'a>,
    progress: &'t dyn pond_workspace::Counter,
}

impl Taking<'_, '_, '_> {
    fn take(&self, path: &Path, metadata: &Metadata, to: &BString) -> Result<(), CommandError> {
        self.ctx.session()?.check_interrupt("nothing was changed")?;
        let failed = |error| cannot_read(path, error);
        let kind = metadata.file_type();
        if kind.is_symlink() {
            let target = path.read_link().map_err(failed)?;
            return Ok(self.wd.symlink(to, target.as_os_str().as_bytes())?);
        }
        if kind.is_dir() {
            self.wd.make_directory(to)?;
            let mut names = Vec::new();
            for entry in path.read_dir().map_err(failed)? {
                names.push(entry.map_err(failed)?.file_name());
            }
            names.sort();
            for name in names {
                let path: PathBuf = path.join(&name);
                if name::is_reserved(name.as_bytes()) {
                    self.ctx
                        .ui
                        .warn(format_args!("left out: '{}' can't be a name in a pond", escape::path(&path)));
                    continue;
                }
                let metadata = path.symlink_metadata().map_err(|error| cannot_read(&path, error))?;
                self.take(&path, &metadata, &join_path(to, name.as_bytes()))?;
            }
            return Ok(());
        }
        if !kind.is_file() {
            return Err(fatal(format_args!(
                "'{}' is neither file, directory nor symlink",
                escape::path(path)
            ))
            .hint("nothing was changed"));
        }
        let mut file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let written = self.wd.write(to, metadata.len(), &mut file);
        written.map_err(|error| {
            CommandError::from(error).context(format_args!("cannot copy '{}'", escape::path(path)))
        })?;
        if metadata.permissions().mode() & 0o100 != 0 {
            self.wd.set_executable(to, true)?;
        }
        self.progress.add(metadata.len());
        self.progress.add_file();
        Ok(())
    }
}

fn cannot_read(path: &Path, error: std::io::Error) -> CommandError {
    fatal(format_args!("cannot read '{}'", escape::path(path))).because(&error).hint("nothing was changed")
}
