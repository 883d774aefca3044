//! `pond tag NAME`.

use bstr::{BString, ByteSlice as _};
use pond_history::short_id;
use pond_objects::message::Cleanup;
use pond_objects::{ObjectId, escape};
use pond_refs::RefName;
use pond_workspace::tag::{self, Annotation, TagError};
use pond_workspace::{Purpose, Workspace, open};

use super::TagArgs;
use crate::context::Context;
use crate::editor;
use crate::error::{CommandError, Outcome, fatal, nothing, usage};
use crate::identity;
use crate::message;
use crate::revisions;

pub(super) fn run(ctx: &Context, args: &TagArgs, names: &[String]) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    // Before a message is written in its directory.
    workspace.pond().need_ours()?;
    let name = match names {
        [name] | [name, _] => RefName::tag(name).map_err(|error| {
            CommandError::from(error)
                .hint("tags are called as in git: letters, digits, '-', '_', '.', and '/' between parts")
        })?,
        _ => return Err(usage("a tag has one name and one OBJECT").hint("'pond tag NAME [OBJECT]'")),
    };
    let object = match args.names.get(1) {
        Some(text) => revisions::resolve_any(&workspace, text)?,
        None => revisions::resolve_any(&workspace, "HEAD".as_ref())?,
    };
    let old = tag::check_name(&workspace, &name, args.force)?;
    let annotation = match args.annotate || !args.message.is_empty() || args.file.is_some() {
        true => {
            let tagger = identity::committer(ctx)?;
            Some(Annotation { tagger, message: message(ctx, &workspace, args, &name, old)? })
        }
        false => None,
    };
    let new = tag::make(&mut workspace, name.clone(), object, annotation, args.force)?;
    if ctx.ui.is_json() {
        ctx.ui.json(
            &serde_json::json!({ "tag": name.short(), "id": new.to_hex(), "object": object.to_hex() }),
        )?;
    } else if let Some(old) = old.filter(|old| *old != new && !ctx.ui.is_quiet()) {
        let (text, short) = (escape::plain(name.short().as_bytes()), short_id(workspace.store(), &old));
        ctx.ui.say(format_args!("Updated tag '{text}' (was {short})"));
    }
    Ok(Outcome::Done)
}

impl From<TagError> for CommandError {
    fn from(error: TagError) -> Self {
        match error {
            TagError::Workspace(error) => error.into(),
            TagError::Taken(_) => fatal(&error).hint("-f takes its place"),
        }
    }
}

fn message(
    ctx: &Context,
    workspace: &Workspace<'_>,
    args: &TagArgs,
    name: &RefName,
    old: Option<ObjectId>,
) -> Result<BString, CommandError> {
    let given = match &args.file {
        Some(file) => Some(message::read(file)?),
        None if !args.message.is_empty() => Some(args.message.join("\n\n").into_bytes()),
        None => None,
    };
    let is_edited = given.is_none() || args.edit;
    let cleanup = Cleanup::from_word(args.cleanup.as_deref().unwrap_or("default"), is_edited)
        .ok_or_else(|| usage("--cleanup is one of strip, whitespace, verbatim"))?;
    let was_given = given.is_some();
    let text = match (given, is_edited) {
        (Some(text), false) => text,
        (text, _) => {
            // A tag that takes the place of another begins with its message.
            let before = old.and_then(|id| workspace.store().tag(&id).ok()).map(|tag| tag.message);
            let text = text.map(BString::from).or(before).unwrap_or_default();
            let template = template(&text.to_str_lossy(), name, cleanup);
            let path = workspace.pond().pond_dir().join("TAG_EDITMSG");
            editor::edit(ctx, &path, &template)?.into_bytes()
        }
    };
    let text = cleanup.apply(&text);
    if text.is_empty() && !was_given {
        return Err(nothing("the message is empty; no tag was made").hint("-m TEXT gives one"));
    }
    Ok(text.into())
}

fn template(text: &str, name: &RefName, cleanup: Cleanup) -> String {
    match cleanup {
        Cleanup::Strip => format!(
            "{text}\n# Write the message of the tag {} above. Lines that start with '#' are left out;\n\
             # without a message no tag is made.\n",
            name.short()
        ),
        _ => format!("{text}\n"),
    }
}
