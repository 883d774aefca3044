//! Which commits are shown, and what of their changes.

use std::ffi::OsStr;

use bstr::BString;
use pond_history::Touched;
use pond_history::diff::{Against, CommitChanges, Merges};
use pond_history::select::{Filter, Follow};
use pond_objects::{Commit, Kind, Link, ObjectId, ObjectSource as _, Signature, Timestamp, escape, tree};
use pond_workspace::Workspace;

use super::LogArgs;
use crate::commit_output::CommitOutput;
use crate::error::{CommandError, usage};
use crate::revisions::{Arguments, path_from_root};

/// Decides by what a commit says and by what it changed whether it is shown.
pub(super) struct Selector<'a> {
    workspace: &'a Workspace<'a>,
    args: &'a LogArgs,
    arguments: &'a Arguments,
    filter: Filter,
    follow: Option<Follow<'a>>,
    touched: Option<&'a Touched<'a>>,
    merges: Merges,
    shows_changes: bool,
    /// A commit's place in history is all that is needed of it.
    needs_only_link: bool,
}

impl<'a> Selector<'a> {
    pub(super) fn new(
        workspace: &'a Workspace<'a>,
        args: &'a LogArgs,
        arguments: &'a Arguments,
        filter: Filter,
        touched: Option<&'a Touched<'a>>,
        output: &CommitOutput<'_>,
    ) -> Result<Self, CommandError> {
        let follow = match (args.follow, arguments.paths.len()) {
            (false, _) => None,
            (true, 1) => Some(follow(workspace, &arguments.paths[0])?),
            (true, _) => return Err(usage("--follow takes exactly one path")),
        };
        let needs_only_link = output.needs_only_link()
            && filter.needs_only_link()
            && follow.is_none()
            && !args.diff.is_filtered();
        Ok(Self {
            workspace,
            args,
            arguments,
            filter,
            follow,
            touched,
            merges: output.merges(),
            shows_changes: output.shows_changes(),
            needs_only_link,
        })
    }

    /// Whether every commit is shown.
    pub(super) fn takes_all(&self) -> bool {
        self.filter.takes_all()
            && self.follow.is_none()
            && self.arguments.paths.is_empty()
            && !self.args.diff.is_filtered()
    }

    /// A commit with its changes to show; `None` where it is not shown. With `--follow` no commit may come before one of its
    /// children.
    pub(super) fn choose(
        &mut self,
        id: &ObjectId,
        link: &Link,
    ) -> Result<Option<(Commit, CommitChanges)>, CommandError> {
        // Asked first: that needs no commit to be read.
        let passes = match (&mut self.follow, self.touched) {
            (Some(follow), _) => follow.passes(id, &link.parents)?,
            (None, Some(touched)) => !touched.takes(id)?,
            (None, None) => false,
        };
        if passes {
            return Ok(None);
        }
        let commit = match self.needs_only_link {
            true => outline(link),
            false => self.workspace.store().commit(id)?,
        };
        Ok(self.changes(id, &commit)?.map(|changes| (commit, changes)))
    }

    /// The changes to show with a commit that changed one of the paths.
    fn changes(&mut self, id: &ObjectId, commit: &Commit) -> Result<Option<CommitChanges>, CommandError> {
        let store = self.workspace.store();
        // One that is not shown leads on to the file all the same.
        let followed = self.follow.as_mut().map(|follow| follow.step(id, commit)).transpose()?;
        if !self.filter.takes(commit) {
            return Ok(None);
        }
        if let Some(mut changes) = followed {
            let was_touched = !changes.is_empty();
            self.args.diff.request()?.kinds.apply(&mut changes);
            return Ok((was_touched && !changes.is_empty()).then_some(CommitChanges::Plain(changes)));
        }
        let pathspecs = &self.arguments.pathspecs;
        let hides_merge = commit.parents.len() > 1 && self.merges.against == Against::Nothing;
        let filtered = self.args.diff.is_filtered();
        if hides_merge || !(self.shows_changes || filtered) {
            return Ok((!(hides_merge && filtered)).then_some(CommitChanges::NONE));
        }
        let changes = self.merges.changes(store, commit, pathspecs, &self.args.diff.request()?)?;
        Ok((!filtered || !changes.is_empty()).then_some(changes))
    }
}

/// Follows the file that the user calls `given`.
fn follow<'a>(workspace: &'a Workspace<'_>, given: &OsStr) -> Result<Follow<'a>, CommandError> {
    let path = path_from_root(workspace, given)?;
    let root = workspace.head_tree()?;
    let found = root.map(|root| tree::find(workspace.store(), &root, &path)).transpose()?.flatten();
    if path.is_empty() || found.is_some_and(|entry| entry.kind == Kind::Directory) {
        let given = escape::plain(given.as_encoded_bytes());
        return Err(usage(format_args!("--follow takes one file, and '{given}' is a directory"))
            .hint(format_args!("'pond log -- {given}' shows the commits that changed anything in it")));
    }
    Ok(Follow::new(workspace.store(), path))
}

/// What stands for a commit where nothing is asked about but its place in history: the rest of it is not read.
fn outline(link: &Link) -> Commit {
    let when = Timestamp { seconds: link.seconds, offset_minutes: 0 };
    let nobody = Signature { name: String::new(), email: String::new(), when };
    Commit {
        tree: ObjectId::ZERO,
        parents: link.parents.clone(),
        author: nobody.clone(),
        committer: nobody,
        nodes: None,
        extra: Vec::new(),
        message: BString::default(),
    }
}
