//! What is renamed to what, and the renaming of one.

use std::ffi::OsString;

use bstr::{BString, ByteSlice as _};
use pond_objects::Kind;
use pond_objects::name::{check_path, join_path, split_path};

use super::MvArgs;
use crate::error::{CommandError, fatal, usage};
use crate::mirror::stage::host_path;
use crate::porcelain::path_args;
use crate::workspace::Workspace;
use pond_mirror::host::stat::Stat;
use pond_mirror::index::pending::Conflict;
use pond_mirror::write::rename::Rename;
use pond_objects::escape;
use pond_objects::path::{is_below, relative};

/// One rename, paths from the mirror's root.
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub(super) from: BString,
    pub(super) to: BString,
    pub(super) is_dir: bool,
    /// What is at `from`.
    pub(super) stat: Stat,
    /// What is at `to` and has to go first.
    pub(super) replaces: Option<Stat>,
    /// `to` is another way to write `from`, on a host that ignores case.
    same_file: bool,
}

impl Move {
    /// What is done on the host.
    pub(super) fn rename(&self) -> Rename<'_> {
        Rename { from: &self.from, to: &self.to, is_dir: self.is_dir, same_file: self.same_file }
    }
}

/// The renames, and with `-k` why others were left out; without it the first that cannot be is an error, and nothing
/// is renamed.
pub(super) fn plan(
    workspace: &Workspace<'_>,
    args: &MvArgs,
) -> Result<(Vec<Move>, Vec<CommandError>), CommandError> {
    let (destination, sources) = args
        .paths
        .split_last()
        .filter(|(_, sources)| !sources.is_empty())
        .ok_or_else(|| usage("mv needs two paths"))?;
    let to = literal(workspace, destination)?;
    let there = stat(workspace, &to);
    let is_dir = to.is_empty() || there.is_some_and(|stat| stat.kind() == Some(Kind::Directory));
    if !is_dir && sources.len() > 1 {
        return Err(fatal(format_args!(
            "'{}' is no directory to move several files into",
            escape::plain(&to)
        ))
        .hint("nothing was renamed"));
    }
    let named_as_dir = destination.as_encoded_bytes().ends_with(b"/");
    let planner = Planner { workspace, force: args.force, to, there, is_dir, named_as_dir };
    let (mut moves, mut skipped): (Vec<Move>, Vec<CommandError>) = (Vec::new(), Vec::new());
    for source in sources {
        match planner.one(source, &moves) {
            Ok(moving) => moves.push(moving),
            Err(error) if args.skip_errors => skipped.push(error),
            Err(error) => return Err(error.hint("nothing was renamed; -k leaves out what cannot be renamed")),
        }
    }
    Ok((moves, skipped))
}

/// A path of the command line from the mirror's root; wildcards mean nothing in it.
fn literal(workspace: &Workspace<'_>, given: &OsString) -> Result<BString, CommandError> {
    if given.is_empty() {
        return Err(usage("an empty string is no path"));
    }
    let mut word = OsString::from(":(literal)");
    word.push(given);
    let specs = path_args::parse(workspace, &[word])?;
    Ok(specs.literal_paths().next().unwrap_or_default().to_owned())
}

fn stat(workspace: &Workspace<'_>, path: &[u8]) -> Option<Stat> {
    Stat::of(&host_path(workspace.pond.mirror_root(), path)).ok()
}

fn is_same_file(a: &Stat, b: &Stat) -> bool {
    (a.inode, a.device) == (b.inode, b.device) && a.inode != 0
}

struct Planner<'a> {
    workspace: &'a Workspace<'a>,
    force: bool,
    /// The last argument.
    to: BString,
    there: Option<Stat>,
    is_dir: bool,
    named_as_dir: bool,
}

