//! Making and deleting tags.

use bstr::BString;
use pond_objects::{ObjectId, Signature, Tag, Tagged, escape};
use pond_oplog::RowType;
use pond_refs::{Expected, RefEdit, RefName};

use crate::error::{WorkspaceError, deed_error};
use crate::refs::{self, Moves};
use crate::workspace::Workspace;

/// Why no tag was made.
#[derive(Debug, thiserror::Error)]
pub enum TagError {
    /// The name is taken.
    #[error("tag '{}' already exists", escape::plain(.0.short().as_bytes()))]
    Taken(RefName),
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(TagError);

/// What a tag says beside what it names.
pub struct Annotation {
    /// Who makes it, and when.
    pub tagger: Signature,
    /// The message.
    pub message: BString,
}

/// Where the tag of a name is, if there is one.
///
/// # Errors
/// There is one, and it shall stay: `force` lets another take its place.
pub fn check_name(
    workspace: &Workspace<'_>,
    name: &RefName,
    force: bool,
) -> Result<Option<ObjectId>, TagError> {
    match workspace.snapshot.view().target(name)? {
        Some(_) if !force => Err(TagError::Taken(name.clone())),
        old => Ok(old),
    }
}

/// Makes a tag at an object; one with an annotation is an object of its own. Gives what the name stands for then.
///
/// # Errors
/// Nothing was changed.
pub fn make(
    workspace: &mut Workspace<'_>,
    name: RefName,
    object: ObjectId,
    annotation: Option<Annotation>,
    force: bool,
) -> Result<ObjectId, TagError> {
    check_name(workspace, &name, force)?;
    let short = name.short().to_owned();
    let kind = match workspace.store().type_of(&object) {
        Some(RowType::Commit) => Tagged::Commit,
        Some(RowType::Page) => Tagged::Tree,
        Some(RowType::Tag) => Tagged::Tag,
        _ => Tagged::Blob,
    };
    let tag = annotation.map(|Annotation { tagger, message }| Tag {
        object,
        kind,
        name: short.clone(),
        tagger,
        extra: Vec::new(),
        message,
    });
    let new = tag.as_ref().map_or(object, Tag::id);
    let expected = if force { Expected::Any } else { Expected::MustNotExist };
    let moves = Moves::of(vec![RefEdit { name, expected, new: Some(new) }]);
    refs::publish(workspace, "TAG", &[("tag", short)], moves, |transaction| {
        if let Some(tag) = &tag {
            transaction.add_tag(tag);
        }
    })?;
    Ok(new)
}

/// What was found of tags that are to be deleted.
#[derive(Default)]
pub struct ToDelete {
    /// Each with what it names.
    pub gone: Vec<(RefName, ObjectId)>,
    /// Names of which there is none.
    pub missing: Vec<String>,
}

/// Finds the tags to delete.
///
/// # Errors
/// Those of reading refs.
pub fn find(workspace: &Workspace<'_>, names: &[String]) -> Result<ToDelete, TagError> {
    let mut found = ToDelete::default();
    for text in names {
        let name = RefName::new(&format!("tags/{text}"));
        let target = match &name {
            Ok(name) => workspace.snapshot.view().target(name)?,
            Err(_) => None,
        };
        match (name, target) {
            (Ok(name), Some(id)) if found.gone.iter().all(|(other, _)| *other != name) => {
                found.gone.push((name, id));
            }
            (Ok(_), Some(_)) => {}
            _ => found.missing.push(text.clone()),
        }
    }
    Ok(found)
}

/// Deletes what was found, in one operation.
///
/// # Errors
/// Nothing was changed.
pub fn delete(workspace: &mut Workspace<'_>, found: &ToDelete) -> Result<(), TagError> {
    refs::delete(workspace, "TAG", &found.gone)?;
    Ok(())
}
