//! Stored pages: Arrow's own reader finds in them what pond does, and whatever else the bytes are, they are refused.

use arrow::array::{Array, BinaryArray, FixedSizeBinaryArray, RecordBatch, UInt8Array, UInt64Array};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use bstr::BString;
use pond_objects::name::{check_name, check_path};
use pond_objects::page::{Body, Item, Page, PageError};
use pond_objects::{Kind, ObjectId};
use proptest::prelude::*;

fn batch_of(stream: &[u8]) -> RecordBatch {
    let mut reader = StreamReader::try_new(stream, None).expect("a stream");
    let batch = reader.next().expect("one batch").expect("readable");
    assert!(reader.next().is_none());
    batch
}

fn column<'a, T: 'static>(batch: &'a RecordBatch, name: &str) -> &'a T {
    batch.column_by_name(name).and_then(|column| column.as_any().downcast_ref()).expect("a column")
}

/// The items as Arrow's reader has them.
fn as_arrow_reads(stream: &[u8], is_named: bool, level: u8) -> Vec<Item> {
    let batch = batch_of(stream);
    let item = |row| Item {
        name: if is_named { column::<BinaryArray>(&batch, "name").value(row).into() } else { "".into() },
        kind: (is_named && level == 0)
            .then(|| Kind::from_number(column::<UInt8Array>(&batch, "kind").value(row)).expect("a kind")),
        id: ObjectId::from_slice(column::<FixedSizeBinaryArray>(&batch, "id").value(row)).expect("an id"),
        size: column::<UInt64Array>(&batch, "size").value(row),
        count: if level > 0 { column::<UInt64Array>(&batch, "count").value(row) } else { 1 },
    };
    (0..batch.num_rows()).map(item).collect()
}

fn pages() -> impl Strategy<Value = Page> {
    let names = prop::collection::btree_map("[a-zé.]{0,9}x", (any::<u64>(), 1_u64..9, any::<bool>()), 2..60);
    let bodies = prop::sample::select(vec![Body::Tree, Body::View, Body::Nodes, Body::Manifest]);
    (names, bodies, 0_u8..3).prop_map(|(names, body, level)| {
        let kind = |other| match body {
            Body::Manifest => None,
            _ if level > 0 => None,
            Body::View => Some(Kind::Ref),
            _ => Some(if other { Kind::Executable } else { Kind::File }),
        };
        let items = names.into_iter().map(|(name, (size, count, other))| Item {
            id: ObjectId::of_content(name.as_bytes()),
            name: if body.is_named() { BString::from(name) } else { "".into() },
            kind: kind(other),
            size,
            count: if level > 0 { count } else { 1 },
        });
        Page { body, level, items: items.collect() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arrow_reads_the_same(page in pages()) {
        let stream = page.encode();
        prop_assert_eq!(&as_arrow_reads(&stream, page.body.is_named(), page.level), &page.items);
        prop_assert_eq!(Page::decode(page.body, &page.id(), &stream), Ok(page));
    }

    #[test]
    fn damage_is_never_another_page(page in pages(), at in any::<prop::sample::Index>(), with in 1_u8..) {
        let mut stream = page.encode();
        let cut = at.index(stream.len());
        let short = Page::decode(page.body, &page.id(), &stream[..cut]);
        prop_assert!(short.is_err() || short.as_ref() == Ok(&page));
        stream[cut] ^= with;
        let damaged = Page::decode(page.body, &page.id(), &stream);
        prop_assert!(damaged.is_err() || damaged == Ok(page));
    }

    #[test]
    fn a_path_is_as_good_as_its_names(path in "[a./\u{0}é]{0,12}|\\.pond(/a)?|a{254,257}/b|(a{2000}/){2}[ab]{93,97}") {
        let of_names = path.as_bytes().split(|byte| *byte == b'/').try_for_each(check_name);
        let is_long = path.len() > 4096;
        prop_assert_eq!(check_path(path.as_bytes()).is_ok(), of_names.is_ok() && !is_long, "{:?}", path);
    }
}

#[test]
fn columns_of_a_later_version_are_passed_over() {
    let item = |name: &str| Item {
        name: name.into(),
        kind: Some(Kind::File),
        id: ObjectId::of_content(name.as_bytes()),
        size: 7,
        count: 1,
    };
    let page = Page { body: Body::Tree, level: 0, items: vec![item("a"), item("bc")] };
    let batch = batch_of(&page.encode());
    let (schema, mut columns, _) = batch.into_parts();
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    // In the order in which it writes them, one before the known ones too.
    let added: [(&str, std::sync::Arc<dyn Array>); 3] = [
        ("depth", std::sync::Arc::new(UInt64Array::from(vec![1, 2]))),
        ("note", std::sync::Arc::new(BinaryArray::from_vec(vec![b"x", b"yz"]))),
        ("is_new", std::sync::Arc::new(arrow::array::BooleanArray::from(vec![true, false]))),
    ];
    for (at, (name, column)) in [0, 2, 6].into_iter().zip(added) {
        let field = arrow::datatypes::Field::new(name, column.data_type().clone(), false);
        fields.insert(at, field.into());
        columns.insert(at, column);
    }
    let write = |fields: Vec<arrow::datatypes::FieldRef>, columns| {
        let schema = arrow::datatypes::Schema::new_with_metadata(fields, schema.metadata().clone());
        let batch = RecordBatch::try_new(schema.into(), columns).expect("columns as the schema says");
        let mut stream = Vec::new();
        let mut writer = StreamWriter::try_new(&mut stream, &batch.schema()).expect("memory");
        writer.write(&batch).and_then(|()| writer.finish()).expect("memory");
        stream
    };
    let stream = write(fields.clone(), columns.clone());
    assert_eq!(Page::decode(page.body, &page.id(), &stream).as_ref(), Ok(&page));
    let size = fields.iter().position(|field| field.name() == "size").expect("there");
    fields.remove(size);
    columns.remove(size);
    let less = Page::decode(page.body, &page.id(), &write(fields, columns));
    assert_eq!(less, Err(PageError::Encoding("no column `size`".to_owned())));
}