impl Planner<'_> {
    fn one(&self, source: &OsString, others: &[Move]) -> Result<Move, CommandError> {
        let from = literal(self.workspace, source)?;
        let shown = escape::plain(&from).into_owned();
        if from.is_empty() {
            return Err(fatal("the mirror's root cannot be renamed"));
        }
        let stat = stat(self.workspace, &from).ok_or_else(|| self.gone(&from))?;
        let is_dir = stat.kind() == Some(Kind::Directory);
        self.check_settled(&from, is_dir)?;
        self.check_tracked(&from, is_dir)?;
        self.check_decided(&from)?;
        let to = self.target(&from, &stat, is_dir)?;
        let shown_to = escape::plain(&to).into_owned();
        if to == from {
            return Err(fatal(format_args!("'{shown}' has that name already")));
        }
        if is_below(&to, &from) {
            return Err(fatal(format_args!("'{shown}' cannot be moved into itself, to '{shown_to}'")));
        }
        check_path(&to)
            .map_err(|error| fatal(format_args!("'{shown_to}' cannot be a path")).because(&error))?;
        for other in others {
            if other.to == to {
                return Err(fatal(format_args!("two files would get the name '{shown_to}'")));
            }
            if other.from == from || is_below(&from, &other.from) || is_below(&other.from, &from) {
                return Err(fatal(format_args!("'{shown}' is named twice")));
            }
        }
        let (replaces, same_file) = self.check_target(&to, &stat, is_dir)?;
        Ok(Move { from, to, is_dir, stat, replaces, same_file })
    }

    /// There is nothing to rename: perhaps it was renamed already, by a command that was killed before it staged that.
    fn gone(&self, from: &[u8]) -> CommandError {
        let error = fatal(format_args!("'{}' is not in the mirror", escape::plain(from)));
        if !self.workspace.is_tracked(from) {
            return error;
        }
        let into = join_path(&self.to, split_path(from).1);
        let candidates = if self.is_dir { vec![into, self.to.clone()] } else { vec![self.to.clone()] };
        let is_new = |to: &&BString| {
            !to.is_empty() && stat(self.workspace, to).is_some() && !self.workspace.is_tracked(to)
        };
        let Ok(from) = self.as_written(from) else { return error };
        match candidates.iter().find(is_new).and_then(|to| self.as_written(to).ok()) {
            Some(to) => error.hint(format_args!(
                "if it was renamed to '{to}' already, by hand or by a command that was killed, 'pond add {from} {to}' stages that"
            )),
            None => error.hint(format_args!("it is tracked: 'pond restore {from}' brings it back")),
        }
    }

    /// A path as one types it here.
    fn as_written(&self, path: &[u8]) -> Result<String, CommandError> {
        Ok(escape::plain(&relative(path, &self.workspace.cwd()?)).into_owned())
    }

    /// A rename would leave the conflict behind, without the file that is to be decided about.
    fn check_settled(&self, from: &[u8], is_dir: bool) -> Result<(), CommandError> {
        let conflicts = self.workspace.index.header().pending.iter().flat_map(|pending| &pending.conflicts);
        let is_meant = |path: &BString| path == from || is_dir && is_below(path, from);
        match conflicts.map(Conflict::path).find(is_meant) {
            None => Ok(()),
            Some(path) => Err(fatal(format_args!("'{}' is in conflict", escape::plain(&path)))
                .hint("decide about it first: edit it, then 'pond add' says that it is decided")),
        }
    }

    fn check_tracked(&self, from: &[u8], is_dir: bool) -> Result<(), CommandError> {
        let index = &self.workspace.index;
        let own = index.row(from).and_then(|row| row.staged);
        let shown = escape::plain(from);
        match own {
            Some(side) if (side.kind == Kind::Directory) == is_dir => Ok(()),
            _ if is_dir && index.any_live(index.range_of_dir(from)) => Ok(()),
            Some(_) => Err(fatal(format_args!(
                "'{shown}' is of another type in the mirror than it was when it was staged"
            ))
            .hint("'pond add' stages it as it is")),
            None => Err(fatal(format_args!("'{shown}' is not tracked")).hint("a plain mv renames it")),
        }
    }

    /// A path in conflict stays where it is: its versions would be left behind under the old name, where nobody can decide.
    fn check_decided(&self, from: &[u8]) -> Result<(), CommandError> {
        let waiting = self.workspace.index.header().pending.as_ref();
        let conflicts = waiting.map(|waiting| waiting.conflicts.as_slice()).unwrap_or_default();
        let mut paths = conflicts.iter().map(|conflict| conflict.path());
        match paths.find(|path| path == from || is_below(path, from)) {
            Some(path) => Err(fatal(format_args!("'{}' is in conflict", escape::plain(&path)))
                .hint("'pond add' or 'pond rm' decides about it")),
            None => Ok(()),
        }
    }

    fn target(&self, from: &[u8], stat: &Stat, is_dir: bool) -> Result<BString, CommandError> {
        let is_itself = self.there.is_some_and(|there| is_same_file(&there, stat)) && self.to != from;
        if self.is_dir && !is_itself {
            return Ok(join_path(&self.to, split_path(from).1));
        }
        if self.named_as_dir && !is_dir {
            return Err(fatal(format_args!("there is no directory '{}'", escape::plain(&self.to))));
        }
        Ok(self.to.clone())
    }

    /// Looks at what has the new name: what has to go, and whether it is the very same file.
    fn check_target(
        &self,
        to: &[u8],
        stat_of_source: &Stat,
        is_dir: bool,
    ) -> Result<(Option<Stat>, bool), CommandError> {
        let shown = escape::plain(to);
        let parent = split_path(to).0;
        let parent_is_dir =
            stat(self.workspace, parent).is_some_and(|stat| stat.kind() == Some(Kind::Directory));
        if !parent.is_empty() && !parent_is_dir {
            return Err(fatal(format_args!("there is no directory '{}'", escape::plain(parent))));
        }
        let Some(there) = stat(self.workspace, to) else { return Ok((None, false)) };
        let names_differ_in_case = to.to_lowercase() != to || to.to_uppercase() != to;
        if is_same_file(&there, stat_of_source) && names_differ_in_case {
            return self.same_file(to, there);
        }
        let is_file = there.kind().is_some_and(Kind::is_blob);
        match self.force && is_file && !is_dir {
            true => Ok((Some(there), false)),
            false if is_file && !is_dir => Err(fatal(format_args!("'{shown}' exists already"))
                .hint("-f replaces it; its content is stored first")),
            false => Err(fatal(format_args!("'{shown}' exists already"))),
        }
    }

    /// One file with two names that differ, perhaps, in case only; or two hard links.
    fn same_file(&self, to: &[u8], there: Stat) -> Result<(Option<Stat>, bool), CommandError> {
        let (dir, name) = split_path(to);
        let listed = std::fs::read_dir(host_path(self.workspace.pond.mirror_root(), dir));
        let is_listed = listed.is_ok_and(|mut entries| {
            entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().as_encoded_bytes() == name))
        });
        match (is_listed, self.force) {
            (false, _) => Ok((None, true)),
            (true, true) => Ok((Some(there), false)),
            (true, false) => {
                Err(fatal(format_args!("'{}' exists already", escape::plain(to))).hint("-f replaces it"))
            }
        }
    }
}
