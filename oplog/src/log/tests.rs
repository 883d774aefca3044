use proptest::prelude::*;

use super::*;

pub(crate) fn id(text: &str) -> ObjectId {
    ObjectId::of_content(text.as_bytes())
}

/// A Delta schema that is enough for a stranger to open the table.
pub(crate) const SCHEMA: &str = r#"{"type":"struct","fields":[{"name":"kind","type":"string","nullable":true,"metadata":{}},{"name":"type","type":"string","nullable":false,"metadata":{}},{"name":"id","type":"binary","nullable":true,"metadata":{}}]}"#;

pub(crate) fn add(name: &str) -> AddFile {
    AddFile {
        kind: if name.starts_with('d') { PackKind::Data } else { PackKind::Meta },
        digest: id(name),
        size: 1000,
        modification_time: 1_777_636_800_000,
        data_change: true,
        rows: 7,
    }
}

pub(crate) fn remove(name: &str) -> RemoveFile {
    let AddFile { kind, digest, data_change, .. } = add(name);
    RemoveFile { kind, digest, deletion_timestamp: 1_777_636_800_000, data_change }
}

/// The draft of operation `seq` by writer `who`; number 0 is an INIT with the metadata.
pub(crate) fn draft(seq: i64, who: &str) -> EntryDraft {
    let operation = id(&format!("operation {seq} {who}"));
    let first = seq == 0;
    EntryDraft {
        info: EntryInfo {
            operation: if first { "INIT" } else { "COMMIT" }.to_owned(),
            parameters: BTreeMap::from([("message".to_owned(), "a \"b\"\nc".to_owned())]),
            user: who.to_owned(),
            timestamp: 1_777_636_800_000 + seq,
        },
        operation,
        seq,
        view: id(&format!("view {seq} {who}")),
        refs: BTreeMap::from([("heads/main".to_owned(), Some(id("commit")))]),
        adds: vec![add(&format!("meta {seq} {who}")), add(&format!("data {seq} {who}"))],
        removes: Vec::new(),
        metadata: first.then(|| TableMetadata::new(&operation, SCHEMA.to_owned(), 1_777_636_800_000)),
    }
}

#[test]
fn the_bytes_of_an_entry_are_pinned() {
    let mut draft = draft(1, "ada");
    draft.refs.insert("tags/gone".to_owned(), None);
    draft.removes.push(remove("data 0"));
    let encoded = encode(&draft, Some(id("before")));
    let text = std::str::from_utf8(&encoded.bytes).expect("UTF-8");
    let hex = |text: &str| id(text).to_hex();
    let expected = format!(
        concat!(
            r#"{{"commitInfo":{{"timestamp":1777636800001,"userName":"ada","operation":"COMMIT","#,
            r#""operationParameters":{{"message":"a \"b\"\nc"}},"pond":{{"#,
            r#""operation":"{}","seq":1,"view":"{}","refs":{{"heads/main":"{}","tags/gone":null}},"#,
            r#""previous":"{}","digest":"{}"}}}}}}"#,
            "\n",
            r#"{{"add":{{"path":"kind=meta/{}.parquet","partitionValues":{{"kind":"meta"}},"size":1000,"#,
            r#""modificationTime":1777636800000,"dataChange":true,"stats":"{{\"numRecords\":7}}"}}}}"#,
            "\n",
            r#"{{"add":{{"path":"kind=data/{}.parquet","partitionValues":{{"kind":"data"}},"size":1000,"#,
            r#""modificationTime":1777636800000,"dataChange":true,"stats":"{{\"numRecords\":7}}"}}}}"#,
            "\n",
            r#"{{"remove":{{"path":"kind=data/{}.parquet","deletionTimestamp":1777636800000,"dataChange":true}}}}"#,
            "\n",
        ),
        hex("operation 1 ada"),
        hex("view 1 ada"),
        hex("commit"),
        hex("before"),
        encoded.digest,
        hex("meta 1 ada"),
        hex("data 1 ada"),
        hex("data 0"),
    );
    assert_eq!(text, expected);
    let blanked = text.replace(&encoded.digest.to_hex(), &"0".repeat(64));
    assert_eq!(ObjectId::of_content(blanked.as_bytes()), encoded.digest);

    let entry = decode(1, &encoded.bytes).expect("an entry");
    assert_eq!((entry.pond.operation, entry.pond.digest), (draft.operation, encoded.digest));
    assert_eq!((&entry.info, &entry.adds, &entry.removes), (&draft.info, &draft.adds, &draft.removes));
}

#[test]
fn version_zero_says_what_the_table_is() {
    let draft = draft(0, "ada");
    let encoded = encode(&draft, None);
    let entry = decode(0, &encoded.bytes).expect("an entry");
    assert!(entry.protocol);
    assert_eq!(entry.metadata, draft.metadata);
    assert!(matches!(decode(1, &encoded.bytes), Err(LogError::Damaged { .. })), "it has no entry before it");
    let uuid = &draft.metadata.expect("metadata").id;
    assert_eq!((uuid.len(), &uuid[14..15], &uuid[8..9]), (36, "8", "-"));
}

/// The entry with its digest made right again after a change.
fn sealed(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let first = text.find('\n').expect("a line");
    let digits = first - 4 - 64..first - 4;
    bytes[digits.clone()].fill(b'0');
    let digest = ObjectId::of_content(&bytes).to_hex();
    bytes[digits].copy_from_slice(digest.as_bytes());
    bytes
}

