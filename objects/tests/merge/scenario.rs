//! Random trees, and what two people do to them.

use std::collections::BTreeMap;

use pond_objects::Kind;

use crate::random::{Random, Text, text};

/// A file or symlink: its kind and its bytes.
pub(crate) type File = (Kind, Vec<u8>);
pub(crate) type Files = BTreeMap<String, File>;

/// A base and what became of it on two sides.
pub(crate) struct Scenario {
    pub(crate) base: Files,
    pub(crate) ours: Files,
    pub(crate) theirs: Files,
}

const NAMES: [&str; 6] = ["a", "b", "c", "d.csv", "e", "f"];
const DIRECTORIES: [&str; 7] = ["", "x/", "y/", "x/y/", "z/", "z/x/", "a/"];

impl Scenario {
    pub(crate) fn new(seed: u64) -> Self {
        Self::made_by(&mut Maker::new(seed))
    }

    pub(crate) fn made_by(maker: &mut Maker) -> Self {
        let mut base = Files::new();
        for _ in 0..2 + maker.random.below(8) {
            maker.add(&mut base);
        }
        let start = if maker.random.one_in(4) { maker.change(&base) } else { base.clone() };
        let ours = maker.change(&start);
        let theirs = maker.change(&start);
        Self { base, ours, theirs }
    }
}

/// Makes random changes.
pub(crate) struct Maker {
    pub(crate) random: Random,
    files: usize,
}

impl Maker {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), files: 0 }
    }

    pub(crate) fn change(&mut self, base: &Files) -> Files {
        let mut files = base.clone();
        for _ in 0..1 + self.random.below(5) {
            self.step(&mut files);
        }
        files
    }

    fn path(&mut self) -> String {
        format!("{}{}", self.random.pick(&DIRECTORIES), self.random.pick(&NAMES))
    }

    fn old_path(&mut self, files: &Files) -> Option<String> {
        let at = self.random.below(files.len().max(1));
        files.keys().nth(at).cloned()
    }

    fn put(files: &mut Files, path: String, file: File) {
        files.retain(|other, _| !is_within(other, &path) && !is_within(&path, other));
        files.insert(path, file);
    }

    /// Lines that no other file has, so that it is clear which file was renamed to which.
    fn form(&mut self) -> String {
        self.files += 1;
        format!(" of file {}\n", self.files)
    }

    fn add(&mut self, files: &mut Files) {
        let path = self.path();
        let file = match self.random.below(12) {
            0 => (Kind::Symlink, self.link()),
            1 => (Kind::File, [b"\0binary".as_slice(), self.form().repeat(9).as_bytes()].concat()),
            2 => (Kind::Executable, self.content()),
            _ => (Kind::File, self.content()),
        };
        Self::put(files, path, file);
    }

    fn link(&mut self) -> Vec<u8> {
        format!("target{}", self.form().trim_end()).into_bytes()
    }

    fn content(&mut self) -> Vec<u8> {
        let end = self.form();
        let form = Text { words: 60, end: &end };
        let lines: Vec<String> =
            (0..8 + self.random.below(10)).map(|_| form.line(&mut self.random)).collect();
        lines.concat().into_bytes()
    }

    fn edit(&mut self, file: &mut File) {
        match (file.0, file.1.starts_with(b"\0")) {
            (Kind::Symlink, _) => file.1 = self.link(),
            (_, true) => file.1.extend_from_slice(format!("more {}", self.random.below(3)).as_bytes()),
            _ => {
                let content = String::from_utf8_lossy(&file.1).into_owned();
                let lines: Vec<String> = content.split_inclusive('\n').map(String::from).collect();
                let end = lines.first().and_then(|line| line.find(" of")).map(|at| lines[0][at..].to_owned());
                let end = end.unwrap_or_else(|| "\n".into());
                let lines = Text { words: 60, end: &end }.edit(&mut self.random, &lines);
                file.1 = text(&mut self.random, &lines);
            }
        }
    }

    fn step(&mut self, files: &mut Files) {
        let Some(path) = self.old_path(files) else { return self.add(files) };
        match self.random.below(20) {
            0..=5 => self.edit(files.get_mut(&path).expect("it is there")),
            6..=8 => {
                let (to, mut file) = (self.path(), files.remove(&path).expect("it is there"));
                if self.random.one_in(2) {
                    self.edit(&mut file);
                }
                Self::put(files, to, file);
            }
            9 | 10 => drop(files.remove(&path)),
            11 | 12 => self.move_directory(files),
            13 => {
                let directory = self.random.pick(&DIRECTORIES[1..]);
                files.retain(|path, _| !path.starts_with(directory));
            }
            14 => {
                let file = files.get_mut(&path).expect("it is there");
                file.0 = match file.0 {
                    Kind::File => Kind::Executable,
                    Kind::Executable => Kind::File,
                    kind => kind,
                };
            }
            15 => {
                let link = (Kind::Symlink, self.link());
                drop(files.insert(path, link));
            }
            _ => self.add(files),
        }
    }

    fn move_directory(&mut self, files: &mut Files) {
        let (from, to) =
            (self.random.pick(&DIRECTORIES[1..]), self.random.pick(&["new/", "x/", "z/", "new/sub/"]));
        let inside: Vec<String> = files.keys().filter(|path| path.starts_with(from)).cloned().collect();
        if to.starts_with(from) {
            return;
        }
        for path in inside {
            let file = files.remove(&path).expect("it is there");
            Self::put(files, format!("{to}{}", &path[from.len()..]), file);
        }
    }
}

fn is_within(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
