//! Printing commits with their changes: what `log` and `show` have in common.

use std::collections::HashMap;
use std::io::Write as _;

use bstr::BString;
use pond_objects::{Change, Commit, ObjectId, ObjectSource, Tag};
use pond_oplog::Store;
use pond_refs::Namespace;
use serde_json::Value;

use crate::comparison::{DiffArgs, paint, stored_contents};
use crate::error::{CommandError, usage};
use crate::revisions;
use crate::time::{self, DateStyle};
use crate::ui::changes_json::change_json;
use crate::ui::diff::{Combined, DiffOptions, Forms, count, write_diff, write_merge};
use crate::ui::log_format::{Decoration, LogEntry, LogFormat, LogPrinter, LogStyle, commit_json, tag_json};
use crate::workspace::Workspace;

/// Options that say how commits look; the same in every command that shows some.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Options for the form of commits")]
pub(crate) struct FormatArgs {
    /// One line for each commit: short for --format=oneline --abbrev-commit
    #[arg(long)]
    oneline: bool,

    /// oneline, short, medium, full, fuller, raw, reference, or a template with git's placeholders such as '%h %an %s'
    #[arg(long, visible_alias = "pretty", value_name = "FORMAT")]
    format: Option<String>,

    /// Show the beginning of ids only
    #[arg(long)]
    abbrev_commit: bool,

    /// How dates are shown: default, iso, iso-strict, relative, short, unix, raw, rfc, format:%Y-%m-%d
    #[arg(long, value_name = "STYLE")]
    date: Option<String>,

    /// Show the branches and tags at each commit; on a terminal they are shown anyway
    #[arg(long, overrides_with = "no_decorate")]
    decorate: bool,

    /// Do not show branches and tags
    #[arg(long, overrides_with = "decorate")]
    no_decorate: bool,
}

impl FormatArgs {
    fn parse(&self, configured: Option<String>) -> Result<LogFormat, CommandError> {
        match (&self.format, self.oneline, configured) {
            (Some(text), _, _) => LogFormat::parse(text),
            (None, true, _) => Ok(LogFormat::Oneline),
            (None, false, Some(text)) => LogFormat::parse(&text),
            (None, false, None) => Ok(LogFormat::Medium),
        }
    }
}

/// Prints commits, one after the other.
pub(crate) struct CommitOutput<'a> {
    workspace: &'a Workspace<'a>,
    printer: LogPrinter<'a>,
    short: &'a dyn Fn(&ObjectId) -> String,
    options: DiffOptions,
    decorations: HashMap<ObjectId, Vec<Decoration>>,
}

impl<'a> CommitOutput<'a> {
    /// A printer for these options; `default` is what of the changes is shown when no option says.
    pub(crate) fn new(
        workspace: &'a Workspace<'a>,
        format: &FormatArgs,
        diff: &DiffArgs,
        default: Forms,
        short: &'a dyn Fn(&ObjectId) -> String,
    ) -> Result<Self, CommandError> {
        let ui = &workspace.ctx.ui;
        let config = workspace.ctx.config()?;
        let configured = config.string("format.pretty").ok().flatten();
        let parsed = format.parse(configured.clone())?;
        // Reading the refs costs a little; most templates do not show them.
        let shows_refs =
            |text: &String| ["%d", "%D", "decorate", "%C"].iter().any(|part| text.contains(part));
        let names_refs = matches!(parsed, LogFormat::Template { .. })
            && format.format.as_ref().or(configured.as_ref()).is_none_or(shows_refs);
        let mut style = LogStyle::new(parsed, time::moment()?.as_second(), paint(ui), short);
        style.abbreviate = format.abbrev_commit || format.oneline;
        let date = format.date.clone().or_else(|| config.string("log.date").ok().flatten());
        style.date = date.as_deref().map(DateStyle::parse).transpose()?;
        let options = diff.options(ui, default)?;
        if options.nul {
            style.end = 0;
        }
        if options.reverse && ui.is_json() {
            return Err(usage("-R cannot be combined with --json: the rows name both sides"));
        }
        let wanted = (ui.is_terminal() || format.decorate) && !format.no_decorate;
        let decorations = match wanted || names_refs || ui.is_json() {
            true => decorations(workspace)?,
            false => HashMap::new(),
        };
        Ok(Self { workspace, printer: LogPrinter::new(style), short, options, decorations })
    }

    /// Whether changes are shown, so that they have to be found.
    pub(crate) fn shows_changes(&self) -> bool {
        self.options.forms.any()
    }

    /// Prints an annotated tag.
    pub(crate) fn print_tag(&mut self, id: &ObjectId, tag: &Tag) -> Result<(), CommandError> {
        let ui = &self.workspace.ctx.ui;
        match ui.is_json() {
            true => ui.json_row(&tag_json(id, tag)),
            false => Ok(self.printer.tag(&mut ui.out(), tag)?),
        }
    }