#[test]
fn a_changed_byte_is_damage() {
    let bytes = encode(&draft(1, "ada"), Some(id("before"))).bytes;
    for at in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        let error = decode(1, &changed).expect_err("a changed byte");
        assert!(matches!(error, LogError::Damaged { version: 1, .. }), "byte {at}: {error}");
    }
    for end in 0..bytes.len() {
        let error = decode(1, &bytes[..end]).expect_err("cut short");
        assert!(matches!(error, LogError::Damaged { version: 1, .. }), "cut at {end}: {error}");
    }
    let zeros = decode(1, &[0; 100]).expect_err("zeros");
    assert_eq!(zeros.to_string(), "version 1 of the table is damaged: it holds nothing");
}

#[test]
fn what_a_pond_does_not_write_is_refused() {
    let bytes = encode(&draft(0, "ada"), None).bytes;
    let text = std::str::from_utf8(&bytes).expect("UTF-8");
    assert!(decode(0, &sealed(text)).is_ok());
    for (from, to) in [
        ("\"minReaderVersion\":1", "\"minReaderVersion\":3"),
        ("\"minWriterVersion\":2", "\"minWriterVersion\":7"),
        ("\"minWriterVersion\":2", "\"minWriterVersion\":2,\"writerFeatures\":[\"x\"]"),
        ("\"size\":1000", "\"deletionVector\":{},\"size\":1000"),
        ("{\"add\":", "{\"newAction\":"),
    ] {
        let error = decode(0, &sealed(&text.replace(from, to))).expect_err(to);
        assert!(matches!(error, LogError::Newer { version: 0, .. }), "{to}: {error}");
    }
    for (from, to) in [
        ("kind=meta/", "kind=meta/../"),
        ("kind=meta/", "kind=data/"),
        ("kind=meta/", "/etc/"),
        ("\"size\":1000", "\"size\":-1"),
        ("numRecords", "numRows"),
        ("[\"kind\"]", "[\"type\"]"),
        ("\"false\"", "\"true\""),
        ("\"seq\":0", "\"seq\":-1"),
        ("{\"protocol\":", "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n{\"protocol\":"),
    ] {
        assert!(text.contains(from), "{from}");
        let error = decode(0, &sealed(&text.replacen(from, to, 1))).expect_err(to);
        assert!(matches!(error, LogError::Damaged { version: 0, .. }), "{to}: {error}");
    }
}

#[test]
fn an_entry_that_says_more_reads_the_same() {
    let mut draft = draft(1, "ada");
    draft.removes.push(remove("data 0"));
    let encoded = encode(&draft, Some(id("before")));
    let mut text = String::from_utf8(encoded.bytes.to_vec()).expect("UTF-8");
    let commit = id("commit").to_hex();
    let more = [
        ("},\"pond\":".to_owned(), "},\"engineInfo\":\"pond/0.1.0\",\"pond\":".to_owned()),
        (",\"view\":".to_owned(), format!(",\"parent\":\"{commit}\",\"view\":")),
        (format!(":\"{commit}\"}}"), format!(":[null,\"{commit}\"]}}")),
        ("numRecords\\\":7".to_owned(), "numRecords\\\":7,\\\"nullCount\\\":{}".to_owned()),
        ("true}}\n".to_owned(), "true,\"extendedFileMetadata\":true,\"size\":1000}}\n".to_owned()),
    ];
    for (from, to) in more {
        assert!(text.contains(&from), "{from}");
        text = text.replace(&from, &to);
    }
    let (found, plain) = (decode(1, &sealed(&text)).expect("an entry"), decode(1, &encoded.bytes));
    let plain = plain.expect("an entry");
    assert_eq!((&found.info, &found.pond.refs), (&plain.info, &plain.pond.refs));
    assert_eq!((&found.adds, &found.removes), (&plain.adds, &plain.removes));
}

#[test]
fn entries_of_others_are_named() {
    let vacuum = r#"{"commitInfo":{"timestamp":1,"operation":"VACUUM END","engineInfo":"x"}}"#;
    let error = decode(7, vacuum.as_bytes()).expect_err("not ours");
    assert_eq!(
        error.to_string(),
        "version 7 of the table was written by another program, which calls it 'VACUUM END'"
    );
    let bare = decode(7, b"{\"add\":{}}\n{\"txn\":{}}\n").expect_err("not ours");
    assert!(matches!(bare, LogError::Foreign { operation: None, .. }));
    assert!(matches!(decode(7, b"{\"add\":{}}\n{"), Err(LogError::Damaged { why: Damage::Truncated, .. })));
    assert!(matches!(decode(7, b"{\"add\":{}}\n{\n"), Err(LogError::Damaged { why: Damage::Json(2), .. })));
}

proptest! {
    #[test]
    fn entries_come_back(
        (operation, user, message, name) in any::<(String, String, String, String)>(),
        seq in 0..i64::MAX,
        timestamp in any::<i64>(),
        size in 0..i64::MAX as u64,
    ) {
        let mut draft = draft(seq, "x");
        draft.info = EntryInfo { operation, user, timestamp, parameters: [("message".to_owned(), message)].into() };
        draft.refs.insert(name, None);
        draft.adds[0].size = size;
        let encoded = encode(&draft, Some(id("before")));
        let entry = decode(3, &encoded.bytes).expect("an entry");
        prop_assert_eq!(&entry.info, &draft.info);
        prop_assert_eq!(&entry.pond.refs, &draft.refs);
        prop_assert_eq!(&entry.adds, &draft.adds);
        prop_assert_eq!(entry.pond.seq, seq);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(decode(0, &bytes).is_err());
    }
}
