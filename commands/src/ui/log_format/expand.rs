//! Templates filled in with a commit.

use bstr::ByteSlice as _;
use pond_objects::{ObjectId, Signature, trailers};

use super::pad::{Padding, Wrap};
use super::style::ColorCode;
use super::subject::{body, file_name, first_line, subject};
use super::template::{Field, Joint, PersonPart, Piece, ReflogPart, Template, TrailerOptions};
use super::{LogEntry, LogStyle, Reflog, decoration};
use crate::time::DateStyle;
use crate::ui::color::Role;
use crate::ui::paint::Paint;

/// The template's text for a commit.
pub(super) fn expand(template: &Template, entry: &LogEntry<'_>, style: &LogStyle<'_>) -> Vec<u8> {
    let mut expander =
        Expander { entry, style, out: Vec::new(), auto: false, padding: None, wrap: None, wrap_start: 0 };
    template.pieces.iter().for_each(|piece| expander.piece(piece));
    expander.set_wrap(None);
    expander.out
}

struct Expander<'a> {
    entry: &'a LogEntry<'a>,
    style: &'a LogStyle<'a>,
    out: Vec<u8>,
    /// Since `%C(auto)`.
    auto: bool,
    padding: Option<Padding>,
    wrap: Option<Wrap>,
    wrap_start: usize,
}

