use std::fs;
use std::path::PathBuf;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::ReadOptionsBuilder;
use pond_objects::page::{Body, Item};
use pond_objects::paginate::paginate;
use pond_objects::{NodeId, ObjectId};
use tempfile::TempDir;

use super::*;
use crate::row::{ChangeKind, MetaRow, RowType};

/// Bytes that look like nothing, from a fixed seed.
fn noise(len: usize, mut seed: u64) -> Vec<u8> {
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as u8
    };
    (0..len).map(|_| next()).collect()
}

fn contents() -> Vec<Vec<u8>> {
    let mut contents = vec![Vec::new(), b"x".to_vec(), noise(700_000, 1), b"ab".repeat(400_000)];
    contents.extend((1..300).map(|size| noise(size * 37, size as u64 + 2)));
    contents
}

fn data_pack(dir: &TempDir, contents: &[Vec<u8>], group: usize) -> PathBuf {
    let mut pack = DataPack::create(dir.path()).expect("created");
    let mut encoder = pack.encoder_factory().encoder();
    for group in contents.chunks(group) {
        for content in group {
            encoder.push(RowType::Chunk, ObjectId::of_content(content), content).expect("pushed");
        }
        pack.append(encoder.finish().expect("encoded")).expect("appended");
    }
    let mut sealed = pack.finish().expect("finished");
    let path = dir.path().join("pack.parquet");
    sealed.persist(&path).expect("persisted");
    let bytes = fs::read(&path).expect("read");
    assert_eq!((sealed.digest, sealed.size), (ObjectId::of_content(&bytes), bytes.len() as u64));
    assert_eq!(sealed.rows, contents.len() as u64);
    path
}

fn meta_rows(count: usize) -> Vec<MetaRow> {
    let mut rows = Vec::new();
    for number in 0..count {
        let id = ObjectId::of_content(&number.to_le_bytes());
        let mut change = MetaRow::new(RowType::Change);
        change.id = (number % 5 != 0).then_some(id);
        change.seq = Some(7);
        change.timestamp = Some(1_700_000_000_123_456);
        change.part_id = Some(NodeId(number as u64 / 10));
        change.node_id = Some(NodeId(u64::MAX - number as u64));
        change.path = Some(format!("sensors/{number:06}/long name of a reading \u{fffd}.csv"));
        change.path_raw = Some(format!("sensors/{number:06}/long name of a reading ").into_bytes());
        if let Some(path) = &mut change.path_raw {
            path.push(0xff);
        }
        change.old_path = number.is_multiple_of(3).then(|| "before".to_owned());
        change.change = Some(ChangeKind::ALL[number % 5]);
        change.mode = Some(0o100_644);
        change.size = Some(number as i64 - 3);
        change.mtime = (number % 5 != 0).then_some(-5);
        change.old_id = number.is_multiple_of(2).then_some(ObjectId::ZERO);
        rows.push(change);
    }
    for row_type in [RowType::Page, RowType::Commit, RowType::Op] {
        let content = Bytes::from(row_type.name().repeat(count.clamp(1, 3000)));
        let id = Some(ObjectId::of_content(&content));
        rows.push(MetaRow { id, seq: Some(7), content: Some(content), ..MetaRow::new(row_type) });
    }
    rows
}

fn meta_pack(dir: &TempDir, rows: Vec<MetaRow>) -> (PathBuf, SealedPack) {
    let mut sealed = write_meta_pack(dir.path(), rows).expect("written");
    let path = dir.path().join("meta.parquet");
    sealed.persist(&path).expect("persisted");
    (path, sealed)
}

fn sorted(mut rows: Vec<MetaRow>) -> Vec<MetaRow> {
    rows.sort_by(|a, b| (a.row_type, &a.path, a.seq).cmp(&(b.row_type, &b.path, b.seq)));
    rows
}

