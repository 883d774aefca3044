//! Fields as they are written.

use pond_objects::{ObjectId, escape};
use pond_workspace::Workspace;

use super::Atom;
use super::Field;
use super::IdForm;
use super::NameForm;
use super::PersonPart;
use super::Who;
use crate::error::{CommandError, fatal};
use crate::revisions;
use crate::time::DateStyle;
use crate::ui::log_format::style;

impl Atom {
    /// Reads what stands in `%(...)`, or behind `--sort=`.
    ///
    /// # Errors
    /// A name that is not known, or a modifier that the field does not take.
    pub(in crate::ref_list) fn parse(text: &str, workspace: &Workspace<'_>) -> Result<Self, CommandError> {
        let (deref, name) = text.strip_prefix('*').map_or((false, text), |name| (true, name));
        let field = match name.strip_prefix("ahead-behind:") {
            Some(revision) => Some(Field::AheadBehind(revisions::resolve_found(workspace, revision)?.id)),
            None => field(name)?,
        };
        let field = field.ok_or_else(|| {
            let text = escape::plain(text.as_bytes());
            fatal(format_args!("unknown field name: {text}"))
                .hint("refname, objectname, objecttype, committerdate, subject and others are known: see 'pond help for-each-ref'")
        })?;
        Ok(Self { field, deref })
    }
}

fn field(text: &str) -> Result<Option<Field>, CommandError> {
    let (name, modifier) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
    let bad = || {
        let (text, name) = (escape::plain(text.as_bytes()), escape::plain(name.as_bytes()));
        fatal(format_args!("unrecognized %({name}) argument: {text}"))
    };
    let plain = |field: Field| if modifier.is_none() { Ok(Some(field)) } else { Err(bad()) };
    match name {
        "refname" => Ok(Some(Field::Name(name_form(modifier).ok_or_else(bad)?))),
        "objectname" => Ok(Some(Field::Id(id_form(modifier).ok_or_else(bad)?))),
        "tree" => Ok(Some(Field::Tree(id_form(modifier).ok_or_else(bad)?))),
        "parent" => Ok(Some(Field::Parents(id_form(modifier).ok_or_else(bad)?))),
        "objecttype" => plain(Field::Type),
        "objectsize" => plain(Field::Size),
        "numparent" => plain(Field::ParentCount),
        "object" => plain(Field::Object),
        "type" => plain(Field::TaggedType),
        "tag" => plain(Field::TagName),
        "subject" => plain(Field::Subject),
        "body" => plain(Field::Body),
        "HEAD" => plain(Field::Head),
        "contents" => contents(modifier).map(Some).ok_or_else(bad),
        "color" => {
            let words = format!("({})", modifier.ok_or_else(bad)?);
            let code = style::parse(&words).filter(|(_, rest)| rest.is_empty());
            code.map(|(code, _)| Some(Field::Color(code))).ok_or_else(bad)
        }
        "upstream" | "push" | "symref" | "worktreepath" | "flag" => Ok(Some(Field::Nothing)),
        _ => person(name, modifier, bad),
    }
}

fn name_form(modifier: Option<&str>) -> Option<NameForm> {
    let Some(modifier) = modifier else { return Some(NameForm::Full) };
    let (word, number) = modifier.split_once('=').map_or((modifier, None), |(word, n)| (word, Some(n)));
    let number = number.map(|number| number.parse().ok());
    match (word, number) {
        ("short", None) => Some(NameForm::Short),
        ("lstrip" | "strip", Some(number)) => number.map(NameForm::Left),
        ("rstrip", Some(number)) => number.map(NameForm::Right),
        _ => None,
    }
}

fn id_form(modifier: Option<&str>) -> Option<IdForm> {
    match modifier {
        None => Some(IdForm::Full),
        Some("short") => Some(IdForm::Short(ObjectId::SHORT_DIGITS)),
        Some(modifier) => {
            let digits = modifier.strip_prefix("short=")?.parse().ok()?;
            (digits > 0).then_some(IdForm::Short(digits))
        }
    }
}

fn contents(modifier: Option<&str>) -> Option<Field> {
    match modifier {
        None => Some(Field::Message),
        Some("subject") => Some(Field::Subject),
        Some("body") => Some(Field::Body),
        Some("size") => Some(Field::MessageSize),
        Some(modifier) => Some(Field::Lines(modifier.strip_prefix("lines=")?.parse().ok()?)),
    }
}

/// `author`, `taggeremail:trim`, `creatordate:short`.
fn person(
    name: &str,
    modifier: Option<&str>,
    bad: impl Fn() -> CommandError,
) -> Result<Option<Field>, CommandError> {
    let people = [
        ("author", Who::Author),
        ("committer", Who::Committer),
        ("tagger", Who::Tagger),
        ("creator", Who::Creator),
    ];
    let found = people.into_iter().find_map(|(prefix, who)| Some((who, name.strip_prefix(prefix)?)));
    let Some((who, part)) = found else { return Ok(None) };
    let part = match (part, modifier) {
        ("", None) => PersonPart::Whole,
        ("name", None) if who != Who::Creator => PersonPart::Name,
        ("email", None) if who != Who::Creator => PersonPart::Email,
        ("email", Some("trim")) if who != Who::Creator => PersonPart::BareEmail,
        ("email", Some("localpart")) if who != Who::Creator => PersonPart::LocalPart,
        ("date", None) => PersonPart::Date(DateStyle::Default),
        ("date", Some("rfc3339")) => PersonPart::Date(DateStyle::IsoStrict),
        ("date", Some(style)) => PersonPart::Date(DateStyle::parse(style)?),
        ("" | "name" | "email", Some(_)) => return Err(bad()),
        _ => return Ok(None),
    };
    Ok(Some(Field::Person(who, part)))
}
