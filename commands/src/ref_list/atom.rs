//! The fields of a ref: `refname`, `objectname:short`, `*committerdate:iso8601` and their like, with git's names.

mod facts;
mod parse;

use anstyle::Style;
use bstr::{BString, ByteSlice as _};
use pond_history::refs::{Listed, Object};
use pond_objects::{ObjectId, ObjectSource as _, Signature};
use pond_oplog::RowType;

use super::template::unambiguous;
use crate::error::CommandError;
use crate::time::DateStyle;
use crate::ui::log_format::style::ColorCode;
use crate::ui::log_format::subject;
use crate::ui::paint::Paint;

pub(crate) use facts::Facts;

/// A field, of the object that the ref names or, with `*`, of what a tag names in the end.
#[derive(Debug)]
pub(super) struct Atom {
    field: Field,
    deref: bool,
}

/// A fact of a ref or its object.
#[derive(Debug)]
enum Field {
    Name(NameForm),
    Id(IdForm),
    Type,
    Size,
    Tree(IdForm),
    Parents(IdForm),
    ParentCount,
    /// Of a tag: what it names, what that is, and the tag's own name.
    Object,
    TaggedType,
    TagName,
    Person(Who, PersonPart),
    Subject,
    Body,
    Message,
    /// So many lines of the message.
    Lines(usize),
    MessageSize,
    /// `*` at what HEAD is on, else a space.
    Head,
    /// How many commits it has that another lacks, and the other way round.
    AheadBehind(ObjectId),
    Color(ColorCode),
    /// Things of git's that a pond does not have: upstreams, symbolic refs, work trees.
    Nothing,
}

#[derive(Debug, Clone, Copy)]
enum NameForm {
    Full,
    Short,
    /// Without so many parts at its beginning; with so many left, where negative.
    Left(i64),
    /// The same at its end.
    Right(i64),
}

#[derive(Debug, Clone, Copy)]
enum IdForm {
    Full,
    Short(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Author,
    Committer,
    Tagger,
    /// The tagger of a tag, the committer of a commit.
    Creator,
}

#[derive(Debug)]
enum PersonPart {
    Whole,
    Name,
    /// `<a@b>`
    Email,
    BareEmail,
    LocalPart,
    Date(DateStyle),
}

/// What refs are sorted by.
pub(super) enum Order {
    Number(i64),
    Text(BString),
}

impl Atom {
    /// The codes of a change of colours, and whether it leaves colours on; none for every other field.
    pub(super) fn color(&self, paint: Paint) -> Option<(String, bool)> {
        let Field::Color(code) = &self.field else { return None };
        let show = |always: bool, codes: String| if always || paint.color { codes } else { String::new() };
        Some(match code {
            ColorCode::Auto => (String::new(), false),
            ColorCode::Reset { always } => (show(*always, anstyle::Reset.render().to_string()), false),
            ColorCode::Set { style, always } => {
                let is_shown = *always || paint.color;
                (show(*always, style.render().to_string()), is_shown && *style != Style::new())
            }
        })
    }

    /// What refs are sorted by where this is the key.
    pub(super) fn order(&self, facts: &Facts<'_>, one: &Listed) -> Result<Order, CommandError> {
        let number = match &self.field {
            Field::Person(who, PersonPart::Date(_)) => {
                let object = self.object(facts, one)?;
                let person = object.as_ref().and_then(|object| person(object, *who));
                Some(person.map_or(0, |person| person.when.seconds))
            }
            Field::Size | Field::ParentCount | Field::MessageSize => {
                Some(self.value(facts, one)?.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or(0))
            }
            _ => None,
        };
        match number {
            Some(number) => Ok(Order::Number(number)),
            None => Ok(Order::Text(self.value(facts, one)?)),
        }
    }

    /// The field's text; empty where the object has no such thing.
    pub(super) fn value(&self, facts: &Facts<'_>, one: &Listed) -> Result<BString, CommandError> {
        let store = facts.workspace().store();
        let id_text = |id: &ObjectId, form: IdForm| match form {
            IdForm::Full => id.to_hex(),
            IdForm::Short(digits) => pond_history::short_id_from(store, id, digits),
        };
        // What needs no more than names and ids.
        match &self.field {
            Field::Name(form) if !self.deref => return Ok(name_text(facts, one, *form)?.into()),
            Field::Head => return Ok(if facts.is_head(one) { "*" } else { " " }.into()),
            Field::Nothing | Field::Color(_) => return Ok(BString::default()),
            Field::Id(form) if !self.deref => return Ok(id_text(&one.id, *form).into()),
            Field::Type if !self.deref => return Ok(type_word(facts.objects().type_of(&one.id)?).into()),
            _ => {}
        }
        let Some((id, row_type)) = self.target(facts, one)? else { return Ok(BString::default()) };
        match &self.field {
            Field::Id(form) => return Ok(id_text(&id, *form).into()),
            Field::Type => return Ok(type_word(row_type).into()),
            Field::Size => return Ok(facts.objects().size(&id, row_type)?.to_string().into()),
            Field::AheadBehind(other) if row_type == RowType::Commit => {
                return Ok(ahead_behind(facts, id, *other)?.into());
            }
            _ => {}
        }
        let object = facts.objects().get(&id, row_type)?;
        Ok(match (&self.field, &object) {
            (Field::Person(who, part), object) => {
                person(object, *who).map_or_else(BString::default, |person| person_text(facts, person, part))
            }
            (Field::Tree(form), Object::Commit(commit)) => id_text(&commit.tree, *form).into(),
            (Field::Parents(form), Object::Commit(commit)) => {
                let ids: Vec<String> = commit.parents.iter().map(|id| id_text(id, *form)).collect();
                ids.join(" ").into()
            }
            (Field::ParentCount, Object::Commit(commit)) => commit.parents.len().to_string().into(),
            (Field::Object, Object::Tag(tag)) => tag.object.to_hex().into(),
            (Field::TaggedType, Object::Tag(tag)) => tag.kind.name().into(),
            (Field::TagName, Object::Tag(tag)) => tag.name.as_str().into(),
            (field, object) => match object.message() {
                Some(message) => message_text(field, message),
                None => BString::default(),
            },
        })
    }

