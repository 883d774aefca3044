//! A merge, cherry-pick or revert that waits for a person, or only the conflicts that a command left: what it merges, and
//! the paths to decide about. Beside a squashed merge it is also the message that the next commit may take.
//!
//! Of several commits that are picked, those that are left wait from the first on: each operation that picks one says in
//! the same step which come after it. So a command that ends half way leaves the rest, none of them twice and none
//! forgotten, be the index written or not.
//!
//! It is part of the index, and is written with it in one step. While it lasts, the index has at a path in conflict
//! what stands in the mirror's file: the text with markers, or one side's version.

use bstr::{BString, ByteSlice};
use pond_objects::merge::{Stage as MergeStage, Unmerged};
use pond_objects::{Kind, ObjectId, Side};
use serde::{Deserialize, Serialize};

use crate::index::pick_options::{PickOptions, is_unset};

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sequence {
    /// A merge.
    Merge,
    /// Commits that are picked.
    CherryPick,
    /// Commits that are reverted.
    Revert,
    /// A stash that was brought back.
    Stash,
    /// A merge that becomes an ordinary commit; nothing waits but its conflicts.
    Squash,
    /// What was begun was forgotten, or never meant to be committed by itself.
    Conflicts,
}

impl Sequence {
    /// Its word: the command that began it, and that goes on with it, where one does.
    pub fn command(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::CherryPick => "cherry-pick",
            Self::Revert => "revert",
            Self::Stash => "stash",
            Self::Squash => "squash",
            Self::Conflicts => "conflicts",
        }
    }

    /// Whether it has no commit to go on with: nothing waits any more once the last path is decided.
    pub fn is_only_conflicts(self) -> bool {
        matches!(self, Self::Stash | Self::Squash | Self::Conflicts)
    }

    /// What is the matter while it waits.
    pub fn matter(self) -> String {
        match self {
            Self::Stash => "a stash that was brought back left conflicts".to_owned(),
            Self::Squash => "a merge with --squash left conflicts".to_owned(),
            Self::Conflicts => "some paths are still in conflict".to_owned(),
            other => format!("a {} is under way", other.command()),
        }
    }
}

/// What waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pending {
    /// What is going on.
    pub doing: Sequence,
    /// Commits besides HEAD that the next commit follows, as digits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    heads: Vec<String>,
    /// The commit that is picked or reverted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// The message of the next commit, as [`escape`] writes it.
    message: String,
    /// Commits that come after it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    queue: Vec<String>,
    /// How those are picked.
    #[serde(default, skip_serializing_if = "PickOptions::is_empty")]
    options: PickOptions,
    /// Whether the commit before them was made by `commit`: then none of them is the one that did not go.
    #[serde(default, skip_serializing_if = "is_unset")]
    by_hand: bool,
    /// The paths to decide about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// The paths that were decided about since: as long as it waits, their conflicts can be written anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided: Vec<Conflict>,
}

/// A path to decide about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conflict {
    path: String,
    /// The base's, ours and theirs.
    stages: [Option<Stage>; 3],
}

/// One version of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stage {
    path: String,
    kind: u8,
    id: String,
    size: u64,
}

/// StageNumber version of a path in conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageNumber {
    /// What both sides come from.
    Base,
    /// The side of HEAD.
    Ours,
    /// The other side.
    Theirs,
}

impl StageNumber {
    /// All, in the order of git's numbers from 1.
    pub const ALL: [Self; 3] = [Self::Base, Self::Ours, Self::Theirs];
}

impl Pending {
    /// Something that begins to wait.
    pub fn new(doing: Sequence, message: &[u8], unmerged: &[Unmerged]) -> Self {
        let conflicts = unmerged.iter().map(Conflict::of).collect();
        let message = escape(message);
        Self {
            doing,
            heads: Vec::new(),
            commit: None,
            message,
            queue: Vec::new(),
            options: PickOptions::default(),
            by_hand: false,
            conflicts,
            decided: Vec::new(),
        }
    }

    /// The commits that are still to be picked, the next one first.
    pub fn of_queue(doing: Sequence, queue: &[ObjectId], options: &PickOptions) -> Option<Self> {
        let rest = Self::new(doing, b"", &[]).with_queue(queue, options);
        Some(rest).filter(|rest| !rest.queue.is_empty())
    }

