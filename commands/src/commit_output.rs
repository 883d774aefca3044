//! Printing commits with their changes: what `log` and `show` have in common.

use std::collections::HashMap;
use std::io::Write as _;

use bstr::BString;
use pond_history::diff::{Against, CommitChanges, Merges};
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Change, Commit, ObjectId, Tag};
use pond_refs::Namespace;
use pond_workspace::Workspace;
use serde_json::Value;

use crate::comparison::{DiffArgs, ShownChanges, paint, stored_contents};
use crate::context::Context;
use crate::error::{CommandError, usage};
use crate::time::{self, DateStyle};
use crate::ui::changes_json::change_json;
use crate::ui::diff::{DiffOptions, count, write_diff, write_merge};
use crate::ui::log_format::{
    Decoration, LogEntry, LogFormat, LogPrinter, LogStyle, Reflog, commit_json, tag_json,
};

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
    /// The format `template`, unless they ask for another; what is configured is for other commands then.
    pub(crate) fn or_template(mut self, template: &str) -> Self {
        if !self.oneline {
            self.format.get_or_insert_with(|| template.to_owned());
        }
        self
    }

    /// Whether dates are asked for, so that values of refs are called by their times.
    pub(crate) fn names_dates(&self) -> bool {
        self.date.is_some()
    }

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
    ctx: &'a Context,
    workspace: &'a Workspace<'a>,
    printer: LogPrinter<'a>,
    short: &'a dyn Fn(&ObjectId) -> String,
    options: DiffOptions,
    merges: Merges,
    decorations: HashMap<ObjectId, Vec<Decoration>>,
    /// Whether the operation is shown that recorded each commit.
    shows_stored: bool,
}

impl<'a> CommitOutput<'a> {
    /// A printer for these options.
    pub(crate) fn new(
        ctx: &'a Context,
        workspace: &'a Workspace<'a>,
        format: &FormatArgs,
        diff: &DiffArgs,
        shown: ShownChanges,
        short: &'a dyn Fn(&ObjectId) -> String,
    ) -> Result<Self, CommandError> {
        let ui = &ctx.ui;
        let config = ctx.config()?;
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
        let mut options = diff.options(ui, shown.default)?;
        options.dense = shown.merges.against != Against::All { dense: false };
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
        Ok(Self {
            ctx,
            workspace,
            printer: LogPrinter::new(style),
            short,
            options,
            merges: shown.merges,
            decorations,
            shows_stored: false,
        })
    }

    /// From now on the operation that recorded each commit is shown too, in formats for people and in JSON.
    pub(crate) fn show_stored(&mut self) {
        self.shows_stored = true;
    }

    /// What is shown of merges.
    pub(crate) fn merges(&self) -> Merges {
        self.merges
    }

    /// Whether changes are shown, so that they have to be found.
    pub(crate) fn shows_changes(&self) -> bool {
        self.options.forms.any()
    }

    /// Whether nothing of a commit is shown but its id, its parents and when it was made.
    pub(crate) fn needs_only_link(&self) -> bool {
        self.printer.needs_only_link() && !self.shows_changes() && !self.ctx.ui.is_json()
    }

    /// Prints an annotated tag.
    pub(crate) fn print_tag(&mut self, id: &ObjectId, tag: &Tag) -> Result<(), CommandError> {
        let ui = &self.ctx.ui;
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
        if self.ctx.ui.is_json() {
            return Err(usage("--graph cannot be combined with --json: it draws for people")
                .hint("the rows of --json name the parents of each commit"));
        }
        if self.options.nul {
            return Err(usage("--graph cannot be combined with -z: it draws line by line"));
        }
        self.printer.draw();
        Ok(())
    }

    /// What a commit changed, where changes are shown.
    ///
    /// # Errors
    /// Those of reading the objects.
    pub(crate) fn changes(
        &self,
        commit: &Commit,
        pathspecs: &Pathspecs,
        args: &DiffArgs,
    ) -> Result<CommitChanges, CommandError> {
        match self.shows_changes() {
            true => Ok(self.merges.changes(self.workspace.store(), commit, pathspecs, &args.request()?)?),
            false => Ok(CommitChanges::NONE),
        }
    }

    /// Prints one commit, with its changes, in a graph in which edges lead to these parents.
    pub(crate) fn print_drawn(
        &mut self,
        id: &ObjectId,
        commit: &Commit,
        changes: &CommitChanges,
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
        changes: &CommitChanges,
    ) -> Result<(), CommandError> {
        self.print_value(&LogEntry::new(id, commit), changes)
    }

