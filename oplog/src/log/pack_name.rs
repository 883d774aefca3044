//! The names of packs: in the table, and while they are staged.

use pond_objects::ObjectId;

use crate::operation::canonical_id;
use crate::schema::{PARTITION_COLUMN, PackKind};

impl PackKind {
    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Data, Self::Meta].into_iter().find(|kind| kind.name() == name)
    }

    /// The partition's directory below the table's: `kind=data`.
    pub fn dir_name(self) -> String {
        format!("{PARTITION_COLUMN}={}", self.name())
    }

    /// A pack's path below the table's directory: `kind=data/<digest>.parquet`.
    pub fn pack_path(self, digest: &ObjectId) -> String {
        format!("{}/{digest}.parquet", self.dir_name())
    }

    /// A pack's name in the staging directory: `<digest>.data.parquet`.
    pub fn staged_name(self, digest: &ObjectId) -> String {
        format!("{digest}.{}.parquet", self.name())
    }
}

/// The kind and the digest in a pack's path below the table's directory; none for a path that no pack has.
pub fn parse_pack_path(path: &str) -> Option<(PackKind, ObjectId)> {
    let (dir, name) = path.split_once('/')?;
    let kind = PackKind::from_name(dir.strip_prefix(PARTITION_COLUMN)?.strip_prefix('=')?)?;
    Some((kind, canonical_id(name.strip_suffix(".parquet")?)?))
}

/// The kind and the digest in the name of a staged pack.
pub fn parse_staged_name(name: &str) -> Option<(PackKind, ObjectId)> {
    let (digest, kind) = name.strip_suffix(".parquet")?.split_once('.')?;
    Some((PackKind::from_name(kind)?, canonical_id(digest)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_packs_are_one_to_one() {
        let digest = ObjectId::of_content(b"pack");
        for kind in [PackKind::Data, PackKind::Meta] {
            assert_eq!(parse_pack_path(&kind.pack_path(&digest)), Some((kind, digest)));
            assert_eq!(parse_staged_name(&kind.staged_name(&digest)), Some((kind, digest)));
        }
        let upper = PackKind::Data.pack_path(&digest).to_uppercase();
        for path in ["", "kind=data/x.parquet", "kind=data/../x", "/kind=data/", &upper] {
            assert_eq!(parse_pack_path(path), None);
            assert_eq!(parse_staged_name(path), None);
        }
    }
}