impl Expander<'_> {
    fn piece(&mut self, piece: &Piece) {
        match piece {
            Piece::Text(text) => self.out.extend_from_slice(text),
            Piece::Color(code) => self.color(*code),
            Piece::Pad(padding) => self.padding = Some(*padding),
            Piece::Wrap(wrap) => {
                // A form that changes nothing ends the one before.
                let some = *wrap != Wrap { width: 0, first: 0, others: 0 };
                self.set_wrap(some.then_some(*wrap));
            }
            Piece::Field(field, joint) => {
                let text = self.field(field);
                match joint {
                    Joint::Newline if !text.is_empty() => self.out.push(b'\n'),
                    Joint::Space if !text.is_empty() => self.out.push(b' '),
                    Joint::Close if text.is_empty() => {
                        let kept =
                            self.out.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
                        self.out.truncate(kept.max(self.wrap_start));
                    }
                    _ => {}
                }
                match self.padding.take() {
                    Some(padding) => padding.append(&mut self.out, &text),
                    None => self.out.extend_from_slice(&text),
                }
            }
        }
    }

    fn set_wrap(&mut self, next: Option<Wrap>) {
        if let Some(wrap) = self.wrap
            && self.out.len() > self.wrap_start
        {
            let wrapped = wrap.apply(&self.out[self.wrap_start..]);
            self.out.truncate(self.wrap_start);
            self.out.extend_from_slice(&wrapped);
        }
        self.wrap = next;
        self.wrap_start = self.out.len();
    }

    fn color(&mut self, code: ColorCode) {
        let color = self.style.paint.color;
        match code {
            ColorCode::Auto => self.auto = color,
            ColorCode::Set { style, always } if color || always => {
                self.auto = false;
                self.out.extend_from_slice(style.render().to_string().as_bytes());
            }
            ColorCode::Reset { always } if color || always => {
                self.auto = false;
                self.out.extend_from_slice(anstyle::Reset.render().to_string().as_bytes());
            }
            ColorCode::Set { .. } | ColorCode::Reset { .. } => {}
        }
    }

    /// As the style's, but colours only where `%C(auto)` asked for them.
    fn paint(&self) -> Paint {
        Paint { color: self.auto, ..self.style.paint }
    }

    fn field(&self, field: &Field) -> Vec<u8> {
        let (commit, paint) = (self.entry.commit, self.paint());
        let safe = |text: &[u8]| paint.safe(text).into_owned();
        let short = |id: &ObjectId| (self.style.short)(id);
        let all = |show: &dyn Fn(&ObjectId) -> String| {
            commit.parents.iter().map(show).collect::<Vec<_>>().join(" ").into_bytes()
        };
        match field {
            Field::Id => self.dressed_id(&self.entry.id.to_hex()),
            Field::ShortId => self.dressed_id(&short(self.entry.id)),
            Field::Tree => commit.tree.to_hex().into_bytes(),
            Field::ShortTree => short(&commit.tree).into_bytes(),
            Field::Parents => all(&ObjectId::to_hex),
            Field::ShortParents => all(&short),
            Field::Author(part) => self.person(&commit.author, *part),
            Field::Committer(part) => self.person(&commit.committer, *part),
            Field::Subject => safe(&subject(&commit.message)),
            Field::FileName => file_name(first_line(&commit.message)),
            Field::Body => safe(body(&commit.message)),
            Field::Message => safe(&commit.message),
            Field::Decorations => self.decorations(" (", ")"),
            Field::BareDecorations => self.decorations("", ""),
            Field::Mark if self.entry.mark.is_empty() => b">".to_vec(),
            Field::Mark => self.entry.mark.as_bytes().to_vec(),
            Field::Encoding => Vec::new(),
            Field::Trailers(options) => safe(&trailer_text(&commit.message, options)),
            Field::Reflog(part) => {
                self.entry.reflog.map_or_else(Vec::new, |reflog| self.reflog(reflog, *part))
            }
        }
    }

    fn dressed_id(&self, id: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let written = self.paint().write(&mut out, Role::CommitId, id.as_bytes());
        written.expect("BUG: writing to memory does not fail");
        out
    }

    fn decorations(&self, before: &str, after: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let written = decoration::write_all(&mut out, self.entry.decorations, (before, after), self.paint());
        written.expect("BUG: writing to memory does not fail");
        out
    }

    fn reflog(&self, reflog: &Reflog, part: ReflogPart) -> Vec<u8> {
        let text = match part {
            ReflogPart::Selector => reflog.selector(&reflog.name, self.style).into(),
            ReflogPart::ShortSelector => reflog.selector(&reflog.short, self.style).into(),
            ReflogPart::Message => reflog.message.clone(),
            ReflogPart::Name => reflog.who.0.clone().into(),
            ReflogPart::Email => reflog.who.1.clone().into(),
        };
        self.style.paint.safe(&text).into_owned()
    }

    fn person(&self, person: &Signature, part: PersonPart) -> Vec<u8> {
        let date = |style: DateStyle| style.format(person.when, self.style.now).into_bytes();
        let safe = |text: &str| self.style.paint.safe(text.as_bytes()).into_owned();
        match part {
            PersonPart::Name => safe(&person.name),
            PersonPart::Email => safe(&person.email),
            PersonPart::Local => safe(person.email.split('@').next().unwrap_or_default()),
            PersonPart::Date => self.style.date(person.when).into_bytes(),
            PersonPart::Rfc2822 => date(DateStyle::Rfc2822),
            PersonPart::Relative => date(DateStyle::Relative),
            PersonPart::Unix => date(DateStyle::Unix),
            PersonPart::Iso => date(DateStyle::Iso),
            PersonPart::IsoStrict => date(DateStyle::IsoStrict),
            PersonPart::Short => date(DateStyle::Short),
        }
    }
}

/// The trailers that the options want, in their form.
fn trailer_text(message: &[u8], options: &TrailerOptions) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    for item in trailers::items(message) {
        let wanted = match &item.trailer {
            Some(trailer) => {
                options.keys.is_empty() || options.keys.contains(&trailer.key.to_ascii_lowercase())
            }
            None => !options.only,
        };
        if !wanted {
            continue;
        }
        if let Some(separator) = options.separator.as_ref().filter(|_| !out.is_empty()) {
            out.extend_from_slice(separator);
        }
        match &item.trailer {
            None => out.extend_from_slice(item.raw.trim_ascii_end()),
            Some(trailer) => {
                if !options.value_only {
                    out.extend_from_slice(trailer.key.as_bytes());
                }
                if !options.value_only && !options.key_only {
                    out.extend_from_slice(options.key_value_separator.as_deref().unwrap_or(b": "));
                }
                if !options.key_only {
                    let folded = item.raw.find_byte(b':').map_or(item.raw, |colon| &item.raw[colon + 1..]);
                    out.extend_from_slice(if options.unfold { &trailer.value } else { folded.trim_ascii() });
                }
            }
        }
        if options.separator.is_none() {
            out.push(b'\n');
        }
    }
    out
}