    /// Prints one commit, with its changes, for the value of a ref.
    pub(crate) fn print_logged(
        &mut self,
        id: &ObjectId,
        commit: &Commit,
        reflog: &Reflog,
        changes: &CommitChanges,
    ) -> Result<(), CommandError> {
        self.print_value(&LogEntry { reflog: Some(reflog), ..LogEntry::new(id, commit) }, changes)
    }

    /// Changes as rows; of a merge those against its first parent.
    ///
    /// # Errors
    /// Those of reading contents.
    pub(crate) fn changes_json(&self, changes: &CommitChanges) -> Result<Vec<Value>, CommandError> {
        let forms = self.options.forms;
        let mut contents = stored_contents(self.workspace.store(), self.short);
        let mut row = |change: &Change| {
            let counts = match forms.patch || forms.stat || forms.numstat {
                true => count(change, &mut contents, &self.options)?,
                false => None,
            };
            Ok(change_json(change, counts))
        };
        changes.of_first_parent().iter().map(&mut row).collect()
    }

    /// A merge that is compared with each of its parents in turn is printed for each.
    fn print_value(&mut self, entry: &LogEntry<'_>, changes: &CommitChanges) -> Result<(), CommandError> {
        let CommitChanges::Each(parents) = changes else { return self.print_once(entry, changes) };
        if parents.is_empty() {
            return self.print_once(entry, &CommitChanges::NONE);
        }
        for (parent, changes) in parents {
            let entry = LogEntry { from: Some(parent), ..*entry };
            self.print_once(&entry, &CommitChanges::Plain(changes.clone()))?;
        }
        Ok(())
    }

    fn print_once(&mut self, entry: &LogEntry<'_>, changes: &CommitChanges) -> Result<(), CommandError> {
        let ui = &self.ctx.ui;
        let decorations = self.decorations.get(entry.id).map_or(&[][..], Vec::as_slice);
        // Values of refs are named by themselves.
        let decorations = if entry.reflog.is_some() && !ui.is_json() { &[][..] } else { decorations };
        let stored = match self.shows_stored && (ui.is_json() || self.printer.shows_people()) {
            true => pond_history::stored(self.workspace.history(), entry.id).unwrap_or_else(|error| {
                ui.warn(format_args!("the operation of {} cannot be shown: {error}", entry.id));
                None
            }),
            false => None,
        };
        let entry = &LogEntry { decorations, stored: stored.as_ref(), ..*entry };
        let mut contents = stored_contents(self.workspace.store(), self.short);
        if ui.is_json() {
            let mut row = commit_json(entry);
            if self.shows_changes() {
                row["changes"] = self.changes_json(changes)?.into();
            }
            return ui.json_row(&row);
        }
        let (changes, combined) = match changes {
            CommitChanges::All { against_first, combined } => (&against_first[..], Some(&combined[..])),
            CommitChanges::Plain(changes) => (&changes[..], None),
            CommitChanges::Each(_) => unreachable!("BUG: each parent is printed by itself"),
        };
        let mut out = ui.out();
        self.printer.entry(&mut out, entry)?;
        if self.options.forms.any() && (combined.is_some() || !changes.is_empty()) {
            self.printer.before_diff(&mut out, self.options.forms, combined.is_some())?;
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

/// The names that point at each commit: HEAD first, then tags, branches, and branches of other ponds.
fn decorations(workspace: &Workspace<'_>) -> Result<HashMap<ObjectId, Vec<Decoration>>, CommandError> {
    let mut found: HashMap<ObjectId, Vec<Decoration>> = HashMap::new();
    let head = workspace.head();
    if let Some(commit) = head.commit {
        let decoration = match &head.branch {
            Some(branch) => Decoration::HeadOn(BString::from(branch.short())),
            None => Decoration::Head,
        };
        found.entry(commit).or_default().push(decoration);
    }
    for namespace in [Namespace::Tag, Namespace::Branch, Namespace::Remote] {
        for (name, id) in workspace.snapshot().view().refs_of(namespace)? {
            if Some(&name) == head.branch.as_ref() && Some(id) == head.commit {
                continue;
            }
            let short = BString::from(name.short());
            let id =
                if namespace == Namespace::Tag { pond_history::peel(workspace.store(), id)? } else { id };
            found.entry(id).or_default().push(match namespace {
                Namespace::Tag => Decoration::Tag(short),
                Namespace::Branch => Decoration::Branch(short),
                Namespace::Remote => Decoration::Remote(short),
            });
        }
    }
    Ok(found)
}
