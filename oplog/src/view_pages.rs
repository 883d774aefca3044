//! Pages of the newest view, as they are stored, together in a small file of the cache.
//!
//! Nearly every command reads one or two of them. To find these in packs, each with its index, its footer and a compressed
//! page of its own, costs more than all that most commands do with them. A process writes the file anew when it ends, if it
//! needed a page that was not there, or published a view. Whoever takes a page from here verifies it by its id, so that the
//! file may be of another view, or damaged: then the page is read from its pack.

use pond_durable::in_place;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use pond_objects::ObjectId;

const FILE: &str = "view";
/// Pages that were not needed stay up to so many bytes.
const KEPT: usize = 32 << 10;
/// Pages that were needed are added up to so many: reading all refs shall not write all of them.
const LIMIT: usize = 96 << 10;
/// In front of each page: its id and its length.
const HEAD: usize = ObjectId::LEN + 4;

/// The pages of one pond.
pub(crate) struct ViewPages {
    path: PathBuf,
    is_kept: bool,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// What the file has; none: not looked at yet.
    file: Option<Vec<(ObjectId, Bytes)>>,
    /// What was needed, or published.
    needed: Vec<(ObjectId, Bytes)>,
    /// Whether the file lacks one of these.
    is_behind: bool,
}

impl ViewPages {
    /// Those of the pond whose cache is in `cache_dir`. Opens nothing. The file is only read unless `is_kept`.
    pub(crate) fn new(cache_dir: &Path, is_kept: bool) -> Self {
        Self { path: cache_dir.join(FILE), is_kept, known: Mutex::default() }
    }

    /// A page as it is stored, not verified.
    pub(crate) fn get(&self, id: &ObjectId) -> Option<Bytes> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { file, needed, .. } = &mut *known;
        if let Some(stream) = find(needed, id) {
            return Some(stream);
        }
        let stream = find(file.get_or_insert_with(|| read(&self.path)), id)?;
        needed.push((*id, stream.clone()));
        Some(stream)
    }

    /// Remembers a page that was read from its pack.
    pub(crate) fn learn(&self, id: &ObjectId, stream: &Bytes) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // One that was found here turned out to be another.
        known.needed.retain(|(needed, _)| needed != id);
        if size(&known.needed) + stream.len() <= LIMIT {
            known.needed.push((*id, stream.clone()));
            known.is_behind = true;
        }
    }

    /// Remembers the new pages of a view that was published: whoever comes next needs them first.
    pub(crate) fn publish(&self, pages: Vec<(ObjectId, Bytes)>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut needed = pages;
        let older = std::mem::take(&mut known.needed);
        needed.extend(older);
        while size(&needed) > LIMIT {
            needed.pop();
        }
        known.is_behind = true;
        known.needed = needed;
    }
}

impl Drop for ViewPages {
    fn drop(&mut self) {
        let known = std::mem::take(self.known.get_mut().unwrap_or_else(PoisonError::into_inner));
        if !known.is_behind || !self.is_kept {
            return;
        }
        let mut pages = known.needed;
        for (id, stream) in known.file.unwrap_or_else(|| read(&self.path)) {
            if size(&pages) + stream.len() <= KEPT && find(&pages, &id).is_none() {
                pages.push((id, stream));
            }
        }
        let mut content = Vec::with_capacity(size(&pages) + pages.len() * HEAD);
        for (id, stream) in &pages {
            content.extend_from_slice(id.as_bytes());
            content.extend((stream.len() as u32).to_le_bytes());
            content.extend_from_slice(stream);
        }
        // Where it can't be written, pages are read from packs.
        let _ = in_place::write(&self.path, &content);
    }
}

impl fmt::Debug for ViewPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pages of views in {}", self.path.display())
    }
}

fn find(pages: &[(ObjectId, Bytes)], id: &ObjectId) -> Option<Bytes> {
    pages.iter().find(|(known, _)| known == id).map(|(_, stream)| stream.clone())
}

fn size(pages: &[(ObjectId, Bytes)]) -> usize {
    pages.iter().map(|(_, stream)| stream.len()).sum()
}

fn read(path: &Path) -> Vec<(ObjectId, Bytes)> {
    let mut pages = Vec::new();
    let Ok(Some(mut rest)) = in_place::read(path) else { return pages };
    while rest.len() >= HEAD {
        let head = rest.split_to(HEAD);
        let (id, length) = head.split_at(ObjectId::LEN);
        let (Some(id), Ok(length)) = (ObjectId::from_slice(id), length.try_into()) else { break };
        let length = u32::from_le_bytes(length) as usize;
        if length > rest.len() {
            break;
        }
        pages.push((id, rest.split_to(length)));
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: u8, length: usize) -> (ObjectId, Bytes) {
        let stream = Bytes::from(vec![number; length]);
        (ObjectId::of_content(&stream), stream)
    }

    #[test]
    fn what_was_needed_is_there_for_the_next() {
        let dir = tempfile::tempdir().expect("a directory");
        let [first, second, large] = [page(1, 10_000), page(2, 20_000), page(3, 90_000)];
        let pages = ViewPages::new(dir.path(), true);
        assert_eq!(pages.get(&first.0), None);
        pages.learn(&first.0, &first.1);
        assert_eq!(pages.get(&first.0), Some(first.1.clone()));
        drop(pages);

        let pages = ViewPages::new(dir.path(), true);
        pages.learn(&second.0, &second.1);
        drop(pages);
        // Both fit. To read them is no reason to write.
        let written = std::fs::metadata(dir.path().join(FILE)).expect("a file").modified().expect("a time");
        let pages = ViewPages::new(dir.path(), true);
        assert_eq!([&first, &second].map(|(id, _)| pages.get(id).is_some()), [true; 2]);
        drop(pages);
        let now = std::fs::metadata(dir.path().join(FILE)).expect("a file").modified().expect("a time");
        assert_eq!(written, now);

        let pages = ViewPages::new(dir.path(), true);
        pages.publish(vec![large.clone()]);
        assert_eq!(pages.get(&large.0), Some(large.1.clone()));
        drop(pages);
        let pages = ViewPages::new(dir.path(), true);
        assert_eq!([&large, &first, &second].map(|(id, _)| pages.get(id).is_some()), [true, false, false]);
    }

    #[test]
    fn more_than_the_limit_is_not_written() {
        let dir = tempfile::tempdir().expect("a directory");
        let pages = ViewPages::new(dir.path(), true);
        let all: Vec<_> = (0..20).map(|number| page(number, 10_000)).collect();
        all.iter().for_each(|(id, stream)| pages.learn(id, stream));
        drop(pages);
        let pages = ViewPages::new(dir.path(), true);
        assert_eq!(all.iter().filter(|(id, _)| pages.get(id).is_some()).count(), 9);
    }

    #[test]
    fn a_damaged_file_has_no_pages() {
        let dir = tempfile::tempdir().expect("a directory");
        let (id, stream) = page(1, 100);
        let pages = ViewPages::new(dir.path(), true);
        pages.learn(&id, &stream);
        drop(pages);
        let good = std::fs::read(dir.path().join(FILE)).expect("a file");
        for cut in 0..good.len() {
            std::fs::write(dir.path().join(FILE), &good[..cut]).expect("written");
            assert_eq!(ViewPages::new(dir.path(), true).get(&id), None, "{cut}");
        }
        // Whole, and no pages.
        in_place::write(&dir.path().join(FILE), &[7; 50]).expect("written");
        assert_eq!(ViewPages::new(dir.path(), true).get(&id), None);
    }
}
