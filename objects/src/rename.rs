//! Finds renames among changes: first by equal content, then by similar content.
//!
//! Similarity is the share of bytes in lines (or runs of 64 bytes without a line end) that both files have,
//! over the larger file's size, as git measures it.

use std::collections::HashMap;

use bstr::{BStr, ByteSlice};

use crate::change::{Change, Side};
use crate::id::ObjectId;
use crate::kind::Kind;
use crate::name::split_path;

/// Similarities are compared more finely than in percent, as git does, so that the best of several is the same.
const MAX_SCORE: u64 = 60_000;

/// How renames are looked for.
#[derive(Debug, Clone, Copy)]
pub struct RenameOptions {
    /// Least similarity in percent; 100 finds equal contents only.
    pub min_similarity: u8,
    /// Most files on either side that are compared with each other by content.
    pub limit: usize,
    /// Largest file that is compared by content, in bytes.
    pub max_size: u64,
}

impl Default for RenameOptions {
    fn default() -> Self {
        Self { min_similarity: 50, limit: 400, max_size: 4 << 20 }
    }
}

/// Joins deletions and additions that are renames; other changes stay as they are, in path order.
///
/// `content` gives a side's bytes; where it gives `None` the file is not compared.
pub fn find_renames(
    changes: Vec<Change>,
    options: RenameOptions,
    content: &mut dyn FnMut(&BStr, &Side) -> Option<Vec<u8>>,
) -> Vec<Change> {
    let mut finder = Finder { changes, partner: HashMap::new(), taken: HashMap::new() };
    finder.equal();
    if options.min_similarity < 100 {
        finder.similar(options, content);
    }
    finder.join()
}

struct Finder {
    changes: Vec<Change>,
    /// By the addition's place: the deletion's place and the similarity.
    partner: HashMap<usize, (usize, u8)>,
    /// By the deletion's place: the addition's.
    taken: HashMap<usize, usize>,
}

impl Finder {
    fn open(&self, is_open: impl Fn(&Change) -> Option<Side>) -> Vec<(usize, Side)> {
        let sides = self.changes.iter().enumerate();
        sides
            .filter(|(at, _)| !self.partner.contains_key(at) && !self.taken.contains_key(at))
            .filter_map(|(at, change)| is_open(change).map(|side| (at, side)))
            .filter(|(_, side)| side.kind.is_blob())
            .collect()
    }

    fn added(&self) -> Vec<(usize, Side)> {
        self.open(|change| change.new.filter(|_| change.old.is_none()))
    }

    fn deleted(&self) -> Vec<(usize, Side)> {
        self.open(|change| change.old.filter(|_| change.new.is_none()))
    }

    fn pair(&mut self, deleted: usize, added: usize, similarity: u8) {
        self.partner.insert(added, (deleted, similarity));
        self.taken.insert(deleted, added);
    }

    fn equal(&mut self) {
        let mut by_id: HashMap<(ObjectId, bool), Vec<usize>> = HashMap::new();
        for (at, side) in self.deleted().into_iter().rev() {
            by_id.entry((side.id, side.kind == Kind::Symlink)).or_default().push(at);
        }
        for same_name_only in [true, false] {
            for (added, side) in self.added() {
                let Some(candidates) = by_id.get_mut(&(side.id, side.kind == Kind::Symlink)) else {
                    continue;
                };
                let name = split_path(&self.changes[added].path).1;
                let same = candidates.iter().rposition(|&at| split_path(&self.changes[at].path).1 == name);
                let found = same.or_else(|| {
                    let any = candidates.len().checked_sub(1);
                    any.filter(|_| !same_name_only && side.size > 0)
                });
                if let Some(found) = found {
                    let deleted = candidates.remove(found);
                    self.pair(deleted, added, 100);
                }
            }
        }
    }

