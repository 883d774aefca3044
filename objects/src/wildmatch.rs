//! Git's wildcards, over bytes.
//!
//! `?`, `*`, bracket expressions with ranges and POSIX classes, backslashes, and, where a `*` stays within a name,
//! `**` for whole directories: what each means follows `wildmatch.c` of git, the reference for `.gitignore` and for
//! pathspecs alike. Two intended differences: where case does not matter, it does not in bracket expressions and behind
//! backslashes either; and `**` behind other characters of a name is `*` wherever it stands, as git documents it (some
//! versions took `a**/b` for whole directories).
//!
//! A pattern is read once. A match then neither allocates nor recurses, and no pattern makes it exponential: of the stars
//! that were passed, only the last of each kind is ever tried again.

mod bracket;
#[cfg(test)]
mod tests;

use self::bracket::ByteSet;

/// Bytes that make a text a pattern.
pub const SPECIAL: &[u8] = b"*?[\\";

/// What `*` matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stars {
    /// Anything, `/` included.
    Anything,
    /// Anything within a name; `**` for whole directories.
    WithinNames,
}

/// Why a pattern matches nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A bracket expression has no end.
    #[error("its '[' is not closed")]
    Bracket,
    /// The name within `[:` and `:]` is not one of POSIX's.
    #[error("its '[:...:]' names no class of characters")]
    Class,
    /// A backslash has nothing behind it.
    #[error("it ends with a lone backslash")]
    Backslash,
}

/// A pattern that was read.
#[derive(Debug, Clone)]
pub struct Wildmatch {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone)]
enum Token {
    Byte(u8),
    AnyByte,
    /// A byte of a name.
    AnyInName,
    Class(Box<ByteSet>),
    /// Any bytes of a name.
    InName,
    /// Any bytes.
    Anything,
    /// Nothing, or anything up to a `/` and with it.
    Directories,
}

/// Where a star was passed: the token behind it, and how far into the text it reaches so far.
#[derive(Debug, Clone, Copy)]
struct Passed {
    token: usize,
    reach: usize,
    whole_directories: bool,
}

impl Wildmatch {
    /// Reads a pattern for whole texts that begin with the literal `prefix`.
    ///
    /// With `icase` ASCII letters match in either case.
    pub fn new(prefix: &[u8], pattern: &[u8], stars: Stars, icase: bool) -> Result<Self, Malformed> {
        let mut tokens: Vec<Token> = prefix.iter().map(|byte| literal(*byte, icase)).collect();
        let in_names = stars == Stars::WithinNames;
        let mut before = prefix.last().copied();
        let mut at = 0;
        while let Some(first) = pattern.get(at) {
            let rest = &pattern[at..];
            at += match first {
                b'*' => {
                    let count = rest.iter().take_while(|byte| **byte == b'*').count();
                    let behind = &rest[count..];
                    let doubled = count > 1 && matches!(before, None | Some(b'/'));
                    let (token, slash) = match in_names {
                        false => (Token::Anything, 0),
                        true if doubled && behind.starts_with(b"/") => (Token::Directories, 1),
                        true if doubled && (behind.is_empty() || behind.starts_with(b"\\/")) => {
                            (Token::Anything, 0)
                        }
                        true => (Token::InName, 0),
                    };
                    tokens.push(token);
                    count + slash
                }
                b'?' => {
                    tokens.push(if in_names { Token::AnyInName } else { Token::AnyByte });
                    1
                }
                b'[' => {
                    let (mut set, length) = bracket::read(rest, icase)?;
                    if in_names {
                        set.remove(b'/');
                    }
                    tokens.push(Token::Class(Box::new(set)));
                    length
                }
                b'\\' => {
                    tokens.push(literal(*rest.get(1).ok_or(Malformed::Backslash)?, icase));
                    2
                }
                byte => {
                    tokens.push(literal(*byte, icase));
                    1
                }
            };
            before = Some(pattern[at - 1]);
        }
        Ok(Self { tokens })
    }

    /// What a malformed pattern matches.
    pub fn nothing() -> Self {
        Self { tokens: vec![Token::Class(Box::default())] }
    }

    /// Whether the whole text matches.
    pub fn is_match(&self, text: &[u8]) -> bool {
        let mut token = 0;
        let mut at = 0;
        let mut name = None;
        let mut wide = None;
        loop {
            let fits = match self.tokens.get(token) {
                None => at == text.len(),
                Some(Token::InName) => {
                    token += 1;
                    name = Some(Passed { token, reach: at, whole_directories: false });
                    continue;
                }
                Some(star @ (Token::Anything | Token::Directories)) => {
                    token += 1;
                    let whole_directories = matches!(star, Token::Directories);
                    wide = Some(Passed { token, reach: at, whole_directories });
                    // What this one reaches, no star before it could reach better.
                    name = None;
                    continue;
                }
                Some(one) => match text.get(at) {
                    Some(byte) => one.takes(*byte),
                    // Stars that reach farther leave even less.
                    None => return false,
                },
            };
            if fits {
                if token == self.tokens.len() {
                    return true;
                }
                token += 1;
                at += 1;
                continue;
            }
            name = name.and_then(|star: Passed| star.farther_in_name(text));
            if name.is_none() {
                wide = wide.and_then(|star: Passed| star.farther(text));
            }
            let Some(star) = name.or(wide) else { return false };
            (token, at) = (star.token, star.reach);
        }
    }
}

impl Token {
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Byte(own) => *own == byte,
            Self::AnyByte => true,
            Self::AnyInName => byte != b'/',
            Self::Class(set) => set.contains(byte),
            Self::InName | Self::Anything | Self::Directories => false,
        }
    }
}

impl Passed {
    fn farther_in_name(self, text: &[u8]) -> Option<Self> {
        text.get(self.reach).filter(|byte| **byte != b'/').map(|_| Self { reach: self.reach + 1, ..self })
    }

    fn farther(self, text: &[u8]) -> Option<Self> {
        let skipped = match self.whole_directories {
            true => text[self.reach..].iter().position(|byte| *byte == b'/')?,
            false => 0,
        };
        let reach = self.reach + skipped + 1;
        (reach <= text.len()).then_some(Self { reach, ..self })
    }
}

fn literal(byte: u8, icase: bool) -> Token {
    if !icase || !byte.is_ascii_alphabetic() {
        return Token::Byte(byte);
    }
    let mut set = ByteSet::default();
    set.insert(byte.to_ascii_lowercase());
    set.insert(byte.to_ascii_uppercase());
    Token::Class(Box::new(set))
}
