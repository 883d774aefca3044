//! `pond cat-object`: type, size and content of any stored object.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;

use pond_objects::{Body, IdPrefix, Kind, ObjectId, ObjectSource as _, Page, escape};
use pond_oplog::{RowType, Store};
use pond_refs::ObjectKind;
use pond_workspace::{Purpose, Workspace, open};
use serde_json::json;

use crate::contents::{entry_json, write_blob, write_text, write_tree};
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::revisions;
use crate::ui::changes_json::kind_word;

/// Print the type, the size or the content of an object
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
An object is named by a revision, REV:PATH, or the beginning of an id; operations, and pages of manifests, views and
node tables, by their ids only. Types are commit, tag, tree, blob, operation, manifest, view and nodes. The size is that of
the bytes which the id covers. -p prints commits, tags and operations as their text, trees and pages as lists, blobs as they
are.

Examples:
  pond cat-object -t HEAD
  pond cat-object -p HEAD^{tree}
  pond cat-object -s HEAD:data.csv
  pond cat-object blob 3a7bd3e236 > file

Exit codes: 0; 1 with -e if there is no such object; 128 for an unknown or damaged object, or another type; 129.")]
pub(crate) struct CatObjectArgs {
    /// Print the type
    #[arg(short = 't', group = "what")]
    show_type: bool,

    /// Print the size in bytes
    #[arg(short = 's', group = "what")]
    show_size: bool,

    /// Print the content, readable
    #[arg(short = 'p', group = "what")]
    pretty: bool,

    /// Print nothing; the exit code says whether the object is there
    #[arg(short = 'e', group = "what")]
    exists: bool,

    /// The object; or, without an option, its type and then the object
    #[arg(value_name = "[TYPE] OBJECT", num_args = 1..=2, required = true)]
    object: Vec<OsString>,
}

/// A stored object.
enum Object {
    Blob(ObjectId),
    /// A page; of a tree, the directory's.
    Page(ObjectId, Page),
    /// A commit, a tag or an operation, by its text.
    Text(ObjectId, &'static str, Vec<u8>),
}

pub(crate) fn run(ctx: &Context, args: CatObjectArgs) -> Result<Outcome, CommandError> {
    let with_option = args.show_type || args.show_size || args.pretty || args.exists;
    let (wanted, text) = match (args.object.as_slice(), with_option || ctx.ui.is_json()) {
        ([text], true) => (None, text),
        ([wanted, text], false) => (Some(wanted), text),
        ([_], false) => {
            return Err(usage("what of the object is wanted?")
                .hint("-t its type, -s its size, -p its content, -e whether it is there"));
        }
        _ => return Err(usage("one object at a time; a type stands before it only without an option")),
    };
    let workspace = open(ctx.session()?, Purpose::LookAtHistory)?;
    let store = workspace.store();
    let object = match find(&workspace, text) {
        Err(_) if args.exists => return Ok(Outcome::Nothing),
        found => found?,
    };
    if let Some(wanted) = wanted.filter(|wanted| *wanted != object.word()) {
        let (text, wanted) = (shown(text), shown(wanted));
        return Err(fatal(format_args!("'{text}' is a {}, not a {wanted}", object.word())));
    }
    if args.exists {
        return Ok(Outcome::Done);
    }
    if ctx.ui.is_json() {
        ctx.ui.json(&object.json(store)?)?;
    } else if args.show_type {
        ctx.ui.say(object.word());
    } else if args.show_size {
        ctx.ui.say(object.size(store)?);
    } else {
        ctx.ui.page();
        object.print(ctx, store)?;
    }
    Ok(Outcome::Done)
}

fn find(workspace: &Workspace<'_>, text: &OsStr) -> Result<Object, CommandError> {
    let store = workspace.store();
    if let Some(entry) = revisions::resolve_path_optional(workspace, text)? {
        return match entry.kind {
            Kind::Directory => page(store, entry.id),
            _ => Ok(Object::Blob(entry.id)),
        };
    }
    let unknown = match revisions::resolve_object(workspace, text) {
        Ok(found) => {
            return match found.kind {
                ObjectKind::Commit => {
                    let text = store.commit(&found.id)?.encode();
                    Ok(Object::Text(found.id, "commit", text))
                }
                ObjectKind::Tag => Ok(Object::Text(found.id, "tag", store.tag(&found.id)?.encode())),
                ObjectKind::Tree => page(store, found.id),
                ObjectKind::Blob => Ok(Object::Blob(found.id)),
            };
        }
        Err(error) => error,
    };
    // What revisions do not name: operations, and pages that are no trees.
    let Some(prefix) = text.to_str().and_then(|text| text.parse::<IdPrefix>().ok()) else {
        return Err(unknown);
    };
    match store.matching(&prefix).as_slice() {
        [(id, RowType::Op)] => {
            let text = store
                .operation(id)?
                .encode()
                .map_err(|error| CommandError::from_error(crate::error::Class::Fatal, &error))?;
            Ok(Object::Text(*id, "operation", text.into_bytes()))
        }
        [(id, RowType::Page)] => page(store, *id),
        _ => Err(unknown),
    }
}

/// The page with an id, whatever it belongs to.
fn page(store: &Store, id: ObjectId) -> Result<Object, CommandError> {
    let mut bodies = [Body::Tree, Body::Manifest, Body::View, Body::Nodes].into_iter();
    let found = bodies.find_map(|body| store.page(body, &id).ok());
    match found {
        Some(page) => Ok(Object::Page(id, Page::clone(&page))),
        // The error of the most likely body says what is wrong.
        None => Err(store
            .page(Body::Tree, &id)
            .map(|_| fatal("BUG: the page was not found"))
            .unwrap_or_else(Into::into)),
    }
}

impl Object {
    fn id(&self) -> ObjectId {
        match self {
            Self::Blob(id) | Self::Page(id, _) | Self::Text(id, _, _) => *id,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Blob(_) => "blob",
            Self::Page(_, page) => page.body.word(),
            Self::Text(_, word, _) => word,
        }
    }

