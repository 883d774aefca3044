//! `--format` of lists of refs: text, and fields such as `%(refname)`.

use pond_history::refs::Listed;
use pond_objects::{ReadError, escape};
use pond_oplog::view::View;
use pond_workspace::Workspace;

use super::atom::{Atom, Facts};
use crate::error::{CommandError, fatal};
use crate::text::template::{Part, Percent, parts};
use crate::ui::paint::Paint;

/// A template, read.
#[derive(Debug)]
pub(crate) struct Template {
    pieces: Vec<Part<Atom>>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// A field that is not known, or that does not end.
    pub(crate) fn parse(text: &str, workspace: &Workspace<'_>) -> Result<Self, CommandError> {
        let pieces = parts(text, |rest| {
            if let Some(inside) = rest.strip_prefix('(') {
                let (name, after) = inside.split_once(')').ok_or_else(|| {
                    let rest = escape::plain(rest.as_bytes()).into_owned();
                    fatal(format_args!("malformed format string %{rest}"))
                })?;
                return Ok(Some(Percent::Piece(Atom::parse(name, workspace)?, after)));
            }
            if let Some(after) = rest.strip_prefix('%') {
                return Ok(Some(Percent::Byte(b'%', after)));
            }
            let digits = rest.get(..2).filter(|digits| !digits.starts_with('+'));
            let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            Ok::<_, CommandError>(byte.map(|byte| Percent::Byte(byte, &rest[2..])))
        })?;
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
                Part::Text(text) => out.extend_from_slice(text),
                Part::Piece(atom) => match atom.color(paint) {
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