    /// With commits besides HEAD that the next commit follows.
    pub fn with_heads(mut self, heads: &[ObjectId]) -> Self {
        self.heads = heads.iter().map(ObjectId::to_hex).collect();
        self
    }

    /// With the commit that is picked.
    pub fn with_commit(mut self, commit: ObjectId) -> Self {
        self.commit = Some(commit.to_hex());
        self
    }

    /// With the commits that come after it, and how they are picked.
    pub fn with_queue(mut self, queue: &[ObjectId], options: &PickOptions) -> Self {
        self.queue = queue.iter().map(ObjectId::to_hex).collect();
        self.options = if queue.is_empty() { PickOptions::default() } else { options.clone() };
        self
    }

    /// The same once the next commit has been tried: it is the one that does not go.
    pub fn without_by_hand(mut self) -> Self {
        self.by_hand = false;
        self
    }

    /// Commits besides HEAD that the next commit follows.
    pub fn heads(&self) -> Vec<ObjectId> {
        ids(&self.heads)
    }

    /// The commit that is picked or reverted.
    pub fn commit(&self) -> Option<ObjectId> {
        self.commit.as_ref()?.parse().ok()
    }

    /// The commits that come after it.
    pub fn queue(&self) -> Vec<ObjectId> {
        ids(&self.queue)
    }

    /// How those are picked.
    pub fn options(&self) -> &PickOptions {
        &self.options
    }

    /// Whether the commit before those was made by `commit`.
    pub fn is_by_hand(&self) -> bool {
        self.by_hand
    }

    /// The message of the next commit.
    pub fn message(&self) -> BString {
        unescape(&self.message)
    }

    /// Notes as decided the paths for which `is_decided`, and gives them.
    pub fn settle(&mut self, is_decided: &dyn Fn(&BString) -> bool) -> Vec<BString> {
        let (settled, left) = parted(std::mem::take(&mut self.conflicts), is_decided);
        self.conflicts = left;
        let paths: Vec<BString> = settled.iter().map(Conflict::path).collect();
        self.decided.retain(|conflict| !paths.contains(&conflict.path()));
        self.decided.extend(settled);
        self.decided.sort_by_cached_key(Conflict::path);
        paths
    }

    /// Puts paths that were decided about, and for which `is_open`, back on the list.
    pub fn reopen(&mut self, is_open: &dyn Fn(&BString) -> bool) {
        let (open, left) = parted(std::mem::take(&mut self.decided), is_open);
        self.decided = left;
        self.conflicts.extend(open);
        self.conflicts.sort_by_cached_key(Conflict::path);
    }

    /// What waits after a command for which something else waited before, if it could not do what it does to the paths for which
    /// `stays`: of these, what waited before.
    pub fn but_for(
        before: Option<&Self>,
        after: Option<Self>,
        stays: &dyn Fn(&BString) -> bool,
    ) -> Option<Self> {
        let is_meant = |conflict: &&Conflict| stays(&conflict.path());
        let Some(before) = before.filter(|before| before.all().any(|conflict| is_meant(&conflict))) else {
            return after;
        };
        let mut after = after.unwrap_or_else(|| {
            let mut over = before.clone();
            over.settle(&|_| true);
            over
        });
        let is_left = |conflict: &Conflict| !stays(&conflict.path());
        after.conflicts.retain(is_left);
        after.decided.retain(is_left);
        after.conflicts.extend(before.conflicts.iter().filter(is_meant).cloned());
        after.decided.extend(before.decided.iter().filter(is_meant).cloned());
        after.conflicts.sort_by_cached_key(Conflict::path);
        after.decided.sort_by_cached_key(Conflict::path);
        after.unless_over()
    }

    /// The paths to decide about, and those that were decided about.
    fn all(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts.iter().chain(&self.decided)
    }

    /// Whether a commit of its own is still to be made, not only those that come after it.
    pub fn is_commit_due(&self) -> bool {
        self.doing == Sequence::Merge || self.commit.is_some()
    }

    /// Whether something waits, which has to end before something else begins.
    pub fn waits(&self) -> bool {
        self.doing != Sequence::Squash || !self.conflicts.is_empty()
    }

    /// The message for the next commit, where one was prepared.
    pub fn prepared_message(&self) -> Option<BString> {
        (self.is_commit_due() || self.doing == Sequence::Squash).then(|| self.message())
    }

