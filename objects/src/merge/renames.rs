//! Brings the versions of renamed files together at their new paths.

use std::collections::BTreeSet;

use bstr::{BString, ByteSlice};

use super::directories::{self, Moves};
use super::message::{Message, MessageKind};
use super::similar::Rename;
use super::state::{BASE, Merge, OURS, Place, THEIRS, other};
use super::{DirectoryRenames, content::Versions};
use crate::change::Side;
use crate::source::ReadError;

impl<E: From<ReadError>> Merge<'_, E> {
    /// Finds what each side renamed, and moves stages to where they meet.
    pub(super) fn process_renames(&mut self) -> Result<(), E> {
        let is_following = self.depth == 0 && self.options.directory_renames != DirectoryRenames::Ignore;
        let mut removed = [BTreeSet::new(), BTreeSet::new()];
        if is_following && self.options.renames.is_some() {
            removed = [self.removed_directories(OURS)?, self.removed_directories(THEIRS)?];
        }
        let followed = &removed[0] | &removed[1];
        let renames = [self.find_side_renames(OURS, &followed)?, self.find_side_renames(THEIRS, &followed)?];
        let mut moves = [Moves::new(), Moves::new()];
        if is_following {
            for (at, side) in [OURS, THEIRS].into_iter().enumerate() {
                moves[at] = self.directory_moves(side, &renames[at], &removed[at], &followed)?;
            }
            directories::drop_common(&mut moves);
        }
        let mut renames = self.move_along(renames, &moves)?;
        renames.sort_by(|a, b| (&a.from, a.side).cmp(&(&b.from, b.side)));
        let mut rest = renames.as_slice();
        while let [rename, behind @ ..] = rest {
            rest = behind;
            let Some(old) = self.paths.get(&rename.from).filter(|old| old.settled.is_none()).cloned() else {
                continue;
            };
            match behind {
                [again, behind @ ..] if again.from == rename.from => {
                    rest = behind;
                    self.renamed_by_both(&rename.from, &old, [&rename.to, &again.to])?;
                }
                _ => self.renamed_by_one(rename, old)?,
            }
        }
        Ok(())
    }

    fn renamed_by_both(&mut self, from: &BString, old: &Place, to: [&BString; 2]) -> Result<(), E> {
        let base = old.stages[BASE];
        if to[0] == to[1] {
            let new = self.paths.entry(to[0].clone()).or_default();
            new.stages[BASE] = base;
            self.leave(from, [OURS, THEIRS].as_slice());
            return Ok(());
        }
        let sides = [(to[0], OURS), (to[1], THEIRS)];
        let stage =
            |(path, side): (&BString, usize)| self.paths.get(path).and_then(|place| place.stages[side]);
        let [Some(ours), Some(theirs)] = sides.map(stage) else { return Ok(()) };
        let origins = [from.as_bstr(), to[0].as_bstr(), to[1].as_bstr()];
        let merged = self.merge_file(&Versions {
            path: from.as_bstr(),
            base,
            ours,
            theirs,
            origins,
            is_nested: true,
        })?;
        let is_whole = !merged.is_clean && merged.side == ours;
        for ((path, side), own) in sides.into_iter().zip([ours, theirs]) {
            let place = self.paths.entry(path.clone()).or_default();
            place.stages[side] = Some(if is_whole { own } else { merged.side });
            place.has_markers |= merged.has_markers;
            place.equal = None;
            place.is_path_conflict = true;
        }
        if let Some(place) = self.paths.get_mut(from) {
            place.is_path_conflict = true;
        }
        let text = format!(
            "CONFLICT (rename/rename): {from} renamed to {} in {} and to {} in {}.",
            to[0], self.labels.ours, to[1], self.labels.theirs
        );
        let message = Message::new(MessageKind::RenameRename, from.as_bstr(), text);
        self.tell(message.with(&[to[0].as_bstr(), to[1].as_bstr()]));
        Ok(())
    }

    fn renamed_by_one(&mut self, rename: &Rename, old: Place) -> Result<(), E> {
        let Rename { side, from, to } = rename;
        let (side, stays) = (*side, other(*side));
        let Some(mut new) = self.paths.get(to).filter(|new| new.settled.is_none()).cloned() else {
            return Ok(());
        };
        let is_deleted = !old.has(stays);
        if !is_deleted && new.equal == Some((OURS, THEIRS)) {
            // Both sides have the file at its new path, and one has another at the old one: that one is no newer version of
            // it. Git merges all the same, and the other file is gone.
            return Ok(());
        }
        let is_file = |stage: Option<Side>| stage.is_some_and(|side| side.kind.is_file());
        let is_retyped = !is_deleted && is_file(old.stages[stays]) != is_file(new.stages[side]);
        let is_taken = new.has(stays) && !is_retyped;
        if is_taken && !is_deleted {
            self.merge_before_collision(rename, &old, &mut new)?;
        } else {
            if !is_taken {
                new.stages[BASE] = old.stages[BASE];
                new.origins[BASE] = Some(from.clone());
            }
            if is_deleted {
                new.is_path_conflict = true;
                let (renamer, deleter) = (self.label(side), self.label(stays));
                let text = format!(
                    "CONFLICT (rename/delete): {from} renamed to {to} in {renamer}, but deleted in {deleter}."
                );
                self.tell(
                    Message::new(MessageKind::RenameDelete, to.as_bstr(), text).with(&[from.as_bstr()]),
                );
            } else if !is_taken && !is_retyped {
                new.stages[stays] = old.stages[stays];
                new.origins[stays] = Some(from.clone());
                new.equal = None;
            }
        }
        self.paths.insert(to.clone(), new);
        if !is_retyped {
            self.leave(from, &[side]);
        } else if let Some(old) = self.paths.get_mut(from) {
            old.stages[BASE] = None;
            old.equal = None;
        }
        Ok(())
    }

    /// Merges a renamed file's versions before the result meets what the other side has at its new path.
    fn merge_before_collision(&mut self, rename: &Rename, old: &Place, new: &mut Place) -> Result<(), E> {
        let Rename { side, from, to } = rename;
        let mut stages = old.stages;
        stages[*side] = new.stages[*side];
        let mut origins = [from.as_bstr(); 3];
        origins[*side] = to.as_bstr();
        let Some(versions) = Self::versions(&stages, from.as_bstr(), origins, true) else { return Ok(()) };
        let merged = self.merge_file(&versions)?;
        new.stages[*side] = Some(merged.side);
        new.has_markers |= merged.has_markers;
        new.equal = None;
        if !merged.is_clean {
            let text = format!(
                "CONFLICT (rename involved in collision): rename of {from} -> {to} has content conflicts AND \
                 collides with another path; this may result in nested conflict markers."
            );
            self.tell(Message::new(MessageKind::RenameCollides, to.as_bstr(), text).with(&[from.as_bstr()]));
        }
        Ok(())
    }

    /// Takes a renamed file away from its old path. Where the sides that renamed it have another file there, that one stays.
    fn leave(&mut self, from: &BString, sides: &[usize]) {
        let Some(old) = self.paths.get_mut(from) else { return };
        old.equal = None;
        for version in [BASE, OURS, THEIRS] {
            if !sides.contains(&version) {
                old.stages[version] = None;
            }
        }
        if old.stages.iter().all(Option::is_none) {
            old.settled = Some(None);
        }
    }
}
