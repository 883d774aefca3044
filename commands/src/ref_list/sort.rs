//! The order of a list.

use std::cmp::Ordering;

use bstr::BString;
use pond_history::refs::Listed;
use pond_workspace::Workspace;

use super::atom::{Atom, Facts, Order};
use super::version;
use crate::error::CommandError;

/// One key.
#[derive(Debug)]
struct Key {
    atom: Atom,
    reverse: bool,
    /// Numbers within the text count.
    version: bool,
}

/// What a ref is compared by.
#[derive(Debug)]
enum KeyValue {
    Number(i64),
    Text(BString),
}

/// All keys, the first one first.
#[derive(Debug)]
pub(super) struct SortKeys {
    keys: Vec<Key>,
    ignore_case: bool,
}

impl SortKeys {
    /// Reads what `--sort` was given; the last key counts first.
    pub(super) fn parse(
        texts: &[String],
        ignore_case: bool,
        workspace: &Workspace<'_>,
    ) -> Result<Self, CommandError> {
        let mut keys = Vec::with_capacity(texts.len());
        for text in texts.iter().rev() {
            let (reverse, text) = text.strip_prefix('-').map_or((false, text.as_str()), |text| (true, text));
            let versioned = text.strip_prefix("version:").or_else(|| text.strip_prefix("v:"));
            let atom = Atom::parse(versioned.unwrap_or(text), workspace)?;
            keys.push(Key { atom, reverse, version: versioned.is_some() });
        }
        Ok(Self { keys, ignore_case })
    }

    /// Sorts; equals are in the order of their names.
    pub(super) fn sort(&self, facts: &Facts<'_>, refs: &mut Vec<Listed>) -> Result<(), CommandError> {
        if self.keys.is_empty() && refs.is_sorted_by(|a, b| a.name <= b.name) {
            return Ok(());
        }
        let mut keyed = Vec::with_capacity(refs.len());
        for one in refs.drain(..) {
            let values: Result<Vec<KeyValue>, CommandError> =
                self.keys.iter().map(|key| self.value(facts, key, &one)).collect();
            keyed.push((values?, one));
        }
        keyed.sort_by(|(a, one), (b, other)| {
            let pairs = self.keys.iter().zip(a.iter().zip(b));
            let by_keys = pairs.map(|(key, (a, b))| compare(key, a, b)).find(|order| order.is_ne());
            by_keys.unwrap_or_else(|| one.name.cmp(&other.name))
        });
        refs.extend(keyed.into_iter().map(|(_, one)| one));
        Ok(())
    }

    fn value(&self, facts: &Facts<'_>, key: &Key, one: &Listed) -> Result<KeyValue, CommandError> {
        Ok(match key.atom.order(facts, one)? {
            Order::Number(number) => KeyValue::Number(number),
            Order::Text(mut text) => {
                if self.ignore_case {
                    text.make_ascii_lowercase();
                }
                KeyValue::Text(text)
            }
        })
    }
}

fn compare(key: &Key, a: &KeyValue, b: &KeyValue) -> Ordering {
    let order = match (a, b) {
        (KeyValue::Number(a), KeyValue::Number(b)) => a.cmp(b),
        (KeyValue::Text(a), KeyValue::Text(b)) if key.version => version::compare(a, b),
        (KeyValue::Text(a), KeyValue::Text(b)) => a.cmp(b),
        (KeyValue::Number(_), KeyValue::Text(_)) => Ordering::Less,
        (KeyValue::Text(_), KeyValue::Number(_)) => Ordering::Greater,
    };
    if key.reverse { order.reverse() } else { order }
}
