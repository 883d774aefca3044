//! Pictures, as git draws them. Commits are numbers, and stand beside their rows.

use super::*;

/// What stands in front of a commit.
#[derive(Clone, Copy)]
enum Text {
    /// Nothing.
    OneLine,
    /// Two lines more below the number.
    Lines,
    /// A line between commits, as medium has it.
    Separated,
}

fn glyphs(row: &Row) -> String {
    row.cells().iter().map(|cell| char::from(cell.glyph)).collect()
}

/// Draws commits given as a number and those of its parents: `9 8 7`.
fn draw_with(text: Text, commits: &[&str]) -> String {
    let mut graph = Graph::new();
    let mut picture = String::new();
    let mut line = |row: &Row, text: &str| {
        picture.push_str((glyphs(row) + text).trim_end());
        picture.push('\n');
    };
    for (at, commit) in commits.iter().enumerate() {
        let numbers: Vec<u32> = commit.split(' ').map(|number| number.parse().expect("a number")).collect();
        graph.advance(numbers[0], b'*', &numbers[1..]);
        if at > 0 && matches!(text, Text::Separated) {
            line(&graph.gap_row(), "");
        }
        while !graph.is_at_commit() {
            line(&graph.next_row(), "");
        }
        line(&graph.next_row(), &numbers[0].to_string());
        if matches!(text, Text::Lines) {
            line(&graph.next_row(), "- text");
            line(&graph.next_row(), "- more");
        }
        while !graph.is_at_rest() {
            line(&graph.next_row(), "");
        }
    }
    picture
}

fn draw(commits: &[&str]) -> String {
    draw_with(Text::OneLine, commits)
}

#[test]
fn a_branch_parts_and_joins() {
    let picture = "\
*   4
|\\
| * 3
* | 2
|/
* 1
* 0
";
    assert_eq!(draw(&["4 2 3", "3 1", "2 1", "1 0", "0"]), picture);
    assert_eq!(draw(&["2 1", "1", "0"]), "* 2\n* 1\n* 0\n", "a root ends its line without a word");
    assert_eq!(draw(&["9 6", "8 6", "7 6", "6"]), "* 9\n| * 8\n|/\n| * 7\n|/\n* 6\n");
}

#[test]
fn a_merge_leans_to_a_first_parent_at_its_left() {
    let picture = "\
* 9
| * 8
| | * 7
| | | * 6
| |_|/|
|/| | |
| | | * 4
| | * | 3
| | |/
| * / 2
| |/
* / 1
|/
* 0
";
    assert_eq!(draw(&["9 1", "8 2", "7 3", "6 1 4", "4 0", "3 0", "2 0", "1 0", "0"]), picture);
    let beside = "\
* 9
| * 8
| * 7
|/|
| * 2
|/
* 1
";
    assert_eq!(draw(&["9 1", "8 7", "7 1 2", "2 1", "1"]), beside);
}

#[test]
fn lines_cross_on_underscores() {
    let picture = "\
* 9
| * 8
| | * 7
| | | * 6
| | | | * 5
| |_|_|/
|/| | |
| | | * 4
| |_|/
|/| |
| | * 3
| |/
|/|
| * 2
|/
* 1
";
    assert_eq!(draw(&["9 1", "8 2", "7 3", "6 4", "5 1", "4 1", "3 1", "2 1", "1"]), picture);
}

#[test]
fn a_last_parent_in_the_lane_beside_is_joined_at_once() {
    let picture = "\
* 9
| *   8
| |\\
| * | 7
| | * 6
| |/|
|/|/
| * 5
* | 1
|/
* 2
";
    assert_eq!(draw(&["9 1", "8 7 6", "7 5", "6 1 5", "5 2", "1 2", "2"]), picture);
    assert_eq!(draw(&["5 4", "3 2", "4 1 2", "2 1", "1"]), "* 5\n| * 3\n* | 4\n|\\|\n| * 2\n|/\n* 1\n");
}

