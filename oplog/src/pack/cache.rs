//! Decoded pages of content, kept for the next read: rows that are read in order decode each page once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// One decoded page: its bytes, and each row's place in them.
#[derive(Debug)]
pub(super) struct ContentPage {
    pub(super) body: Bytes,
    pub(super) spans: Vec<Option<(u32, u32)>>,
}

impl ContentPage {
    fn size(&self) -> usize {
        size_of::<Self>() + self.body.len() + self.spans.len() * size_of::<Option<(u32, u32)>>()
    }
}

/// Which page: the reader's number, the row group and the page in it.
pub(super) type PageKey = (u64, u32, u32);

#[derive(Debug, Default)]
struct Pages {
    pages: HashMap<PageKey, (u64, Arc<ContentPage>)>,
    bytes: usize,
    clock: u64,
}

/// A bounded store of decoded pages, shared by any number of readers and threads. The page that was used
/// longest ago makes room; a page that alone exceeds the bound is not kept.
#[derive(Debug)]
pub struct PageCache {
    limit: usize,
    pages: Mutex<Pages>,
}

impl PageCache {
    /// A cache of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, pages: Mutex::default() }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    pub(super) fn get(&self, key: &PageKey) -> Option<Arc<ContentPage>> {
        let mut guard = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let pages = &mut *guard;
        pages.clock += 1;
        let (used, page) = pages.pages.get_mut(key)?;
        *used = pages.clock;
        Some(page.clone())
    }

    pub(super) fn insert(&self, key: PageKey, page: &Arc<ContentPage>) {
        let size = page.size();
        if size > self.limit {
            return;
        }
        let mut guard = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let pages = &mut *guard;
        pages.clock += 1;
        if let Some((_, old)) = pages.pages.insert(key, (pages.clock, page.clone())) {
            pages.bytes -= old.size();
        }
        pages.bytes += size;
        while pages.bytes > self.limit {
            let Some(oldest) = pages.pages.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| *key)
            else {
                return;
            };
            if let Some((_, page)) = pages.pages.remove(&oldest) {
                pages.bytes -= page.size();
            }
        }
    }
}
