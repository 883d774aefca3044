//! Random numbers that are the same everywhere, and edits of texts made with them.

/// A generator of numbers (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }

    /// Whether one of `of` throws hit.
    pub(crate) fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// How a text's lines are made: from how many words, and what ends a line.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) words: usize,
    pub(crate) end: &'a str,
}

impl Text<'_> {
    pub(crate) fn line(self, random: &mut Random) -> String {
        format!("line {}{}", random.below(self.words), self.end)
    }

    pub(crate) fn lines(self, random: &mut Random, most: usize) -> Vec<String> {
        let count = random.below(most + 1);
        (0..count).map(|_| self.line(random)).collect()
    }

    /// Some lines inserted, removed, replaced, moved.
    pub(crate) fn edit(self, random: &mut Random, lines: &[String]) -> Vec<String> {
        let mut lines = lines.to_vec();
        for _ in 0..1 + random.below(4) {
            let at = random.below(lines.len() + 1);
            match random.below(5) {
                0 => lines.insert(at, self.line(random)),
                1 if at < lines.len() => drop(lines.remove(at)),
                2 if at < lines.len() => {
                    let line = lines.remove(at);
                    let to = random.below(lines.len() + 1);
                    lines.insert(to, line);
                }
                3 => {
                    let block: Vec<_> = (0..random.below(4)).map(|_| self.line(random)).collect();
                    lines.splice(at..at, block);
                }
                _ if at < lines.len() => lines[at] = self.line(random),
                _ => {}
            }
        }
        lines
    }
}

/// The text of lines; now and then without an end of its last line.
pub(crate) fn text(random: &mut Random, lines: &[String]) -> Vec<u8> {
    let mut text = lines.concat().into_bytes();
    if random.one_in(8) && text.ends_with(b"\n") {
        text.pop();
    }
    text
}