/// What Arrow's reader, which knows nothing of pond, makes of a pack.
fn batches(path: &Path) -> Vec<RecordBatch> {
    let file = fs::File::open(path).expect("opened");
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file");
    builder.build().expect("a reader").collect::<Result<_, _>>().expect("rows")
}

#[test]
fn data_packs_come_back_whole() {
    for group in [1, 7, 1000] {
        let dir = TempDir::new().expect("a directory");
        let contents = contents();
        let path = data_pack(&dir, &contents, group);
        let reader = PackReader::open(&path).expect("opened");
        let rows: Vec<DataRow> = reader.data_rows().collect::<Result<_, _>>().expect("rows");
        assert_eq!(rows.iter().map(|row| row.content.to_vec()).collect::<Vec<_>>(), contents);
        let index = PackIndex::rebuild_from_pack(&path, PackKind::Data, &ObjectId::ZERO).expect("indexed");
        for (content, at) in contents.iter().zip(0..) {
            let place = index.lookup(&ObjectId::of_content(content)).expect("intact").expect("found");
            assert_eq!((place.row_group as usize, place.row as usize), (at / group, at % group));
            assert_eq!(reader.read_content(place.row_group, place.row).expect("read"), content);
        }
        assert!(reader.read_content(0, group as u32).is_err());
        assert!(reader.read_content(u32::MAX, 0).is_err());
        let mut found = Vec::new();
        for batch in batches(&path) {
            let column = batch.column_by_name("content").expect("content").as_binary::<i32>();
            found.extend(column.iter().map(|content| content.expect("a value").to_vec()));
        }
        assert_eq!(found, contents);
    }
}

#[test]
fn other_readers_find_the_filters_and_the_bounds() {
    let dir = TempDir::new().expect("a directory");
    let contents: Vec<Vec<u8>> = (1..500).map(|seed| noise(50, seed)).collect();
    let file = fs::File::open(data_pack(&dir, &contents, 1000)).expect("opened");
    let properties = ReaderProperties::builder().set_read_bloom_filter(true).build();
    let options = ReadOptionsBuilder::new().with_reader_properties(properties).build();
    let reader = SerializedFileReader::new_with_options(file, options).expect("a Parquet file");
    let group = reader.get_row_group(0).expect("a row group");
    let filter = group.get_column_bloom_filter(1).expect("a Bloom filter");
    assert!(contents.iter().all(|content| filter.check(&ObjectId::of_content(content).as_bytes()[..])));
    let strangers =
        (0..1000u32).filter(|n| filter.check(&ObjectId::of_content(&n.to_be_bytes()).as_bytes()[..]));
    assert!(strangers.count() < 50);
    assert!(group.get_column_bloom_filter(2).is_none());

    let (path, _) = meta_pack(&dir, meta_rows(5000));
    let file = fs::File::open(path).expect("opened");
    let metadata = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
    let metadata = metadata.parse_and_finish(&file).expect("metadata");
    let index = &metadata.column_index().expect("a column index")[0][6];
    let ColumnIndexMetaData::BYTE_ARRAY(index) = index else { panic!("paths have bounds") };
    let locations = metadata.offset_index().expect("an offset index")[0][6].page_locations();
    assert!(locations.len() > 2);
    let first = format!("sensors/{:06}/long name of a re", locations[1].first_row_index);
    assert_eq!(index.min_value(1), Some(first.as_bytes()));
    let seq = metadata.row_group(0).column(2).statistics().expect("statistics");
    assert_eq!(seq.min_bytes_opt(), Some(&7i64.to_le_bytes()[..]));
}

#[test]
fn pages_obey_their_limit_and_the_cache_its_bound() {
    let dir = TempDir::new().expect("a directory");
    let contents: Vec<Vec<u8>> = (0..40).map(|seed| noise(100_000, seed + 1)).collect();
    let path = data_pack(&dir, &contents, 40);
    let cache = std::sync::Arc::new(PageCache::new(1 << 20));
    let reader = PackReader::open_with(&path, cache.clone()).expect("opened");
    let column = reader.footer.column("content").expect("content");
    let pages = reader.page_spans(0, column).expect("pages");
    assert_eq!(pages.len(), 20);
    for (content, row) in contents.iter().zip(0..) {
        assert_eq!(reader.read_content(0, row).expect("read"), content);
        assert!(cache.bytes() <= 1 << 20 && cache.bytes() > 200_000);
    }
}