    /// The object that the field is about; none for a `*` field of what is no tag.
    fn target(&self, facts: &Facts<'_>, one: &Listed) -> Result<Option<(ObjectId, RowType)>, CommandError> {
        let row_type = facts.objects().type_of(&one.id)?;
        match (self.deref, row_type) {
            (false, _) => Ok(Some((one.id, row_type))),
            (true, RowType::Tag) => Ok(Some(facts.objects().peeled(one)?)),
            (true, _) => Ok(None),
        }
    }

    fn object(&self, facts: &Facts<'_>, one: &Listed) -> Result<Option<Object>, CommandError> {
        match self.target(facts, one)? {
            Some((id, row_type)) => Ok(Some(facts.objects().get(&id, row_type)?)),
            None => Ok(None),
        }
    }
}

/// The name of a kind of object.
pub(super) fn type_word(row_type: RowType) -> &'static str {
    match row_type {
        RowType::Commit => "commit",
        RowType::Tag => "tag",
        RowType::Page => "tree",
        _ => "blob",
    }
}

fn name_text(facts: &Facts<'_>, one: &Listed, form: NameForm) -> Result<String, CommandError> {
    let full = one.full_name();
    let parts = || full.split('/').collect::<Vec<_>>();
    let cut = |count: i64, length: usize| match usize::try_from(count) {
        Ok(count) => count.min(length),
        Err(_) => length - length.min(usize::try_from(-count).unwrap_or(length)),
    };
    Ok(match form {
        NameForm::Full => full,
        NameForm::Short => unambiguous(&facts.workspace().snapshot().view(), one)?,
        NameForm::Left(count) => {
            let parts = parts();
            parts[cut(count, parts.len())..].join("/")
        }
        NameForm::Right(count) => {
            let parts = parts();
            parts[..parts.len() - cut(count, parts.len())].join("/")
        }
    })
}

fn person(object: &Object, who: Who) -> Option<&Signature> {
    match (object, who) {
        (Object::Commit(commit), Who::Author) => Some(&commit.author),
        (Object::Commit(commit), Who::Committer | Who::Creator) => Some(&commit.committer),
        (Object::Tag(tag), Who::Tagger | Who::Creator) => Some(&tag.tagger),
        _ => None,
    }
}

fn person_text(facts: &Facts<'_>, person: &Signature, part: &PersonPart) -> BString {
    match part {
        PersonPart::Whole => person.to_string().into(),
        PersonPart::Name => person.name.as_str().into(),
        PersonPart::Email => format!("<{}>", person.email).into(),
        PersonPart::BareEmail => person.email.as_str().into(),
        PersonPart::LocalPart => person.email.split('@').next().unwrap_or_default().into(),
        PersonPart::Date(style) => style.format(person.when, facts.now()).into(),
    }
}

fn message_text(field: &Field, message: &[u8]) -> BString {
    match field {
        Field::Subject => subject::subject(message).into(),
        Field::Body => subject::body(message).into(),
        Field::Message => message.into(),
        Field::Lines(count) => message.lines().take(*count).collect::<Vec<_>>().join(&b"\n    "[..]).into(),
        Field::MessageSize => message.len().to_string().into(),
        _ => BString::default(),
    }
}

fn ahead_behind(facts: &Facts<'_>, id: ObjectId, other: ObjectId) -> Result<String, CommandError> {
    let store = facts.workspace().store();
    let count = |of: ObjectId, without: ObjectId| -> Result<usize, CommandError> {
        let walk = pond_history::Walk::new(store, &[of], &[without], pond_history::WalkOptions::default())?;
        Ok(walk.collect::<Result<Vec<_>, _>>()?.len())
    };
    // Both are there: the walk would say which is not.
    store.commit(&other)?;
    Ok(format!("{} {}", count(id, other)?, count(other, id)?))
}