    fn similar(&mut self, options: RenameOptions, content: &mut dyn FnMut(&BStr, &Side) -> Option<Vec<u8>>) {
        let fits =
            |(_, side): &(usize, Side)| side.kind.is_file() && (1..=options.max_size).contains(&side.size);
        let deleted: Vec<_> = self.deleted().into_iter().filter(fits).collect();
        let added: Vec<_> = self.added().into_iter().filter(fits).collect();
        if deleted.is_empty() || added.is_empty() || deleted.len().max(added.len()) > options.limit {
            return;
        }
        let mut read = |sides: &[(usize, Side)]| -> Vec<Option<Lines>> {
            let bytes = sides.iter().map(|(at, side)| content(self.changes[*at].path.as_bstr(), side));
            bytes.map(|bytes| bytes.map(|bytes| Lines::of(&bytes))).collect()
        };
        let (old_lines, new_lines) = (read(&deleted), read(&added));
        let mut scores = Vec::new();
        for ((new_at, new_side), new) in added.iter().zip(&new_lines) {
            for ((old_at, old_side), old) in deleted.iter().zip(&old_lines) {
                let (Some(old), Some(new)) = (old, new) else { continue };
                let largest = old_side.size.max(new_side.size);
                if old_side.size.min(new_side.size) * 100 < largest * u64::from(options.min_similarity) {
                    continue;
                }
                let score = old.common(new) * MAX_SCORE / largest;
                if score >= MAX_SCORE / 100 * u64::from(options.min_similarity) {
                    let same_name = split_path(&self.changes[*old_at].path).1
                        == split_path(&self.changes[*new_at].path).1;
                    scores.push((score, same_name, *old_at, *new_at));
                }
            }
        }
        scores.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then((a.3, a.2).cmp(&(b.3, b.2))));
        for (score, _, old, new) in scores {
            if !self.taken.contains_key(&old) && !self.partner.contains_key(&new) {
                self.pair(old, new, (score * 100 / MAX_SCORE).min(99) as u8);
            }
        }
    }

    fn join(self) -> Vec<Change> {
        let places: Vec<Change> = self.changes;
        let mut joined = Vec::with_capacity(places.len());
        for (at, change) in places.iter().enumerate() {
            if self.taken.contains_key(&at) {
                continue;
            }
            let mut change = change.clone();
            if let Some((old, similarity)) = self.partner.get(&at) {
                change.old = places[*old].old;
                change.old_path = Some(places[*old].path.clone());
                change.similarity = Some(*similarity);
            }
            joined.push(change);
        }
        joined
    }
}

/// The lines of a file as sorted hashes with the bytes that they stand for.
struct Lines(Vec<(u64, u64)>);

impl Lines {
    fn of(content: &[u8]) -> Self {
        let mut lines: Vec<(u64, u64)> = content
            .split_inclusive(|&byte| byte == b'\n')
            .flat_map(|line| line.chunks(64))
            .map(|piece| (hash(piece), piece.len() as u64))
            .collect();
        lines.sort_unstable();
        Self(lines)
    }

    fn common(&self, other: &Self) -> u64 {
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = 0;
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            match x.cmp(y) {
                std::cmp::Ordering::Less => drop(a.next()),
                std::cmp::Ordering::Greater => drop(b.next()),
                std::cmp::Ordering::Equal => {
                    common += x.1;
                    a.next();
                    b.next();
                }
            }
        }
        common
    }
}

/// FNV-1a: a collision only makes two lines count as equal in a similarity.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(content: &str) -> Side {
        Side { kind: Kind::File, id: ObjectId::of_content(content.as_bytes()), size: content.len() as u64 }
    }

    fn renames(changes: Vec<Change>, contents: &[(&str, &str)]) -> Vec<(String, Option<String>, Option<u8>)> {
        let found = find_renames(changes, RenameOptions::default(), &mut |path, _| {
            contents.iter().find(|(name, _)| path == *name).map(|(_, content)| content.as_bytes().to_vec())
        });
        found
            .into_iter()
            .map(|c| (c.path.to_string(), c.old_path.map(|p| p.to_string()), c.similarity))
            .collect()
    }

    #[test]
    fn equal_content_prefers_the_same_name() {
        let changes = vec![
            Change::at("a/x".into(), Some(side("1")), None),
            Change::at("a/y".into(), Some(side("1")), None),
            Change::at("b/y".into(), None, Some(side("1"))),
            Change::at("c".into(), None, Some(side("2"))),
        ];
        let found = renames(changes, &[]);
        assert_eq!(found[0], ("a/x".into(), None, None));
        assert_eq!(found[1], ("b/y".into(), Some("a/y".into()), Some(100)));
    }

    #[test]
    fn similar_content_is_a_rename_with_its_share() {
        let (old, new) = ("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\ne\nX\n");
        let changes = vec![
            Change::at("new".into(), None, Some(side(new))),
            Change::at("old".into(), Some(side(old)), None),
        ];
        let found = renames(changes, &[("old", old), ("new", new)]);
        assert_eq!(found, [("new".into(), Some("old".into()), Some(83))]);
    }
}
