//! Names what a command overwrote in the mirror that no version has.

use std::collections::HashMap;

use bstr::BString;
use pond_mirror::Target;
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::{HostChange, Scan, State};
use pond_objects::{Kind, Side};

use crate::observer::Event;
use crate::publish::lay_out::LaidOut;
use crate::publish::save::Saved;
use crate::workspace::Workspace;

/// The files in no version that this command removed, at the targets and around them.
pub(crate) fn gave_way(targets: &[Target], laid_out: &LaidOut, saved: &Saved, scan: &Scan) -> Vec<BString> {
    let host = Differences::of(scan);
    let meant: HashMap<&BString, Option<Side>> =
        targets.iter().map(|target| (&target.path, target.side)).collect();
    let is_untracked =
        |path: &BString| host.at(path.as_ref()).is_some_and(|change| change.state == State::Untracked);
    // What a command was told to remove it says itself.
    let has_given_way = |path: &BString| match meant.get(path) {
        None => laid_out.is_done(path),
        Some(side) => side.is_some() && laid_out.written.contains_key(path),
    };
    let paths = saved.stats.iter().map(|(path, _)| path);
    paths.filter(|path| is_untracked(path) && has_given_way(path)).cloned().collect()
}

/// Reports fifos, sockets and devices that were removed. They have no content to store, so `undo` does not bring them back.
pub(crate) fn say_what_special_went(
    workspace: &Workspace<'_>,
    targets: &[Target],
    laid_out: &LaidOut,
    scan: &Scan,
) {
    let host = Differences::of(scan);
    let done = targets.iter().filter(|target| laid_out.is_done(&target.path));
    let mut gone: Vec<_> = done.flat_map(|target| special_in_place_of(&host, target)).collect();
    gone.sort_by(|a, b| a.path.cmp(&b.path));
    gone.dedup_by(|a, b| a.path == b.path);
    for change in gone {
        if let State::Special(word) = change.state {
            workspace.session.tell(Event::SpecialGone { path: &change.path, word });
        }
    }
}

/// The special files that give way to a target: at its path in any case; around it where it shall have something.
pub(crate) fn special_in_place_of<'a>(host: &Differences<'a>, target: &Target) -> Vec<&'a HostChange> {
    match target.side {
        Some(side) => host.special_around(&target.path, side.kind == Kind::Directory),
        None => host.at(target.path.as_ref()).filter(|_| host.is_special(&target.path)).into_iter().collect(),
    }
}
