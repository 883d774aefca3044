//! The columns of a batch of rows: their Arrow types, and typed access without copies.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryBuilder, FixedSizeBinaryArray, FixedSizeBinaryBuilder, Int64Array,
    Int64Builder, RecordBatch, UInt8Array, UInt8Builder, UInt64Array, UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Fields};
use pond_objects::{Kind, NodeId, ObjectId, Side, path_order};

use super::{Base, Row, Seen};
use crate::stat::Stat;

const TOMBSTONE: u8 = 0;
const BASE_NOTHING: u8 = 0;
const BASE_SAME: u8 = 255;
const UNTRUSTED: u8 = 1;
const INTENT: u8 = 2;

/// The columns in their order.
pub(super) static FIELDS: LazyLock<Fields> = LazyLock::new(|| {
    Fields::from(vec![
        Field::new("path", DataType::Binary, false),
        Field::new("kind", DataType::UInt8, false),
        Field::new("id", DataType::FixedSizeBinary(ObjectId::LEN as i32), false),
        Field::new("size", DataType::UInt64, false),
        Field::new("mtime_ns", DataType::Int64, false),
        Field::new("ctime_ns", DataType::Int64, false),
        Field::new("inode", DataType::UInt64, false),
        Field::new("flags", DataType::UInt8, false),
        Field::new("base_kind", DataType::UInt8, false),
        Field::new("base_id", DataType::Binary, true),
        Field::new("base_size", DataType::UInt64, true),
        Field::new("node", DataType::UInt64, true),
    ])
});

/// A batch of rows whose numbers were found to mean something.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    path: BinaryArray,
    kind: UInt8Array,
    id: FixedSizeBinaryArray,
    size: UInt64Array,
    mtime_ns: Int64Array,
    ctime_ns: Int64Array,
    inode: UInt64Array,
    flags: UInt8Array,
    base_kind: UInt8Array,
    base_id: BinaryArray,
    base_size: UInt64Array,
    node: UInt64Array,
}