#[test]
fn an_octopus_has_arms() {
    let picture = "\
* 9
| *-.   8
| |\\ \\
| * | | 7
|/ / /
| * / 6
|/ /
| * 5
|/
* 4
";
    assert_eq!(draw(&["9 4", "8 7 6 5", "7 4", "6 4", "5 4", "4"]), picture);
    let six = "\
*-----.   9
|\\ \\ \\ \\
| | | | * 4
| | | * 5
| | * 6
| * 7
* 8
";
    assert_eq!(draw(&["9 8 7 6 5 4", "4", "5", "6", "7", "8"]), six);
}

#[test]
fn lanes_make_room_for_an_octopus() {
    let picture = "\
* 9
| * 8
| |
|  \\
*-. \\   7
|\\ \\ \\
* | | | 6
| |_|/
|/| |
| * | 5
|/ /
* / 4
|/
* 3
";
    assert_eq!(draw(&["9 7", "8 4", "7 6 5 3", "6 4", "5 4", "4 3", "3"]), picture);
}

#[test]
fn an_octopus_may_lean_too() {
    let picture = "\
* 9
| * 8
| | *-.   7
| |/|\\ \\
|/| | | |
* | | | |   6
|\\ \\ \\ \\ \\
| |/ / / /
|/| / / /
| |/ / /
* | | | 5
| * | | 4
|/ / /
| * / 3
|/ /
| * 2
|/
* 1
";
    let commits = ["9 6", "8 5", "7 6 4 3 2", "6 5 4", "5 1", "4 1", "3 1", "2 1", "1"];
    assert_eq!(draw(&commits), picture);
}

#[test]
fn text_has_rows_beside_it() {
    let picture = "\
*   4
|\\  - text
| | - more
| * 3
| | - text
| | - more
* | 2
|/  - text
|   - more
* 1
  - text
  - more
";
    assert_eq!(draw_with(Text::Lines, &["4 2 3", "3 1", "2 1", "1"]), picture);
}

#[test]
fn lines_come_upright_in_a_gap() {
    let commits = ["9 8", "7 3", "8 5 4", "5 6 2", "6", "4", "2", "3"];
    let leaning = "\
* 9
| * 7
* |   8
|\\ \\
* \\ \\   5
|\\ \\ \\
* | | | 6
 / / /
| * / 4
|  /
* / 2
 /
* 3
";
    assert_eq!(draw(&commits), leaning);
    let separated = "\
* 9
|
| * 7
| |
* |   8
|\\ \\
| | |
* | |   5
|\\ \\ \\
| | | |
* | | | 6
 / / /
| | |
| * | 4
|  /
| |
* | 2
 /
|
* 3
";
    assert_eq!(draw_with(Text::Separated, &commits), separated);
}

#[test]
fn rows_of_a_commit_have_one_width_at_least() {
    let mut graph = Graph::new();
    graph.advance(3, b'*', &[1, 2]);
    assert_eq!(glyphs(&graph.next_row()), "*   ");
    assert_eq!(glyphs(&graph.next_row()), "|\\  ");
    assert!(graph.is_at_rest());
    assert_eq!((glyphs(&graph.next_row()).as_str(), graph.rest_width()), ("| | ", 4));
    graph.advance(2, b'*', &[]);
    assert_eq!(glyphs(&graph.next_row()), "| * ");
    assert_eq!(glyphs(&graph.next_row()), "|   ");
}

#[test]
fn colours_go_round() {
    let mut graph = Graph::new();
    let mut hues = Vec::new();
    for tip in 1..=14 {
        graph.advance(100 + tip, b'*', &[tip]);
        graph.next_row();
        let row = graph.next_row();
        hues.push(row.cells()[2 * (tip - 1)].hue.expect("a line").index());
    }
    assert_eq!(hues, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1]);
    graph.advance(3, b'*', &[30]);
    assert_eq!(graph.next_row().cells()[4], Cell { glyph: b'*', hue: None });
    // The line of a parent has the colour that was taken last, the others keep theirs.
    let row = graph.next_row();
    let hue = |lane: usize| row.cells()[2 * lane].hue.map(Hue::index);
    assert_eq!((hue(1), hue(2), hue(3)), (Some(1), Some(1), Some(3)));
}