/// Change rows that are made when they are written stand where they would if they had been there all along.
#[test]
fn changes_that_are_made_late_are_written_as_others() {
    for count in [3, 60, 45_000] {
        let dir = TempDir::new().expect("a directory");
        let commit = Bytes::from(vec![7; 32]);
        let of_operation = |row| MetaRow { seq: Some(7), timestamp: Some(8), ..row };
        let mut all: Vec<MetaRow> = meta_rows(count).into_iter().map(of_operation).collect();
        let changes = all.iter_mut().filter(|row| row.row_type == RowType::Change);
        changes.for_each(|row| row.content = Some(commit.clone()));
        let (late, rows): (Vec<_>, Vec<_>) =
            all.iter().cloned().partition(|row| row.row_type == RowType::Change);
        let bare = |row| MetaRow { seq: None, timestamp: None, content: None, ..row };
        let late: Vec<MetaRow> = late.into_iter().rev().map(bare).collect();
        let changes = [CommitChanges { rows: Box::new(late), commit }];
        let written = write_operation(dir.path(), rows, &changes).expect("written");
        assert_eq!(written.digest, write_meta_pack(dir.path(), all).expect("written").digest);
    }
}

#[test]
fn meta_packs_come_back_sorted() {
    for count in [0, 1, 3, 60, 100, 45_000] {
        let dir = TempDir::new().expect("a directory");
        let rows = meta_rows(count);
        let expected = sorted(rows.clone());
        let (path, mut sealed) = meta_pack(&dir, rows);
        let reader = PackReader::open(&path).expect("opened");
        let found: Vec<MetaRow> = reader.rows().collect::<Result<_, _>>().expect("rows");
        assert!(found == expected, "{count} rows");
        let rebuilt = PackIndex::rebuild_from_pack(&path, PackKind::Meta, &sealed.digest).expect("indexed");
        let index = sealed.take_index();
        assert!(rebuilt.entries().eq(index.entries()) && rebuilt.changes().eq(index.changes()));
        assert_eq!(rebuilt.newest_operation(), index.newest_operation());
        assert_eq!(index.len(), 3);
        let op = index.operation(7).expect("intact").expect("an operation");
        let content = reader.read_content(op.row_group, op.row).expect("read");
        assert_eq!(
            content,
            expected
                .iter()
                .find(|row| row.row_type == RowType::Op)
                .and_then(|row| row.content.clone())
                .expect("a content")
        );
        if count > 0 {
            assert!(matches!(reader.read_content(0, 0), Err(PackError::NoContent { .. })));
        }
        let pages: Vec<_> =
            reader.select(Columns::CONTENT, Some(RowType::Page)).collect::<Result<_, _>>().expect("rows");
        assert!(pages.len() == 1 && pages[0].1.content.is_some() && pages[0].1.id.is_none());
        assert!(pages[0].0.row_type == RowType::Page);
    }
}

