//! `pond config`: reads and writes configuration.

use std::path::{Path, PathBuf};

use pond_objects::escape;
use serde::Serialize;
use serde_json::{Value, json};

use crate::config::known::{KNOWN, KeyType};
use crate::config::sources::Sources;
use crate::config::{self, Config, Entry, Scope, layer, safe, write};
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::text::suggest;
use crate::ui::changes_json::insert_path;
use crate::ui::color::Role;
use crate::ui::table::{Align, Cell, Table};

/// Read and write configuration
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "pond config [OPTIONS] KEY [VALUE]\n       pond config [OPTIONS] --add KEY VALUE\n       \
                      pond config [OPTIONS] --unset KEY\n       \
                      pond config [OPTIONS] --list | --known",
    after_long_help = "\
Configuration is TOML, in layers; a later one wins: /etc/pond/config.toml, the user's
$XDG_CONFIG_HOME/pond/config.toml (~/.config/pond/config.toml), the pond's .pond/config.toml,
POND_CONFIG_COUNT with POND_CONFIG_KEY_n and POND_CONFIG_VALUE_n, and -c KEY=VALUE.
Without --global or --system a value is written to the pond's file, and read from all layers.
${env:VAR} in a value is replaced when the value is used, and printed here as it stands: keep
secrets that way. Comments and layout of the file stay as they are.

alias.NAME makes a command of your own: its words take the place of NAME, and what follows NAME
follows them. A value that begins with ! is a shell command, run in the current directory.

A pond that belongs to another user can be read by whoever may read its files, and is not changed;
its settings do not count. safe.directory lists the mirrors of such ponds that you write to and
whose settings you take: a path, 'path/*' for all below, or '*'. Root behind sudo needs no such
leave for the ponds of the user who called sudo. It counts from anywhere but a pond's own file.
A file of yours or the system's that cannot be read is passed over with a warning.

Examples:
  pond config --global user.name 'Ada Lovelace'
  pond config user.email
  pond config --list --show-origin
  pond config alias.st 'status -s'
  pond config --unset core.pager
  pond config --global --add safe.directory /srv/station-7

Exit codes: 0; 1 if the key is not set; 128 if a file cannot be read or written, or for a value
that the key does not take; 129 usage."
)]
pub(crate) struct ConfigArgs {
    /// The key: section.name or section.sub.name
    #[arg(value_name = "KEY", required_unless_present_any = ["list", "known"])]
    key: Option<String>,

    /// The value to write; without it the key is printed
    #[arg(value_name = "VALUE", requires = "key", allow_hyphen_values = true)]
    value: Option<String>,

    /// Print KEY: the same as giving the key alone
    #[arg(long, conflicts_with_all = ["value", "list", "unset"])]
    get: bool,

    /// Add VALUE to the list that KEY has in the file
    #[arg(long, requires = "value", conflicts_with_all = ["get", "list", "unset"])]
    add: bool,

    /// Remove KEY from the file
    #[arg(long, conflicts_with_all = ["value", "list"])]
    unset: bool,

    /// Print every value of every layer, the winning one last
    #[arg(short, long, conflicts_with = "key")]
    list: bool,

    /// Print the keys that pond knows, with their types and defaults
    #[arg(long, conflicts_with_all = ["key", "list", "unset", "get", "show_origin"])]
    known: bool,

    /// Print the layer, and the file and line, of each value
    #[arg(long)]
    show_origin: bool,

    /// Use the user's file only
    #[arg(long, group = "file")]
    global: bool,

    /// Use the system's file only
    #[arg(long, group = "file")]
    system: bool,

    /// Use the pond's file only
    #[arg(long, group = "file")]
    local: bool,
}

/// One value, as `--json` prints it.
#[derive(Serialize)]
struct Row<'a> {
    key: &'a str,
    value: String,
    scope: Scope,
    origin: String,
}

/// One known key, as `--known --json` prints it.
#[derive(Serialize)]
struct KnownRow {
    key: &'static str,
    r#type: String,
    default: Option<&'static str>,
    description: &'static str,
}