impl Columns {
    /// The columns of a batch with the right schema; otherwise, what is wrong with it.
    pub(super) fn from_batch(batch: &RecordBatch) -> Result<Self, &'static str> {
        fn column<T: Array + Clone + 'static>(batch: &RecordBatch, at: usize) -> Result<T, &'static str> {
            let column = batch.columns().get(at).and_then(|column| column.as_any().downcast_ref::<T>());
            column.cloned().ok_or("a column has another type")
        }
        let columns = Self {
            path: column(batch, 0)?,
            kind: column(batch, 1)?,
            id: column(batch, 2)?,
            size: column(batch, 3)?,
            mtime_ns: column(batch, 4)?,
            ctime_ns: column(batch, 5)?,
            inode: column(batch, 6)?,
            flags: column(batch, 7)?,
            base_kind: column(batch, 8)?,
            base_id: column(batch, 9)?,
            base_size: column(batch, 10)?,
            node: column(batch, 11)?,
        };
        columns.check()?;
        Ok(columns)
    }

    /// What [`Self::row`] relies on.
    fn check(&self) -> Result<(), &'static str> {
        if self.id.value_length() != ObjectId::LEN as i32 {
            return Err("an id has another length");
        }
        for (at, (kind, base)) in self.kind.values().iter().zip(self.base_kind.values()).enumerate() {
            let known = |number| Kind::from_number(number).is_some_and(|kind| kind != Kind::Ref);
            if *kind != TOMBSTONE && !known(*kind) {
                return Err("a kind is unknown");
            }
            match *base {
                BASE_NOTHING | BASE_SAME if *kind == TOMBSTONE => return Err("a deletion of nothing"),
                BASE_NOTHING | BASE_SAME => {}
                base if !known(base) => return Err("a base's kind is unknown"),
                _ if self.base_id.is_null(at) || self.base_id.value(at).len() != ObjectId::LEN => {
                    return Err("a base has no id");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.path.len()
    }

    /// The path of a row.
    pub(super) fn path(&self, at: usize) -> &[u8] {
        self.path.value(at)
    }

    /// Whether a row is not a tombstone.
    pub(super) fn is_live(&self, at: usize) -> bool {
        self.kind.value(at) != TOMBSTONE
    }

    /// A row without its path.
    pub(super) fn row(&self, at: usize) -> Row {
        let id =
            |bytes| ObjectId::from_slice(bytes).expect("BUG: ids were checked when the index was opened");
        let flags = self.flags.value(at);
        Row {
            staged: Kind::from_number(self.kind.value(at)).map(|kind| Side {
                kind,
                id: id(self.id.value(at)),
                size: self.size.value(at),
            }),
            seen: Seen {
                mtime_ns: self.mtime_ns.value(at),
                ctime_ns: self.ctime_ns.value(at),
                inode: self.inode.value(at),
                trusted: flags & UNTRUSTED == 0,
            },
            intent: flags & INTENT != 0,
            base: match self.base_kind.value(at) {
                BASE_SAME => Base::Same,
                number => Kind::from_number(number).map_or(Base::Nothing, |kind| {
                    let size = if self.base_size.is_null(at) { 0 } else { self.base_size.value(at) };
                    Base::Other(Side { kind, id: id(self.base_id.value(at)), size })
                }),
            },
            node: (!self.node.is_null(at)).then(|| NodeId(self.node.value(at))),
        }
    }

    /// The first row from `at` on whose path does not come before `path`.
    pub(super) fn position(&self, at: usize, path: &[u8]) -> usize {
        let (mut low, mut high) = (at, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if path_order(self.path(middle), path).is_lt() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Whether the stat of one of these rows may prove nothing in an index that is written at `now_ns`.
    pub(super) fn may_be_racy(&self, rows: Range<usize>, now_ns: i64) -> bool {
        let stamps = self.mtime_ns.values()[rows.clone()].iter().zip(&self.ctime_ns.values()[rows]);
        let young = now_ns.saturating_sub(Stat::LONGEST_RACE);
        stamps.fold(false, |any, (mtime, ctime)| any | (*mtime >= young) | (*ctime >= young))
    }

    /// The rows as those of a commit of exactly them, in an index that is written at `now_ns`: most columns stay, and share their
    /// memory. `None` where some are not in that commit.
    pub(super) fn committed(&self, now_ns: i64) -> Option<Self> {
        let (kinds, flags) = (self.kind.values(), self.flags.values());
        if kinds.contains(&TOMBSTONE) || flags.iter().any(|flags| flags & INTENT != 0) {
            return None;
        }
        let len = self.len();
        let flags = match self.may_be_racy(0..len, now_ns) {
            false => self.flags.clone(),
            true => {
                let doubted = flags.iter().enumerate().map(|(at, flags)| flags | self.doubt(at, now_ns));
                UInt8Array::from_iter_values(doubted)
            }
        };
        Some(Self {
            flags,
            base_kind: UInt8Array::from_value(BASE_SAME, len),
            base_id: BinaryArray::new_null(len),
            base_size: UInt64Array::new_null(len),
            node: UInt64Array::new_null(len),
            ..self.clone()
        })
    }

    /// The flag of a row whose stat proves nothing in an index that is written at `now_ns`.
    fn doubt(&self, at: usize, now_ns: i64) -> u8 {
        let (mtime_ns, ctime_ns) = (self.mtime_ns.value(at), self.ctime_ns.value(at));
        let is_racy = Stat { mtime_ns, ctime_ns, ..Stat::default() }.is_racy(now_ns);
        if is_racy { UNTRUSTED } else { 0 }
    }

    /// The columns in their order; shares the memory.
    pub(super) fn arrays(&self) -> Vec<ArrayRef> {
        vec![
            Arc::new(self.path.clone()),
            Arc::new(self.kind.clone()),
            Arc::new(self.id.clone()),
            Arc::new(self.size.clone()),
            Arc::new(self.mtime_ns.clone()),
            Arc::new(self.ctime_ns.clone()),
            Arc::new(self.inode.clone()),
            Arc::new(self.flags.clone()),
            Arc::new(self.base_kind.clone()),
            Arc::new(self.base_id.clone()),
            Arc::new(self.base_size.clone()),
            Arc::new(self.node.clone()),
        ]
    }
}

/// Columns that are being filled.
#[derive(Debug)]
pub(super) struct ColumnsBuilder {
    path: BinaryBuilder,
    kind: UInt8Builder,
    id: FixedSizeBinaryBuilder,
    size: UInt64Builder,
    mtime_ns: Int64Builder,
    ctime_ns: Int64Builder,
    inode: UInt64Builder,
    flags: UInt8Builder,
    base_kind: UInt8Builder,
    base_id: BinaryBuilder,
    base_size: UInt64Builder,
    node: UInt64Builder,
}

impl ColumnsBuilder {
    /// Columns without rows.
    pub(super) fn new() -> Self {
        Self {
            path: BinaryBuilder::new(),
            kind: UInt8Builder::new(),
            id: FixedSizeBinaryBuilder::new(ObjectId::LEN as i32),
            size: UInt64Builder::new(),
            mtime_ns: Int64Builder::new(),
            ctime_ns: Int64Builder::new(),
            inode: UInt64Builder::new(),
            flags: UInt8Builder::new(),
            base_kind: UInt8Builder::new(),
            base_id: BinaryBuilder::new(),
            base_size: UInt64Builder::new(),
            node: UInt64Builder::new(),
        }
    }

    /// The number of rows so far.
    pub(super) fn len(&self) -> usize {
        self.kind.values_slice().len()
    }

    /// Appends a row.
    pub(super) fn push(&mut self, path: &[u8], row: &Row) {
        let staged = row.staged.as_ref();
        self.path.append_value(path);
        self.kind.append_value(staged.map_or(TOMBSTONE, |side| side.kind.number()));
        self.id
            .append_value(staged.map_or(ObjectId::ZERO, |side| side.id).as_bytes())
            .expect("BUG: an id has the column's width");
        self.size.append_value(staged.map_or(0, |side| side.size));
        self.mtime_ns.append_value(row.seen.mtime_ns);
        self.ctime_ns.append_value(row.seen.ctime_ns);
        self.inode.append_value(row.seen.inode);
        let untrusted = if row.seen.trusted { 0 } else { UNTRUSTED };
        self.flags.append_value(untrusted | if row.intent { INTENT } else { 0 });
        let (number, other) = match &row.base {
            Base::Nothing => (BASE_NOTHING, None),
            Base::Same => (BASE_SAME, None),
            Base::Other(side) => (side.kind.number(), Some(side)),
        };
        self.base_kind.append_value(number);
        self.base_id.append_option(other.map(|side| side.id.as_bytes()));
        self.base_size.append_option(other.map(|side| side.size));
        self.node.append_option(row.node.map(|node| node.0));
    }

    /// Appends rows of other columns.
    pub(super) fn extend(&mut self, columns: &Columns, rows: Range<usize>) {
        let (at, len) = (rows.start, rows.len());
        let fits = "BUG: less than a batch fits";
        self.path.append_array(&columns.path.slice(at, len)).expect(fits);
        self.kind.append_array(&columns.kind.slice(at, len));
        self.id.append_array(&columns.id.slice(at, len)).expect(fits);
        self.size.append_array(&columns.size.slice(at, len));
        self.mtime_ns.append_array(&columns.mtime_ns.slice(at, len));
        self.ctime_ns.append_array(&columns.ctime_ns.slice(at, len));
        self.inode.append_array(&columns.inode.slice(at, len));
        self.flags.append_array(&columns.flags.slice(at, len));
        self.base_kind.append_array(&columns.base_kind.slice(at, len));
        self.base_id.append_array(&columns.base_id.slice(at, len)).expect(fits);
        self.base_size.append_array(&columns.base_size.slice(at, len));
        self.node.append_array(&columns.node.slice(at, len));
    }

    /// Takes the rows so far.
    pub(super) fn finish(&mut self) -> Columns {
        Columns {
            path: self.path.finish(),
            kind: self.kind.finish(),
            id: self.id.finish(),
            size: self.size.finish(),
            mtime_ns: self.mtime_ns.finish(),
            ctime_ns: self.ctime_ns.finish(),
            inode: self.inode.finish(),
            flags: self.flags.finish(),
            base_kind: self.base_kind.finish(),
            base_id: self.base_id.finish(),
            base_size: self.base_size.finish(),
            node: self.node.finish(),
        }
    }
}
