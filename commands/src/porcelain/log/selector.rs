//! Which commits are shown, and what of their changes.

use pond_objects::{Commit, ObjectId};

use super::LogArgs;
use super::filter::Filter;
use super::follow::Follow;
use crate::comparison::{Against, CommitChanges, Merges};
use crate::error::{CommandError, usage};
use crate::revisions::{self, Arguments};
use crate::workspace::Workspace;

/// Decides by what a commit says and by what it changed whether it is shown.
pub(super) struct Selector<'a> {
    workspace: &'a Workspace<'a>,
    args: &'a LogArgs,
    arguments: &'a Arguments,
    filter: Filter,
    follow: Option<Follow>,
    merges: Merges,
    shows_changes: bool,
}

impl<'a> Selector<'a> {
    pub(super) fn new(
        workspace: &'a Workspace<'a>,
        args: &'a LogArgs,
        arguments: &'a Arguments,
        filter: Filter,
        merges: Merges,
        shows_changes: bool,
    ) -> Result<Self, CommandError> {
        let follow = match (args.follow, arguments.paths.len()) {
            (false, _) => None,
            (true, 1) => Some(Follow::new(workspace, &arguments.paths[0])?),
            (true, _) => return Err(usage("--follow takes exactly one path")),
        };
        Ok(Self { workspace, args, arguments, filter, follow, merges, shows_changes })
    }

    /// Whether every commit is shown.
    pub(super) fn takes_all(&self) -> bool {
        self.filter.takes_all()
            && self.follow.is_none()
            && self.arguments.paths.is_empty()
            && !self.args.diff.is_filtered()
    }

    /// The changes to show with a commit; `None` where the commit is not shown. With `--follow` no commit may come before one of
    /// its children.
    pub(super) fn changes(
        &mut self,
        id: &ObjectId,
        commit: &Commit,
    ) -> Result<Option<CommitChanges>, CommandError> {
        let store = self.workspace.store();
        // One that is not shown leads on to the file all the same.
        let followed = self.follow.as_mut().map(|follow| follow.step(store, id, commit)).transpose()?;
        if !self.filter.takes(commit) {
            return Ok(None);
        }
        if let Some(mut changes) = followed {
            let was_touched = !changes.is_empty();
            self.args.diff.filter(&mut changes)?;
            return Ok((was_touched && !changes.is_empty()).then_some(CommitChanges::Plain(changes)));
        }
        let pathspecs = &self.arguments.pathspecs;
        let hides_merge = commit.parents.len() > 1 && self.merges.against == Against::Nothing;
        if !self.arguments.paths.is_empty()
            && !revisions::touches(store, commit, pathspecs, self.merges.differing(self.args.first_parent))?
        {
            return Ok(None);
        }
        let filtered = self.args.diff.is_filtered();
        if hides_merge || !(self.shows_changes || filtered) {
            return Ok((!(hides_merge && filtered)).then_some(CommitChanges::NONE));
        }
        let changes = self.merges.changes(store, commit, pathspecs, &self.args.diff)?;
        Ok((!filtered || !changes.is_empty()).then_some(changes))
    }
}