pub(crate) fn run(ctx: &Context, args: ConfigArgs) -> Result<Outcome, CommandError> {
    if args.known {
        return known(ctx);
    }
    match (&args.key, &args.value) {
        (Some(key), None) if args.unset => return unset(ctx, &args, key),
        (Some(key), Some(value)) => return set(ctx, &args, key, value),
        _ => {}
    }
    let one_layer;
    let config = if args.global || args.system || args.local {
        one_layer = Config::load(&only(scope(&args), file(ctx, &args)?))?;
        if let Some(error) = one_layer.unreadable() {
            return Err(error.clone().into());
        }
        &one_layer
    } else {
        ctx.config()?
    };
    match &args.key {
        Some(key) => get(ctx, config, key, args.show_origin),
        None => list(ctx, config, args.show_origin),
    }
}

fn set(ctx: &Context, args: &ConfigArgs, key: &str, value: &str) -> Result<Outcome, CommandError> {
    check_key(key)?;
    config::check(key, value).map_err(|expected| {
        fatal(format_args!(
            "bad value '{}' for '{key}': expected {expected}",
            escape::plain(value.as_bytes())
        ))
    })?;
    let takes_list = config::known::find(key).is_none_or(|known| known.kind == KeyType::Paths);
    if args.add && !takes_list {
        return Err(fatal(format_args!("'{key}' takes one value: nothing can be added to it"))
            .hint("without --add the value takes the place of the one that is there"));
    }
    if scope(args) == Scope::Pond && layer::same_key(key, safe::KEY) {
        return Err(fatal("a pond cannot call itself safe: 'safe.directory' does not count in its own file")
            .hint("--global writes it to your own configuration, --system to the system's"));
    }
    let path = file_to_write(ctx, args)?;
    warn_if_unknown(ctx, key);
    match args.add {
        true => write::add(&path, key, value)?,
        false => write::set(&path, key, value)?,
    }
    print_written(ctx, args, &path, &json!({ "key": key, "value": value }))?;
    Ok(Outcome::Done)
}

fn unset(ctx: &Context, args: &ConfigArgs, key: &str) -> Result<Outcome, CommandError> {
    check_key(key)?;
    let path = file_to_write(ctx, args)?;
    let removed = write::unset(&path, key)?;
    print_written(ctx, args, &path, &json!({ "key": key, "removed": removed }))?;
    Ok(if removed { Outcome::Done } else { Outcome::Nothing })
}

/// With `--json` what was written, and to which file. Otherwise a change is made without a word, as git does.
fn print_written(ctx: &Context, args: &ConfigArgs, file: &Path, what: &Value) -> Result<(), CommandError> {
    let Value::Object(mut document) = what.clone() else {
        unreachable!("BUG: what was written is an object")
    };
    if !ctx.ui.is_json() {
        return Ok(());
    }
    document.insert("scope".into(), scope(args).word().into());
    insert_path(&mut document, "file", file.as_os_str().as_encoded_bytes().into());
    ctx.ui.json(&document)
}

/// Prints what is configured. A default is no answer: scripts ask to learn whether a key is set.
fn get(ctx: &Context, config: &Config, key: &str, show_origin: bool) -> Result<Outcome, CommandError> {
    if !layer::is_well_formed(key) {
        return Err(bad_key(key));
    }
    let Some(entry) = config.entry(key) else {
        if ctx.ui.is_json() {
            ctx.ui.json(&serde_json::Value::Null)?;
        }
        return Ok(Outcome::Nothing);
    };
    if ctx.ui.is_json() {
        ctx.ui.json(&row(entry))?;
    } else if show_origin {
        ctx.ui.say(format_args!("{}\t{}\t{}", entry.scope.word(), entry.origin, entry.value.text()));
    } else {
        ctx.ui.say(entry.value.text());
    }
    Ok(Outcome::Done)
}

fn list(ctx: &Context, config: &Config, show_origin: bool) -> Result<Outcome, CommandError> {
    if ctx.ui.is_json() {
        let rows: Vec<Row<'_>> = config.entries().iter().map(row).collect();
        ctx.ui.json(&rows)?;
        return Ok(Outcome::Done);
    }
    ctx.ui.page();
    for warning in config.warnings() {
        ctx.ui.warn(warning);
    }
    for entry in config.entries() {
        let line = format!("{}={}", entry.key, entry.value.text());
        let line = escape::plain(line.as_bytes());
        if show_origin {
            ctx.ui.say(format_args!("{}\t{}\t{line}", entry.scope.word(), entry.origin));
        } else {
            ctx.ui.say(line);
        }
    }
    Ok(Outcome::Done)
}