    /// Whether it is between two commits: none is due, and some are left.
    pub fn is_between(&self) -> bool {
        !self.is_commit_due() && !self.queue.is_empty()
    }

    /// What waits when its commit is made, or left out: those that come after it.
    pub fn rest(&self) -> Option<Self> {
        Self::of_queue(self.doing, &self.queue(), &self.options)
    }

    /// The same when `commit` makes it. Where none is due, what is committed is none of its own: it stays as it is.
    pub fn after_commit(&self) -> Option<Self> {
        match self.is_commit_due() {
            true => self.rest().map(|rest| Self { by_hand: true, ..rest }),
            false => Some(self.clone()).filter(Self::is_between),
        }
    }

    /// What is left of it when it is forgotten: the paths in conflict are still to be decided about.
    pub fn only_conflicts(&self) -> Option<Self> {
        Self { conflicts: self.conflicts.clone(), ..Self::new(Sequence::Conflicts, b"", &[]) }.unless_over()
    }

    /// It, or `None` if nothing is left of it.
    pub fn unless_over(self) -> Option<Self> {
        let is_over = self.doing.is_only_conflicts() && self.conflicts.is_empty() && self.message.is_empty();
        (!is_over).then_some(self)
    }

    /// Its text in the index and in operations.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("BUG: what waits has a text")
    }

    /// What such a text says.
    pub fn from_json(text: &str) -> Option<Self> {
        let pending: Self = serde_json::from_str(text).ok()?;
        let is_id = |text: &String| text.parse::<ObjectId>().is_ok();
        let is_stage = |stage: &Stage| is_id(&stage.id) && Kind::from_number(stage.kind).is_some();
        let is_sound = pending.heads.iter().chain(&pending.queue).chain(&pending.commit).all(is_id)
            && pending.all().flat_map(|conflict| conflict.stages.iter().flatten()).all(is_stage);
        is_sound.then_some(pending)
    }
}

impl Conflict {
    fn of(unmerged: &Unmerged) -> Self {
        let stage = |stage: &Option<MergeStage>| {
            let MergeStage { path, side } = stage.as_ref()?;
            Some(Stage {
                path: escape(path),
                kind: side.kind.number(),
                id: side.id.to_hex(),
                size: side.size,
            })
        };
        let stages = [stage(&unmerged.base), stage(&unmerged.ours), stage(&unmerged.theirs)];
        Self { path: escape(&unmerged.path), stages }
    }

    /// The path.
    pub fn path(&self) -> BString {
        unescape(&self.path)
    }

    /// One version of it.
    pub fn side(&self, which: StageNumber) -> Option<Side> {
        let Stage { kind, id, size, .. } = self.stages[which as usize].as_ref()?;
        Some(Side { kind: Kind::from_number(*kind)?, id: id.parse().ok()?, size: *size })
    }

    /// The two letters of `status`: what ours and theirs did.
    pub fn letters(&self) -> &'static str {
        match self.stages.each_ref().map(Option::is_some) {
            [true, false, false] => "DD",
            [false, true, false] => "AU",
            [true, true, false] => "UD",
            [false, false, true] => "UA",
            [true, false, true] => "DU",
            [false, true, true] => "AA",
            _ => "UU",
        }
    }

    /// The same in words.
    pub fn words(&self) -> &'static str {
        match self.letters() {
            "DD" => "both deleted",
            "AU" => "added by us",
            "UD" => "deleted by them",
            "UA" => "added by them",
            "DU" => "deleted by us",
            "AA" => "both added",
            _ => "both modified",
        }
    }
}

/// Those at paths that are meant, and the others.
fn parted(conflicts: Vec<Conflict>, is_meant: &dyn Fn(&BString) -> bool) -> (Vec<Conflict>, Vec<Conflict>) {
    conflicts.into_iter().partition(|conflict| is_meant(&conflict.path()))
}