#[test]
fn other_readers_see_the_same_rows_of_a_meta_pack() {
    for count in [5, 5000] {
        let dir = TempDir::new().expect("a directory");
        let rows = meta_rows(count);
        let expected = sorted(rows.clone());
        let (path, _) = meta_pack(&dir, rows);
        let mut at = 0;
        for batch in batches(&path) {
            assert_eq!(*batch.schema(), crate::schema::meta_schema());
            let text = |name: &str| batch.column_by_name(name).expect("a column").as_string::<i32>().clone();
            let (types, paths, nodes) = (text("type"), text("path"), text("node_id"));
            let sizes = batch.column_by_name("size").expect("size").as_primitive::<Int64Type>().clone();
            let times = batch.column_by_name("timestamp").expect("timestamp");
            let times = times.as_primitive::<TimestampMicrosecondType>();
            let raw = batch.column_by_name("path_raw").expect("path_raw").as_binary::<i32>().clone();
            for row in 0..batch.num_rows() {
                let wanted = &expected[at];
                assert_eq!(types.value(row), wanted.row_type.name());
                assert_eq!(paths.is_valid(row).then(|| paths.value(row).to_owned()), wanted.path);
                assert_eq!(
                    nodes.is_valid(row).then(|| nodes.value(row).to_owned()),
                    wanted.node_id.map(|n| n.to_string())
                );
                assert_eq!(sizes.is_valid(row).then(|| sizes.value(row)), wanted.size);
                assert_eq!(times.is_valid(row).then(|| times.value(row)), wanted.timestamp);
                assert_eq!(raw.is_valid(row).then(|| raw.value(row).to_vec()), wanted.path_raw);
                at += 1;
            }
        }
        assert_eq!(at, expected.len());
    }
}

#[test]
fn six_rows_take_little() {
    let dir = TempDir::new().expect("a directory");
    let (_, sealed) = meta_pack(&dir, meta_rows(3));
    assert!(sealed.size < 4096, "{} bytes", sealed.size);
}

/// Versions of files that grow, as commits store them: those of one operation together.
fn growing_manifests(files: u64, versions: u64) -> Vec<MetaRow> {
    let chunk = |file: u64, number: u64, version: u64| Item {
        name: "".into(),
        kind: None,
        id: ObjectId::of_content(&[file, number, version].map(u64::to_le_bytes).concat()),
        size: 8_000 + number,
        count: 1,
    };
    let mut rows = Vec::new();
    for version in 0..versions {
        for file in 0..files {
            let chunks = (0..25).map(|number| chunk(file, number, 0)).chain([chunk(file, 25, version)]);
            for (id, page) in paginate(Body::Manifest, chunks).1 {
                rows.push(MetaRow { seq: Some(version as i64), ..MetaRow::page(id, &page) });
            }
        }
    }
    rows
}

#[test]
fn versions_of_a_page_stand_beside_each_other_once_they_are_merged() {
    let dir = TempDir::new().expect("a directory");
    let mut rows = growing_manifests(10, 64);
    let mut change = meta_rows(5);
    rows.append(&mut change);
    let fresh = write_meta_pack(dir.path(), rows.clone()).expect("written");
    let merged = write_compact_meta_pack(dir.path(), rows.clone()).expect("written");
    let read = |pack: &SealedPack| -> Vec<MetaRow> {
        let reader = PackReader::open(pack.path()).expect("open");
        reader.rows().collect::<Result<_, _>>().expect("readable")
    };
    let found = read(&merged);
    let key = |row: &MetaRow| (row.row_type, row.id, row.path.clone(), row.seq);
    let keys = |rows: &[MetaRow]| {
        let mut keys: Vec<_> = rows.iter().map(key).collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&found), keys(&rows));
    assert!(merged.size * 4 < fresh.size, "{} and {} bytes", merged.size, fresh.size);
    for batch in batches(merged.path()) {
        assert_eq!(*batch.schema(), crate::schema::meta_schema());
    }
}

