//! Decides for each path what stands there in the end.

use std::collections::BTreeSet;

use bstr::{BStr, BString, ByteSlice};

use super::content::MergedFile;
use super::message::{Message, MessageKind};
use super::state::{BASE, Merge, OURS, Place, THEIRS, below, other, unlike};
use super::{Stage, Unmerged};
use crate::change::Side;
use crate::kind::Kind;
use crate::source::ReadError;

impl<E: From<ReadError>> Merge<'_, E> {
    /// Resolves every path: those with nothing below them first, so that it is known which directories stay.
    pub(super) fn resolve(&mut self) -> Result<(), E> {
        let kept = self.kept_directories()?;
        let is_plain = |path: &BString| {
            below(&self.paths, path).next().is_none()
                && !self.made.contains_key(path)
                && !is_directory_kept(&kept, path)
        };
        let (plain, mut crowded): (Vec<_>, Vec<_>) = self.paths.keys().cloned().partition(is_plain);
        for path in plain {
            self.resolve_path(path, false)?;
        }
        crowded.sort_by(|a, b| b.cmp(a));
        for path in crowded {
            let is_directory = below(&self.results, &path).any(|(_, side)| side.is_some())
                || is_directory_kept(&kept, &path);
            self.resolve_path(path, is_directory)?;
        }
        Ok(())
    }

    fn resolve_path(&mut self, path: BString, is_directory: bool) -> Result<(), E> {
        let Some(mut place) = self.paths.get(&path).cloned() else { return Ok(()) };
        if let Some(result) = place.settled {
            self.results.insert(path, result);
            return Ok(());
        }
        if !is_directory {
            return self.settle(path, place, None);
        }
        if !place.is_left() {
            self.results.insert(path, None);
            return Ok(());
        }
        let side = if self.has_directory(OURS, &path)? { THEIRS } else { OURS };
        let unique = self.unique_path(path.as_bstr(), side)?;
        let text = format!(
            "CONFLICT (file/directory): directory in the way of {path} from {}; moving it to {unique} instead.",
            self.label(side)
        );
        self.tell(Message::new(MessageKind::FileDirectory, unique.as_bstr(), text).with(&[path.as_bstr()]));
        for version in [BASE, OURS, THEIRS] {
            place.origins[version].get_or_insert_with(|| path.clone());
        }
        self.results.insert(path, None);
        self.settle(unique, place, Some(side))
    }

    /// Resolves a place; `moved` is the side whose file had to give way to a directory.
    fn settle(&mut self, path: BString, mut place: Place, moved: Option<usize>) -> Result<(), E> {
        let mut is_clean = moved.is_none() && !place.is_path_conflict;
        let mut has_markers = place.has_markers;
        let sides = (place.stages[OURS], place.stages[THEIRS]);
        let result = match (place.equal, sides) {
            (Some(pair), _) => {
                let result = place.stages[unlike(pair)];
                is_clean |= result.is_none();
                // All versions have it: what is to be decided is where.
                if let Some(side) = moved.filter(|_| place.stages.iter().all(Option::is_some)) {
                    place.stages = [None; 3];
                    place.stages[side] = result;
                }
                result
            }
            (None, (Some(ours), Some(theirs))) if ours.kind.is_file() != theirs.kind.is_file() => {
                return self.settle_types(path, place, ours, theirs);
            }
            (None, (Some(_), Some(_))) => {
                let merged = self.settle_content(path.as_bstr(), &mut place, moved)?;
                is_clean &= merged.is_clean;
                has_markers |= merged.has_markers;
                (!merged.is_gone).then_some(merged.side)
            }
            (None, (None, None)) => None,
            (None, (ours, theirs)) if place.has(BASE) => {
                is_clean = false;
                let side = if ours.is_some() { OURS } else { THEIRS };
                self.tell_modified_deleted(path.as_bstr(), &place, side);
                if self.depth > 0 { place.stages[BASE] } else { ours.or(theirs) }
            }
            (None, (ours, theirs)) => ours.or(theirs),
        };
        self.finish(path, &place, result, is_clean, has_markers);
        Ok(())
    }

    fn settle_content(
        &mut self,
        path: &BStr,
        place: &mut Place,
        moved: Option<usize>,
    ) -> Result<MergedFile, E> {
        let origins = [BASE, OURS, THEIRS].map(|version| place.origins[version].clone());
        let origins =
            [0, 1, 2].map(|version| origins[version].as_ref().map_or(path, |origin| origin.as_bstr()));
        let versions = Self::versions(&place.stages, path, origins, false);
        let merged = self.merge_file(&versions.expect("BUG: both sides have a file"))?;
        if let Some(side) = moved.filter(|_| merged.is_clean) {
            place.stages = [None; 3];
            place.stages[side] = Some(merged.side);
        } else if !merged.is_clean {
            let (kind, reason) = match place.has(BASE) {
                true => (MessageKind::Content, "content"),
                false => (MessageKind::AddAdd, "add/add"),
            };
            self.tell(Message::new(kind, path, format!("CONFLICT ({reason}): Merge conflict in {path}")));
        }
        Ok(merged)
    }

    fn tell_modified_deleted(&mut self, path: &BStr, place: &Place, side: usize) {
        let is_unchanged = place.stages[BASE].map(|base| base.id) == place.stages[side].map(|side| side.id);
        if place.is_path_conflict && is_unchanged {
            return;
        }
        let (modifier, deleter) = (self.label(side), self.label(other(side)));
        let text = format!(
            "CONFLICT (modify/delete): {path} deleted in {deleter} and modified in {modifier}.  Version {modifier} \
             of {path} left in tree."
        );
        self.tell(Message::new(MessageKind::ModifyDelete, path, text));
    }

    /// A file and a symlink: files get another name, with the label of their side.
    fn settle_types(&mut self, path: BString, place: Place, ours: Side, theirs: Side) -> Result<(), E> {
        if self.depth > 0 {
            let base = place.stages[BASE];
            self.finish(path, &place, base, false, false);
            return Ok(());
        }
        let renamed = if ours.kind.is_file() { OURS } else { THEIRS };
        let unique = self.unique_path(path.as_bstr(), renamed)?;
        let text = format!(
            "CONFLICT (distinct types): {path} had different types on each side; renamed one of them so each can be \
             recorded somewhere."
        );
        self.tell(Message::new(MessageKind::DistinctTypes, path.as_bstr(), text).with(&[unique.as_bstr()]));
        for (side, stage) in [(OURS, ours), (THEIRS, theirs)] {
            let mut own = place.clone();
            own.stages[other(side)] = None;
            own.stages[BASE] = own.stages[BASE].filter(|base| base.kind.is_file() == stage.kind.is_file());
            let at = if side == renamed { &unique } else { &path };
            for version in [BASE, OURS, THEIRS] {
                own.origins[version].get_or_insert_with(|| path.clone());
            }
            self.finish(at.clone(), &own, Some(stage), false, place.has_markers);
        }
        Ok(())
    }

    fn finish(
        &mut self,
        path: BString,
        place: &Place,
        result: Option<Side>,
        is_clean: bool,
        has_markers: bool,
    ) {
        if !is_clean {
            self.is_clean = false;
            let stage = |version: usize| {
                let path = place.origin(version, path.as_bstr()).into();
                place.stages[version].map(|side| Stage { path, side })
            };
            self.unmerged.push(Unmerged {
                path: path.clone(),
                base: stage(BASE),
                ours: stage(OURS),
                theirs: stage(THEIRS),
                result,
                has_markers: has_markers && result.is_some_and(|result| result.kind != Kind::Symlink),
            });
        }
        self.results.insert(path, result);
    }
}

/// Whether an empty directory is kept at a path or below it.
fn is_directory_kept(kept: &BTreeSet<BString>, path: &BString) -> bool {
    let inside = BString::from([path.as_slice(), b"/"].concat());
    kept.contains(path) || kept.range(inside.clone()..).next().is_some_and(|next| next.starts_with(&inside))
}