fn ids(texts: &[String]) -> Vec<ObjectId> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// Bytes as printable ASCII: any other byte, and `%`, is `%HH`.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b' '..=b'~' if *byte != b'%' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// The bytes of such a text.
pub fn unescape(text: &str) -> BString {
    let mut bytes = BString::default();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let digits = more.get(..2).and_then(|digits| digits.to_str().ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for path in [&b"plain/file 1.csv"[..], b"50%", b"%41", b"\xff\n\x1b", "\u{e9}t\u{e9}".as_bytes()] {
            let text = escape(path);
            assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text}");
            assert_eq!(unescape(&text), path);
        }
    }

    #[test]
    fn what_waits_is_read_back_or_refused() {
        let id = ObjectId::of_content(b"x");
        let side = Side { kind: Kind::File, id, size: 1 };
        let stage = Some(MergeStage { path: "a\n".into(), side });
        let unmerged = Unmerged {
            path: b"b\xff".into(),
            base: stage.clone(),
            ours: None,
            theirs: stage,
            result: Some(side),
            has_markers: false,
        };
        let options = PickOptions {
            mention: true,
            mainline: Some(2),
            strategy: vec!["ours".to_owned()],
            conflict: Some("diff3".to_owned()),
            ..PickOptions::default()
        };
        let mut pending = Pending::new(Sequence::CherryPick, b"m\n\xfe", &[unmerged])
            .with_heads(&[id])
            .with_commit(id)
            .with_queue(&[id, id], &options);
        assert_eq!(Pending::from_json(&pending.to_json()), Some(pending.clone()));
        let conflict = &pending.conflicts[0];
        assert_eq!((conflict.letters(), conflict.side(StageNumber::Ours)), ("DU", None));
        assert_eq!(conflict.side(StageNumber::Theirs).map(|side| side.id), Some(id));
        assert_eq!((pending.message().as_slice(), pending.queue().len()), (&b"m\n\xfe"[..], 2));
        assert_eq!(Pending::from_json(&pending.to_json().replace(&id.to_hex(), "12")), None);
        assert_eq!(Pending::from_json("{}"), None);
        for field in ["\"doing\":", "\"mention\":", "\"stages\":", "\"kind\":"] {
            let text = pending.to_json().replacen(field, &format!("\"unknown\":1,{field}"), 1);
            assert_eq!(Pending::from_json(&text), None, "{text}");
        }
        let forgotten = pending.only_conflicts().expect("a conflict");
        assert_eq!((forgotten.conflicts.len(), forgotten.queue().len()), (1, 0));
        assert!(!forgotten.is_commit_due());
        assert_eq!(pending.settle(&|_| true), [BString::from(&b"b\xff"[..])]);
        assert!(pending.conflicts.is_empty() && pending.only_conflicts().is_none());
        assert_eq!(Pending::from_json(&pending.to_json()), Some(pending.clone()));
        // What a command could not do to a path leaves it decided, or in conflict, as it was.
        let mut reopened = pending.clone();
        reopened.reopen(&|_| true);
        assert_eq!((reopened.conflicts.len(), reopened.decided.len()), (1, 0));
        for (before, after) in [(&pending, &reopened), (&reopened, &pending)] {
            let done = Pending::but_for(Some(before), Some(after.clone()), &|_| false);
            assert_eq!(done.as_ref(), Some(after));
            assert_eq!(Pending::but_for(Some(before), Some(after.clone()), &|_| true).as_ref(), Some(before));
            assert_eq!(Pending::but_for(Some(before), None, &|_| true).as_ref(), Some(before));
        }
        assert_eq!(pending.clone().unless_over().as_ref(), Some(&pending));
        let rest = pending.after_commit().expect("a queue");
        assert!(pending.is_commit_due() && !rest.is_commit_due());
        assert!(rest.is_by_hand() && rest.is_between() && !pending.is_between());
        assert_eq!((rest.queue().len(), rest.options()), (2, &options));
        assert_eq!(rest.after_commit().as_ref(), Some(&rest));
        let rest = pending.rest().expect("a queue");
        assert!(!rest.is_by_hand());
        assert_eq!(Pending::from_json(&rest.to_json()), Some(rest));
        assert_eq!(Pending::of_queue(Sequence::Revert, &[], &options), None);
        assert_eq!(Pending::new(Sequence::Stash, b"", &[]).unless_over(), None);
        let squashed = Pending::new(Sequence::Squash, b"both", &[]).unless_over().expect("a message");
        assert!(!squashed.waits() && !squashed.is_commit_due() && squashed.after_commit().is_none());
        assert_eq!(squashed.prepared_message(), Some("both".into()));
    }
}
