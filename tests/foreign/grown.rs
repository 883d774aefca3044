//! Files that grew since they were added: only what is new in them is cut and stored, and the result is that of a first add.

use crate::harness::{TestPond, noise, readings};
use crate::table::Table;

/// The root of the manifest of HEAD's `log`, and the table's number of chunks.
fn manifest(pond: &TestPond) -> (String, String) {
    let id = pond.run(&["rev-parse", "HEAD:log"]).expect_code(0).line();
    let table = Table::open(&pond.mirror());
    let text = |sql: &str| table.texts(sql).concat().concat();
    let root = text(&format!(
        "select distinct encode(content, 'hex') from pond where type = 'blob' and encode(id, 'hex') = '{id}'"
    ));
    (root, text("select cast(count(*) as varchar) from pond where type = 'chunk'"))
}

#[test]
fn a_file_that_grew_is_stored_as_if_it_were_new() {
    let text = readings(1, 0, 260_000).into_bytes();
    assert!(text.len() > 5 << 20, "{}", text.len());
    let edited = |at: usize, len: usize| {
        let mut text = text[..len].to_vec();
        text[at] ^= 1;
        text
    };
    let hundred = 100_000;
    // Pairs of what was committed and what is added then.
    let cases: Vec<(&str, Vec<u8>, Vec<u8>)> = vec![
        ("a line more", text[..hundred].to_vec(), text[..hundred + 20].to_vec()),
        ("one chunk became more", text[..1000].to_vec(), text[..hundred].to_vec()),
        ("beyond what is read whole", text[..1_040_000].to_vec(), text[..1_060_000].to_vec()),
        ("large chunks from here", text[..4_190_000].to_vec(), text[..4_200_000].to_vec()),
        ("large chunks before and after", text[..4_300_000].to_vec(), text[..5_000_000].to_vec()),
        ("changed at the start", text[..hundred].to_vec(), edited(0, hundred + 20)),
        ("changed in the last chunk", text[..hundred].to_vec(), edited(hundred - 1, hundred + 20)),
        ("changed in the middle", text[..1_040_000].to_vec(), edited(500_000, 1_060_000)),
        ("shorter", text[..hundred].to_vec(), text[..hundred - 20].to_vec()),
        ("noise", noise(1, 300_000), [noise(1, 300_000), noise(2, 300_000)].concat()),
    ];
    for (what, before, after) in cases {
        let [grown, fresh] = [TestPond::new(), TestPond::new()];
        grown.write("log", &before);
        grown.commit_all("before");
        let (_, chunks) = manifest(&grown);
        grown.write("log", &after);
        grown.commit_all("after");
        fresh.write("log", &after);
        fresh.commit_all("after");
        assert_eq!(manifest(&grown).0, manifest(&fresh).0, "{what}");
        assert!(grown.run(&["cat", "HEAD:log"]).expect_code(0).stdout == after, "{what}");
        assert!(grown.run(&["cat", "HEAD~1:log"]).expect_code(0).stdout == before, "{what}");
        if what == "a line more" {
            let new = manifest(&grown).1.parse::<u64>().expect("a number")
                - chunks.parse::<u64>().expect("a number");
            assert_eq!(new, 1, "{what}: the last chunk is stored again, and no other");
        }
    }
}