    /// Draws a graph beside the commits: each is printed with [`Self::print_drawn`] from now on.
    ///
    /// # Errors
    /// Where the other options are for programs that read no pictures.
    pub(crate) fn draw(&mut self) -> Result<(), CommandError> {
        if self.workspace.ctx.ui.is_json() {
            return Err(usage("--graph cannot be combined with --json: it draws for people")
                .hint("the rows of --json name the parents of each commit"));
        }
        if self.options.nul {
            return Err(usage("--graph cannot be combined with -z: it draws line by line"));
        }
        self.printer.draw();
        Ok(())
    }

    /// Prints one commit, with its changes, in a graph in which edges lead to these parents.
    pub(crate) fn print_drawn(
        &mut self,
        id: &ObjectId,
        commit: &Commit,
        changes: &[Change],
        parents: &[ObjectId],
    ) -> Result<(), CommandError> {
        self.printer.advance(*id, parents);
        self.print(id, commit, changes)
    }

    /// Prints one commit, with its changes.
    pub(crate) fn print(
        &mut self,
        id: &ObjectId,
        commit: &Commit,
        changes: &[Change],
    ) -> Result<(), CommandError> {
        self.print_either(id, commit, changes, None)
    }

    /// Prints a merge, with its changes against its first parent and with what is as in no parent.
    pub(crate) fn print_merge(
        &mut self,
        id: &ObjectId,
        commit: &Commit,
        changes: &[Change],
        combined: &[Combined],
    ) -> Result<(), CommandError> {
        self.print_either(id, commit, changes, Some(combined))
    }

    fn print_either(
        &mut self,
        id: &ObjectId,
        commit: &Commit,
        changes: &[Change],
        combined: Option<&[Combined]>,
    ) -> Result<(), CommandError> {
        let ui = &self.workspace.ctx.ui;
        let decorations = self.decorations.get(id).map_or(&[][..], Vec::as_slice);
        let entry = LogEntry { id, commit, decorations, mark: "" };
        let mut contents = stored_contents(self.workspace.store(), self.short);
        if ui.is_json() {
            let mut row = commit_json(&entry);
            if let (Value::Object(row), true) = (&mut row, self.options.forms.any()) {
                let mut list = Vec::with_capacity(changes.len());
                for change in changes {
                    let counts = match self.options.forms.patch
                        || self.options.forms.stat
                        || self.options.forms.numstat
                    {
                        true => count(change, &mut contents, &self.options)?,
                        false => None,
                    };
                    list.push(change_json(change, counts));
                }
                row.insert("changes".to_owned(), list.into());
            }
            return ui.json_row(&row);
        }
        let mut out = ui.out();
        self.printer.entry(&mut out, &entry)?;
        if self.options.forms.any() && (combined.is_some() || !changes.is_empty()) {
            self.printer.before_diff(&mut out, self.options.forms)?;
            let width = self.options.width.saturating_sub(self.printer.indent());
            let options = DiffOptions { width, ..self.options.clone() };
            let mut out = self.printer.below(&mut out);
            match combined {
                Some(combined) => write_merge(&mut out, combined, changes, &mut contents, &options)?,
                None => write_diff(&mut out, changes, &mut contents, &options)?,
            }
        }
        if ui.is_terminal() {
            // What was found is shown while the rest is looked for.
            out.flush()?;
        }
        Ok(())
    }
}

/// The tree of a commit's first parent; `None` for the first commit.
///
/// # Errors
/// Those of reading the parent.
pub(crate) fn parent_tree(store: &Store, commit: &Commit) -> Result<Option<ObjectId>, CommandError> {
    let parent = commit.parents.first().map(|parent| store.commit(parent)).transpose()?;
    Ok(parent.map(|parent| parent.tree))
}

/// The names that point at each commit: HEAD first, then tags, branches, and branches of other ponds.
fn decorations(workspace: &Workspace<'_>) -> Result<HashMap<ObjectId, Vec<Decoration>>, CommandError> {
    let mut found: HashMap<ObjectId, Vec<Decoration>> = HashMap::new();
    let head = &workspace.head;
    if let Some(commit) = head.commit {
        let decoration = match &head.branch {
            Some(branch) => Decoration::HeadOn(BString::from(branch.short())),
            None => Decoration::Head,
        };
        found.entry(commit).or_default().push(decoration);
    }
    for namespace in [Namespace::Tag, Namespace::Branch, Namespace::Remote] {
        for (name, id) in workspace.snapshot.view().refs_of(namespace)? {
            if Some(&name) == head.branch.as_ref() && Some(id) == head.commit {
                continue;
            }
            let short = BString::from(name.short());
            let id = if namespace == Namespace::Tag { revisions::peel(workspace.store(), id)? } else { id };
            found.entry(id).or_default().push(match namespace {
                Namespace::Tag => Decoration::Tag(short),
                Namespace::Branch => Decoration::Branch(short),
                Namespace::Remote => Decoration::Remote(short),
            });
        }
    }
    Ok(found)
}