fn known(ctx: &Context) -> Result<Outcome, CommandError> {
    if ctx.ui.is_json() {
        let rows: Vec<KnownRow> = KNOWN
            .iter()
            .map(|key| KnownRow {
                key: key.name,
                r#type: key.kind.expected().into_owned(),
                default: key.default,
                description: key.doc,
            })
            .collect();
        ctx.ui.json(&rows)?;
        return Ok(Outcome::Done);
    }
    ctx.ui.page();
    let mut table = Table::new(&[
        ("key", Align::Left),
        ("default", Align::Left),
        ("takes", Align::Left),
        ("", Align::Left),
    ]);
    for key in KNOWN {
        table.row([
            Cell::new(key.name).role(Role::Literal),
            key.default.unwrap_or_default().into(),
            key.kind.expected().into(),
            key.doc.into(),
        ]);
    }
    ctx.ui.table(&table)?;
    Ok(Outcome::Done)
}

fn row(entry: &Entry) -> Row<'_> {
    Row {
        key: &entry.key,
        value: entry.value.text().into_owned(),
        scope: entry.scope,
        origin: entry.origin.to_string(),
    }
}

fn check_key(key: &str) -> Result<(), CommandError> {
    if !layer::is_well_formed(key) {
        return Err(bad_key(key));
    }
    if layer::same_key(key, "pond.format") {
        return Err(fatal("'pond.format' says how the pond is stored, and is never changed by hand"));
    }
    Ok(())
}

fn bad_key(key: &str) -> CommandError {
    usage(format_args!(
        "bad key '{}': expected section.name or section.sub.name",
        escape::plain(key.as_bytes())
    ))
}

fn warn_if_unknown(ctx: &Context, key: &str) {
    if config::known::find(key).is_none() {
        ctx.ui.warn(format_args!("'{}' is no key that pond knows", escape::plain(key.as_bytes())));
        if let Some(sentence) = config::known::similar(key).and_then(|near| suggest::sentence(&[near])) {
            ctx.ui.hint(sentence);
        }
    }
}

fn scope(args: &ConfigArgs) -> Scope {
    match (args.global, args.system) {
        (true, _) => Scope::User,
        (_, true) => Scope::System,
        _ => Scope::Pond,
    }
}

/// The file that is read with `--global`, `--system` or `--local`, or written.
fn file(ctx: &Context, args: &ConfigArgs) -> Result<PathBuf, CommandError> {
    let sources = Sources::from_environment(ctx.place().map(|place| place.dot_pond.as_path()), &[]);
    match scope(args) {
        Scope::User => sources.user.ok_or_else(|| {
            fatal("there is no home directory to keep the user's configuration in")
                .hint("set HOME or XDG_CONFIG_HOME")
        }),
        Scope::System => sources
            .system
            .ok_or_else(|| fatal("POND_CONFIG_SYSTEM is empty: there is no system configuration")),
        _ => match sources.pond {
            // Without the file there is no pond to configure: what it says of its format must not be lost silently.
            Some(path) if !path.exists() => ctx.pond().map(|_| path),
            Some(path) => Ok(path),
            None => Err(ctx
                .require_place()
                .err()
                .unwrap_or_else(|| fatal("there is no pond here"))
                .hint("--global uses your own configuration, for all ponds")),
        },
    }
}

/// The file that is written; that of a pond which may only be read is not.
fn file_to_write(ctx: &Context, args: &ConfigArgs) -> Result<PathBuf, CommandError> {
    let path = file(ctx, args)?;
    if scope(args) == Scope::Pond {
        ctx.pond()?.need_ours()?;
    }
    Ok(path)
}

/// The sources of one layer.
fn only(scope: Scope, path: PathBuf) -> Sources {
    let path = Some(path);
    let empty = Sources { pond_is_ours: true, ..Sources::default() };
    match scope {
        Scope::User => Sources { user: path, ..empty },
        Scope::System => Sources { system: path, ..empty },
        _ => Sources { pond: path, ..empty },
    }
}
