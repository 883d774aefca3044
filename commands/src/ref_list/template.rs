//! `--format` of lists of refs: text, and fields such as `%(refname)`.

use pond_history::refs::Listed;
use pond_objects::{ReadError, escape};
use pond_oplog::view::View;
use pond_workspace::Workspace;

use super::atom::{Atom, Facts};
use crate::error::{CommandError, fatal};
use crate::ui::paint::Paint;

/// A template, read.
#[derive(Debug)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Text(Vec<u8>),
    Field(Atom),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// A field that is not known, or that does not end.
    pub(crate) fn parse(text: &str, workspace: &Workspace<'_>) -> Result<Self, CommandError> {
        let mut pieces = Vec::new();
        let mut literal = Vec::new();
        let mut rest = text;
        while let Some(percent) = rest.find('%') {
            literal.extend_from_slice(&rest.as_bytes()[..percent]);
            rest = &rest[percent + 1..];
            let hex = rest.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            if let Some(inside) = rest.strip_prefix('(') {
                let (name, after) = inside.split_once(')').ok_or_else(|| {
                    let rest = escape::plain(rest.as_bytes()).into_owned();
                    fatal(format_args!("malformed format string %{rest}"))
                })?;
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Field(Atom::parse(name, workspace)?));
                rest = after;
            } else if let Some(after) = rest.strip_prefix('%') {
                literal.push(b'%');
                rest = after;
            } else if let Some(byte) = hex.filter(|_| rest.as_bytes()[0] != b'+') {
                literal.push(byte);
                rest = &rest[2..];
            } else {
                literal.push(b'%');
            }
        }
        literal.extend_from_slice(rest.as_bytes());
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self { pieces })
    }

    /// The template's text for a ref.
    ///
    /// # Errors
    /// Those of reading the object.
    pub(crate) fn expand(
        &self,
        facts: &Facts<'_>,
        one: &Listed,
        paint: Paint,
    ) -> Result<Vec<u8>, CommandError> {
        let mut out = Vec::new();
        let mut is_dressed = false;
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Field(atom) => match atom.color(paint) {
                    Some((codes, dressed)) => {
                        is_dressed = dressed;
                        out.extend_from_slice(codes.as_bytes());
                    }
                    None => out.extend_from_slice(&paint.safe(&atom.value(facts, one)?)),
                },
            }
        }
        if is_dressed {
            out.extend_from_slice(anstyle::Reset.render().to_string().as_bytes());
        }
        Ok(out)
    }
}

/// The shortest name that stands for this ref and no other.
pub(super) fn unambiguous(view: &View<'_>, one: &Listed) -> Result<String, ReadError> {
    let Some(name) = &one.name else { return Ok("HEAD".to_owned()) };
    for other in pond_refs::full_names(name.short()).filter(|other| other != name) {
        if view.target(&other)?.is_some() {
            return Ok(name.to_string());
        }
    }
    Ok(name.short().to_owned())
}
