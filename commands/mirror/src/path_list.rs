//! Many paths in one piece of memory: each costs its bytes and eight more.

use bstr::{BStr, ByteSlice};

/// Paths in the order in which they were pushed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathList {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl PathList {
    /// Appends a path.
    pub fn push(&mut self, path: &[u8]) {
        self.bytes.extend_from_slice(path);
        self.ends.push(self.bytes.len());
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The path with this number.
    ///
    /// # Panics
    /// When there is none.
    pub fn get(&self, number: usize) -> &BStr {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.bytes[start..self.ends[number]].as_bstr()
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &BStr> {
        (0..self.len()).map(|number| self.get(number))
    }
}

impl<P: AsRef<[u8]>> FromIterator<P> for PathList {
    fn from_iter<I: IntoIterator<Item = P>>(paths: I) -> Self {
        let mut list = Self::default();
        paths.into_iter().for_each(|path| list.push(path.as_ref()));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back() {
        let paths = ["a", "", "b/c\u{e9}", "d"];
        let list: PathList = paths.iter().collect();
        assert_eq!(list.iter().collect::<Vec<_>>(), paths);
        assert_eq!((list.get(2), list.len(), list.is_empty()), ("b/c\u{e9}".into(), 4, false));
        assert!(PathList::default().is_empty());
    }
}
