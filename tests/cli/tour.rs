//! The tour: the main job on generated data, as the README shows it.

use crate::harness::TestPond;

#[test]
fn the_tour_runs_and_leaves_a_pond_to_play_with() {
    let pond = TestPond::without_pond();
    let place = pond.mirror().join("tour");
    let place = place.to_str().expect("a temporary directory's name is UTF-8");
    let output = pond.ok(&["tour", place]);
    for command in ["init", "add", "status", "commit", "mv", "diff", "log", "restore", "checkout"] {
        assert!(output.contains(&format!("$ pond {command}")), "'{command}' is not shown");
    }
    let in_tour =
        |args: &[&str]| pond.run_in(std::path::Path::new(place), args).expect_code(0).out().to_owned();
    assert!(in_tour(&["log", "--oneline"]).lines().count() >= 2);
    assert_eq!(in_tour(&["status", "--porcelain"]), "");
    let again = pond.run(&["tour", place]).expect_failure(128);
    assert!(again.err().contains("tour"), "the directory in the way is named");
}