#[test]
fn a_row_group_of_a_merged_pack_holds_neighbouring_operations() {
    let dir = TempDir::new().expect("a directory");
    let id = |number: i64| Some(ObjectId::of_content(&number.to_le_bytes()));
    let row = |row_type, seq: i64| MetaRow { id: id(seq), seq: Some(seq), ..MetaRow::new(row_type) };
    // Each blob with its change, and every other column as compressible as in a history of one file.
    let rows: Vec<MetaRow> =
        (0..24_000).rev().flat_map(|seq| [row(RowType::Change, seq), row(RowType::Blob, seq)]).collect();
    let merged = write_compact_meta_pack(dir.path(), rows).expect("written");
    assert!(merged.row_groups > 1, "{}", merged.row_groups);
    let reader = PackReader::open(merged.path()).expect("open");
    let mut found = Vec::new();
    for row in reader.select(Columns::ID | Columns::SEQ, None) {
        let (location, row) = row.expect("readable");
        assert_eq!(row.id, id(row.seq.expect("a number")));
        found.push((location.row_group, row.row_type, row.seq));
    }
    assert_eq!(found.len(), 48_000);
    assert!(found.is_sorted(), "each group by type and operation");
    let mut by_operation = found.clone();
    by_operation.sort_by_key(|(_, _, seq)| *seq);
    assert!(by_operation.is_sorted_by_key(|(group, _, _)| *group), "groups by operation");
    // A hash does not compress, but the second time.
    assert!(merged.size < 24_000 * 40, "{}", merged.size);
}

#[test]
fn unfinished_packs_leave_nothing() {
    let dir = TempDir::new().expect("a directory");
    let mut pack = DataPack::create(dir.path()).expect("created");
    let mut encoder = pack.encoder_factory().encoder();
    encoder.push(RowType::Chunk, ObjectId::ZERO, b"x").expect("pushed");
    assert_eq!((encoder.raw_len(), encoder.rows()), (1, 1));
    pack.append(encoder.finish().expect("encoded")).expect("appended");
    drop(pack);
    drop(write_meta_pack(dir.path(), meta_rows(2)).expect("written"));
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 0);
    let too_long = vec![0; MAX_CONTENT + 1];
    assert!(matches!(encoder.push(RowType::Chunk, ObjectId::ZERO, &too_long), Err(PackError::TooLong(_))));
}

#[test]
fn a_pack_that_is_there_already_stays_unless_it_is_damaged() {
    use std::os::unix::fs::MetadataExt as _;
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("there");
    let persist = || {
        let mut sealed = write_meta_pack(dir.path(), meta_rows(1)).expect("written");
        sealed.persist(&path).expect("persisted");
        let inode = fs::metadata(&path).expect("it is there").ino();
        assert_eq!(ObjectId::of_content(&fs::read(&path).expect("read")), sealed.digest);
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1);
        inode
    };
    assert_eq!(persist(), persist());
    fs::write(&path, b"damaged").expect("written");
    persist();
}

/// Reads everything that can be read, whatever comes of it.
fn read_all(path: &Path) {
    let Ok(reader) = PackReader::open(path) else { return };
    for row in 0..12 {
        let _ = reader.read_content(row % 3, row);
    }
    reader.rows().take_while(Result::is_ok).for_each(drop);
    reader.data_rows().take_while(Result::is_ok).for_each(drop);
}

#[test]
fn damaged_packs_never_panic() {
    let dir = TempDir::new().expect("a directory");
    let small: Vec<Vec<u8>> =
        contents().into_iter().filter(|content| content.len() < 2000).take(30).collect();
    let data = fs::read(data_pack(&dir, &small, 12)).expect("read");
    let (few, _) = meta_pack(&dir, meta_rows(6));
    let few = fs::read(few).expect("read");
    let other = TempDir::new().expect("a directory");
    let (many, _) = meta_pack(&other, meta_rows(100));
    let many = fs::read(many).expect("read");
    let path = dir.path().join("damaged");
    let mut random = fastrand::Rng::with_seed(99);
    for whole in [data, few, many] {
        let step = (whole.len() / 700).max(1);
        for at in (0..whole.len()).step_by(step) {
            for flip in [0x80, random.u8(..)] {
                let mut bytes = whole.clone();
                bytes[at] ^= flip;
                fs::write(&path, bytes).expect("written");
                read_all(&path);
            }
        }
        for len in (0..whole.len()).step_by(step * 5) {
            fs::write(&path, &whole[..len]).expect("written");
            assert!(PackReader::open(&path).is_err());
        }
    }
}
