//! The JSON of an entry's lines. The order of the fields is the order in the bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A line that pond writes; any other is refused.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Line<'a> {
    #[serde(borrow)]
    CommitInfo(CommitInfo<'a>),
    #[serde(borrow)]
    Protocol(Protocol<'a>),
    #[serde(borrow)]
    MetaData(MetaData<'a>),
    #[serde(borrow)]
    Add(Add<'a>),
    #[serde(borrow)]
    Remove(Remove<'a>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommitInfo<'a> {
    pub(super) timestamp: i64,
    #[serde(borrow)]
    pub(super) user_name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) operation: Cow<'a, str>,
    pub(super) operation_parameters: BTreeMap<String, String>,
    /// The last field, so that the line ends with the digest.
    #[serde(borrow)]
    pub(super) pond: Pond<'a>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Pond<'a> {
    #[serde(borrow)]
    pub(super) operation: Cow<'a, str>,
    pub(super) seq: i64,
    #[serde(borrow)]
    pub(super) view: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) refs: BTreeMap<String, Target>,
    pub(super) previous: Option<String>,
    /// The last field; see above.
    #[serde(borrow)]
    pub(super) digest: Cow<'a, str>,
}

/// What a ref points to from now on.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Target {
    New(Option<String>),
    /// As the first entries had it: what it pointed to before, and what from now on.
    Moved([Option<String>; 2]),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Protocol<'a> {
    pub(super) min_reader_version: i64,
    pub(super) min_writer_version: i64,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub(super) reader_features: Vec<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub(super) writer_features: Vec<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MetaData<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) format: Format,
    #[serde(borrow)]
    pub(super) schema_string: Cow<'a, str>,
    pub(super) partition_columns: Vec<String>,
    pub(super) configuration: BTreeMap<String, String>,
    pub(super) created_time: i64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Format {
    pub(super) provider: String,
    pub(super) options: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Add<'a> {
    #[serde(borrow)]
    pub(super) path: Cow<'a, str>,
    pub(super) partition_values: BTreeMap<String, String>,
    pub(super) size: u64,
    pub(super) modification_time: i64,
    pub(super) data_change: bool,
    #[serde(borrow)]
    pub(super) stats: Cow<'a, str>,
    #[serde(default, skip_serializing)]
    pub(super) deletion_vector: Option<Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Remove<'a> {
    #[serde(borrow)]
    pub(super) path: Cow<'a, str>,
    pub(super) deletion_timestamp: i64,
    pub(super) data_change: bool,
    #[serde(default, skip_serializing)]
    pub(super) deletion_vector: Option<Value>,
}

/// The text of a pack's statistics. That of another writer may have bounds of columns as well, which are in the pack too.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stats {
    pub(super) num_records: u64,
}

/// How the first line ends, around the digest's digits.
pub(super) const BEFORE_DIGEST: &[u8] = b"\"digest\":\"";
pub(super) const AFTER_DIGEST: &[u8] = b"\"}}}";
pub(super) const DIGEST_DIGITS: usize = 64;
