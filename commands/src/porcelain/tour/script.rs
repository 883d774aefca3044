//! What the tour does, step by step.

use std::io;
use std::path::Path;

use super::data;

/// One step.
pub(super) enum Step {
    /// A paragraph for the reader.
    Explain(&'static str),
    /// What the clock of the commands that follow says.
    Clock(&'static str),
    /// Something that happens to the files without pond: what, and how.
    Host(&'static str, fn(&Path) -> io::Result<()>),
    /// A pond command, without the program's name.
    Pond(&'static [&'static str]),
}

use Step::{Clock, Explain, Host, Pond};

pub(super) const SCRIPT: &[Step] = &[
    Clock("2026-04-15T08:00:00Z"),
    Explain(
        "Here is a directory with two weeks of readings of four weather stations, what is known of each station,\n\
         a script and some notes. 'init' makes a pond of it: everything that pond keeps is in '.pond'.",
    ),
    Pond(&["init"]),
    Explain(
        "'add' hashes and packs the files, 'status' tells what the next commit will hold.\n\
         '.pondignore' names what is not to be versioned.",
    ),
    Pond(&["add", "."]),
    Pond(&["status"]),
    Explain("A commit is one version of the whole directory, and one version of a Delta Lake table."),
    Pond(&["commit", "-m", "Two weeks of readings"]),
    Clock("2026-04-15T09:30:00Z"),
    Explain(
        "Time passes: a logger appends an hour of readings, somebody corrects the calibration of the weir's sensor,\n\
         and the meadow's station gets a better name. 'pond mv' renames it on disk and for the next commit.",
    ),
    Host("six readings are appended to stations/harbour/readings.csv", data::append),
    Host("the offset in stations/weir/station.json is changed from -0.20 to -0.45", data::edit),
    Pond(&["mv", "stations/meadow", "stations/upper-meadow"]),
    Explain("'diff' shows what is not staged yet, 'status' both sides."),
    Pond(&["diff"]),
    Pond(&["status"]),
    Explain(
        "'commit -a' stages the changes of all tracked files first. Only the new piece of the long file is stored\n\
         again, and nothing of the files that only have another name.",
    ),
    Pond(&["commit", "-a", "-m", "Correct the weir, rename the meadow"]),
    Explain("The history, newest first; a file can be followed through its renames."),
    Pond(&["log", "--stat"]),
    Pond(&["log", "--oneline", "--follow", "stations/upper-meadow/readings.csv"]),
    Explain(
        "Any version can be laid out beside the live files, which are left alone. ('before' is in '.pondignore'.)\n\
         'cat' and 'ls' look into a version without laying it out.",
    ),
    Pond(&["restore", "-s", "HEAD~1", "--to", "before"]),
    Pond(&["cat", "HEAD~1:stations/weir/station.json"]),
    Pond(&["status"]),
    Explain("Or the whole directory goes back to the old version, and returns."),
    Pond(&["checkout", "HEAD~1"]),
    Pond(&["ls", "HEAD:stations"]),
    Pond(&["switch", "main"]),
    Pond(&["status"]),
];

/// What to try next, and what for.
pub(super) const NEXT: &[(&str, &str)] = &[
    ("pond log -p", "every change, line by line"),
    ("pond show HEAD~1:notes.md", "a file as it was"),
    ("pond diff HEAD~1 -- stations/weir", "what changed since, in one directory"),
    ("pond log --oneline -- stations/harbour", "the commits that touched it"),
    ("rm notes.md; pond restore notes.md", "a file that was lost comes back"),
    ("pond count-objects -v", "what is stored, and how large it is"),
    ("pond help", "all commands"),
];