    fn size(&self, store: &Store) -> Result<u64, CommandError> {
        match self {
            Self::Blob(id) => Ok(pond_history::blob_size(store, id)?),
            Self::Page(_, page) => Ok(page.canonical().len() as u64),
            Self::Text(_, _, text) => Ok(text.len() as u64),
        }
    }

    fn json(&self, store: &Store) -> Result<serde_json::Value, CommandError> {
        let mut document =
            json!({ "id": self.id().to_hex(), "type": self.word(), "size": self.size(store)? });
        match self {
            Self::Blob(_) => {}
            Self::Text(_, _, text) => document["text"] = String::from_utf8_lossy(text).into(),
            Self::Page(id, page) if page.body == Body::Tree => {
                let entries = pond_objects::tree::entries(store, id)?;
                let rows =
                    entries.iter().map(|entry| entry_json(&entry.name, entry.kind, &entry.id, entry.size));
                document["entries"] = rows.collect();
            }
            Self::Page(_, page) => {
                document["level"] = page.level.into();
                let rows = page.items.iter().map(|item| {
                    let name = String::from_utf8_lossy(&item.name).into_owned();
                    json!({ "name": name, "kind": item.kind.map(kind_word), "id": item.id.to_hex(), "size": item.size })
                });
                document["items"] = rows.collect();
            }
        }
        Ok(document)
    }

    fn print(&self, ctx: &Context, store: &Store) -> Result<(), CommandError> {
        match self {
            Self::Blob(id) => write_blob(&ctx.ui, store, id),
            Self::Text(_, _, text) => write_text(&ctx.ui, text),
            Self::Page(id, page) if page.body == Body::Tree => write_tree(&ctx.ui, store, id, false),
            Self::Page(_, page) => {
                let mut out = ctx.ui.out();
                for item in &page.items {
                    let what = item.kind.map_or(if page.level == 0 { "chunk" } else { "page" }, kind_word);
                    writeln!(out, "{what} {} {}\t{}", item.id, item.size, escape::quoted(&item.name))?;
                }
                Ok(())
            }
        }
    }
}

fn shown(text: &OsStr) -> std::borrow::Cow<'_, str> {
    escape::plain(text.as_encoded_bytes())
}
