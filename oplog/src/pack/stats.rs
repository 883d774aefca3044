//! What the Delta log says of a pack's columns, so that readers pass over packs that have nothing for them.

use serde_json::{Map, Value, json};

use super::bounds::{Bounds, above, below};
use crate::schema::PackKind;

/// Columns whose bounds stand in the Delta log.
const BOUNDED: [&str; 4] = ["type", "seq", "timestamp", "path"];

/// Rows of a pack, and the bounds and nulls of the columns that the Delta log bounds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PackStats {
    kind: PackKind,
    pub(super) rows: u64,
    columns: [(Bounds, u64); BOUNDED.len()],
}

impl PackStats {
    pub(super) fn new(kind: PackKind) -> Self {
        Self { kind, rows: 0, columns: Default::default() }
    }

    /// Takes in a column of some rows; one that is not bounded is ignored.
    pub(super) fn add(&mut self, name: &str, bounds: &Bounds, nulls: u64) {
        if let Some(at) = BOUNDED.iter().position(|bounded| *bounded == name) {
            let (all, all_nulls) = &mut self.columns[at];
            all.merge(bounds);
            *all_nulls += nulls;
        }
    }

    pub(super) fn to_json(&self) -> String {
        let (mut least, mut greatest, mut nulls) = (Map::new(), Map::new(), Map::new());
        for (name, (bounds, count)) in BOUNDED.iter().zip(&self.columns) {
            // What is in no data pack is null in every row.
            let absent = self.kind == PackKind::Data && *name != "type";
            nulls.insert((*name).to_owned(), json!(if absent { self.rows } else { *count }));
            let (low, high) = delta_bounds(bounds, *name == "timestamp");
            least.extend(low.map(|value| ((*name).to_owned(), value)));
            greatest.extend(high.map(|value| ((*name).to_owned(), value)));
        }
        json!({"numRecords": self.rows, "minValues": least, "maxValues": greatest, "nullCount": nulls})
            .to_string()
    }
}

fn delta_bounds(bounds: &Bounds, timestamp: bool) -> (Option<Value>, Option<Value>) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok().map(Value::from);
    match bounds {
        Bounds::Empty => (None, None),
        // The protocol keeps milliseconds: rounded outwards, so that the bounds hold.
        Bounds::Long(low, high) if timestamp => {
            let up = high.div_euclid(1000) + i64::from(high.rem_euclid(1000) > 0);
            (Some(iso_milliseconds(low.div_euclid(1000)).into()), Some(iso_milliseconds(up).into()))
        }
        Bounds::Long(low, high) => (Some(json!(low)), Some(json!(high))),
        Bounds::Text(low, high) => (text(below(low)), above(high).and_then(text)),
    }
}

/// Milliseconds since 1970 as ISO 8601 in UTC, within the years 0 to 9999 that four digits hold.
fn iso_milliseconds(milliseconds: i64) -> String {
    let within = milliseconds.clamp(-62_167_219_200_000, 253_402_300_799_999);
    let time = chrono::DateTime::from_timestamp_millis(within).expect("BUG: chrono knows these years");
    time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_iso_8601() {
        assert_eq!(iso_milliseconds(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso_milliseconds(1_709_210_096_789), "2024-02-29T12:34:56.789Z");
        assert_eq!(iso_milliseconds(-1), "1969-12-31T23:59:59.999Z");
    }
}
