//! Directories as they are being changed.

use std::collections::BTreeMap;

use bstr::{BStr, BString};
use pond_objects::{Entry, Kind, Side};

use crate::layer::{LayerError, PersistenceLayer};

/// What has a name in a directory that was changed.
#[derive(Debug, Clone)]
pub(crate) enum Slot {
    /// What the layer has: a file, a symlink, or a directory in which nothing is changed.
    Stored(Side),
    /// A directory in which something is, or may be, changed.
    Changed(Directory),
}

/// A directory version with changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directory {
    /// The version; `None` for one without entries.
    base: Option<Side>,
    changes: BTreeMap<BString, Option<Slot>>,
}

impl Directory {
    /// A directory version in which nothing is changed yet.
    pub(crate) fn over(base: Option<Side>) -> Self {
        Self { base, changes: BTreeMap::new() }
    }

    fn of_base(&self, layer: &dyn PersistenceLayer, name: &BStr) -> Result<Option<Side>, LayerError> {
        let Some(base) = &self.base else { return Ok(None) };
        Ok(layer.find(&base.id, name)?.map(|entry| Side::from(&entry)))
    }

    /// The id, where nothing is changed.
    pub(crate) fn stored(&self) -> Option<Side> {
        self.base.filter(|_| self.changes.is_empty())
    }

    /// What has a name.
    pub(crate) fn get(
        &self,
        layer: &dyn PersistenceLayer,
        name: &BStr,
    ) -> Result<Option<Child<'_>>, LayerError> {
        match self.changes.get(name) {
            Some(None) => Ok(None),
            Some(Some(Slot::Stored(side))) => Ok(Some(Child::Stored(*side))),
            Some(Some(Slot::Changed(directory))) => Ok(Some(Child::Changed(directory))),
            None => Ok(self.of_base(layer, name)?.map(Child::Stored)),
        }
    }

    /// Gives a name to something else, or to nothing.
    pub(crate) fn set(&mut self, name: BString, slot: Option<Slot>) {
        self.changes.insert(name, slot);
    }

    /// Takes what has a name out.
    pub(crate) fn take(
        &mut self,
        layer: &dyn PersistenceLayer,
        name: &BStr,
    ) -> Result<Option<Slot>, LayerError> {
        match self.changes.insert(name.to_owned(), None) {
            Some(slot) => Ok(slot),
            None => match self.of_base(layer, name) {
                Ok(side) => Ok(side.map(Slot::Stored)),
                Err(error) => {
                    self.changes.remove(name);
                    Err(error)
                }
            },
        }
    }

    /// The directory with a name, to be changed; `None` if it is none.
    pub(crate) fn enter(
        &mut self,
        layer: &dyn PersistenceLayer,
        name: &BStr,
    ) -> Result<Option<&mut Directory>, LayerError> {
        if !self.changes.contains_key(name) {
            let Some(side) = self.of_base(layer, name)? else { return Ok(None) };
            self.changes.insert(name.to_owned(), Some(Slot::Stored(side)));
        }
        let Some(Some(slot)) = self.changes.get_mut(name) else { return Ok(None) };
        if let Slot::Stored(side) = slot
            && side.kind == Kind::Directory
        {
            *slot = Slot::Changed(Directory::over(Some(*side)));
        }
        match slot {
            Slot::Changed(directory) => Ok(Some(directory)),
            Slot::Stored(_) => Ok(None),
        }
    }

    /// Entries in order, about `most` of them, whose names are not below `from`; and from where to go on, if there are more.
    pub(crate) fn page(
        &self,
        layer: &dyn PersistenceLayer,
        from: &BStr,
        most: usize,
    ) -> Result<Children<'_>, LayerError> {
        let entries = match &self.base {
            Some(base) => layer.entries(&base.id, from, most)?,
            None => Vec::new(),
        };
        let last = entries.last().filter(|_| entries.len() == most).map(|entry| entry.name.clone());
        let mut found: BTreeMap<BString, Child<'_>> = entries
            .into_iter()
            .map(|entry| (entry.name.clone(), Child::Stored(Side::from(&entry))))
            .collect();
        let changes = self.changes.range(from.to_owned()..);
        for (name, slot) in changes.take_while(|(name, _)| last.as_ref().is_none_or(|last| *name <= last)) {
            match slot {
                None => drop(found.remove(name)),
                Some(Slot::Stored(side)) => drop(found.insert(name.clone(), Child::Stored(*side))),
                Some(Slot::Changed(directory)) => {
                    found.insert(name.clone(), Child::Changed(directory));
                }
            }
        }
        Ok((found.into_iter().collect(), last.map(after)))
    }

    /// Bytes of all content below.
    pub(crate) fn size(&self, layer: &dyn PersistenceLayer) -> Result<u64, LayerError> {
        let mut size = self.base.map_or(0, |base| base.size);
        for (name, slot) in &self.changes {
            let old = self.of_base(layer, name.as_ref())?.map_or(0, |side| side.size);
            let new = match slot {
                None => 0,
                Some(Slot::Stored(side)) => side.size,
                Some(Slot::Changed(directory)) => directory.size(layer)?,
            };
            size = size.saturating_sub(old).saturating_add(new);
        }
        Ok(size)
    }

    /// Stores it with all that is changed below, and gives the version that it is.
    pub(crate) fn store(&self, layer: &dyn PersistenceLayer) -> Result<Side, LayerError> {
        if let Some(side) = self.stored() {
            return Ok(side);
        }
        let mut changes = Vec::with_capacity(self.changes.len());
        for (name, slot) in &self.changes {
            let side = match slot {
                None => None,
                Some(Slot::Stored(side)) => Some(*side),
                Some(Slot::Changed(directory)) => Some(directory.store(layer)?),
            };
            let entry =
                side.map(|side| Entry { name: name.clone(), kind: side.kind, id: side.id, size: side.size });
            changes.push((name.clone(), entry));
        }
        layer.store_directory(self.base.as_ref().map(|base| &base.id), changes)
    }
}

/// What has a name in a directory.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Child<'d> {
    /// What the layer has.
    Stored(Side),
    /// A directory in which something is, or may be, changed.
    Changed(&'d Directory),
}

/// Some entries, and the name from which to go on, if there are more.
pub(crate) type Children<'d> = (Vec<(BString, Child<'d>)>, Option<BString>);

/// The first name that comes behind this one: names hold no NUL.
fn after(mut name: BString) -> BString {
    name.push(0);
    name
}
