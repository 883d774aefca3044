//! The header lines that commits and tags begin with: `NAME`, a space, the value, a line end; an empty line ends them.

use bstr::{BString, ByteSlice, ByteVec};

use crate::id::ObjectId;
use crate::signature::Signature;

/// Why a text is not a commit or a tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The text ends before its empty line.
    #[error("the headers have no end")]
    Truncated,
    /// A header that is missing, comes twice, or has a value that can't be.
    #[error("bad header `{0}`")]
    Header(String),
    /// A header that this version of the format always has first, in another place.
    #[error("headers out of order at `{0}`")]
    Order(String),
}

/// A header line: its name, its value, and the bytes of the whole line.
type HeaderLine<'a> = (&'a str, &'a [u8], usize);

/// Reads header lines from the front of a text.
pub(crate) struct Headers<'a> {
    rest: &'a [u8],
}

/// The text that begins with these lines, goes on with further headers, and ends with a message.
pub(crate) fn with_message(lines: String, extra: &[(String, BString)], message: &[u8]) -> Vec<u8> {
    let mut text = lines.into_bytes();
    for (name, value) in extra {
        text.push_str(name);
        text.push(b' ');
        text.push_str(value);
        text.push(b'\n');
    }
    text.push(b'\n');
    text.push_str(message);
    text
}

impl<'a> Headers<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { rest: text }
    }

    /// What follows the empty line behind the headers that were read.
    pub(crate) fn message(&self) -> &'a [u8] {
        self.rest.get(1..).unwrap_or_default()
    }

    fn peek(&self) -> Result<Option<HeaderLine<'a>>, TextError> {
        let end = self.rest.find_byte(b'\n').ok_or(TextError::Truncated)?;
        if end == 0 {
            return Ok(None);
        }
        let line = &self.rest[..end];
        let bad = || TextError::Header(line.to_str_lossy().into_owned());
        let space = line.find_byte(b' ').ok_or_else(bad)?;
        let name = line[..space].to_str().ok().filter(|name| !name.is_empty()).ok_or_else(bad)?;
        Ok(Some((name, &line[space + 1..], end + 1)))
    }

    pub(crate) fn next(&mut self) -> Result<Option<(&'a str, &'a [u8])>, TextError> {
        let Some((name, value, length)) = self.peek()? else { return Ok(None) };
        self.rest = &self.rest[length..];
        Ok(Some((name, value)))
    }

    /// The headers that are left, in order.
    ///
    /// # Errors
    /// One of `known`, which would have stood before them.
    pub(crate) fn extra(&mut self, known: &[&str]) -> Result<Vec<(String, BString)>, TextError> {
        let mut extra = Vec::new();
        while let Some((name, value)) = self.next()? {
            if known.contains(&name) {
                return Err(TextError::Order(name.into()));
            }
            extra.push((name.to_owned(), value.into()));
        }
        Ok(extra)
    }

    pub(crate) fn take(&mut self, wanted: &str) -> Result<Option<&'a [u8]>, TextError> {
        match self.peek()? {
            Some((name, _, _)) if name == wanted => Ok(self.next()?.map(|(_, value)| value)),
            _ => Ok(None),
        }
    }

    pub(crate) fn id(&mut self, name: &str) -> Result<Option<ObjectId>, TextError> {
        let Some(value) = self.take(name)? else { return Ok(None) };
        let id = value.to_str().ok().and_then(|text| text.parse().ok());
        id.map(Some).ok_or_else(|| TextError::Header(name.into()))
    }

    pub(crate) fn signature(&mut self, name: &str) -> Result<Signature, TextError> {
        let value = self.take(name)?.ok_or_else(|| TextError::Header(name.into()))?;
        value.to_str().ok().and_then(Signature::parse).ok_or_else(|| TextError::Header(name.into()))
    }
}
