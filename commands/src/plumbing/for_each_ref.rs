//! `pond for-each-ref`: refs, in any form.

use pond_history::refs::Listed;
use pond_workspace::{Purpose, open};

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::ref_list::{self, ListArgs, Patterns, Template};

/// List refs in a form that scripts choose
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
A pattern is a full name (refs/heads/main), a directory of names (refs/heads), or has wildcards that do not cross a
slash ('refs/tags/v1.*').

Fields: refname (:short, :lstrip=N, :rstrip=N), objectname (:short, :short=N), objecttype, objectsize, tree, parent,
numparent, object, type, tag; author, committer, tagger, creator, each alone or with name, email (:trim, :localpart)
and date (:iso8601, :iso-strict, :short, :relative, :rfc2822, :rfc3339, :unix, :raw, :format:%Y-%m-%d); subject, body,
contents (:subject, :body, :size, :lines=N), HEAD, color:WORDS, ahead-behind:REV; upstream, push and symref are empty.
'*' in front asks what a tag names in the end. %% is a percent sign, %0a a newline.

Examples:
  pond for-each-ref
  pond for-each-ref --sort=-committerdate --count=5 --format='%(refname:short) %(committerdate:relative)' refs/heads
  pond for-each-ref --format='%(refname) %(*objectname)' refs/tags
  pond for-each-ref --contains v1 --json

Exit codes: 0; 128 for an unknown field or revision; 129.")]
pub(crate) struct ForEachRefArgs {
    #[command(flatten)]
    list: ListArgs,

    /// Show N refs at most
    #[arg(long, value_name = "N")]
    count: Option<usize>,

    /// Names, directories of names, or patterns
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
}

const DEFAULT: &str = "%(objectname) %(objecttype)\t%(refname)";

pub(crate) fn run(ctx: &Context, args: ForEachRefArgs) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let template = match args.list.template(&workspace)? {
        Some(template) => template,
        None => Template::parse(DEFAULT, &workspace)?,
    };
    let facts = ref_list::facts(&workspace)?;
    let patterns = Patterns::full(&args.patterns, args.list.ignores_case())?;
    let all = workspace
        .snapshot()
        .view()
        .refs()?
        .into_iter()
        .map(|(name, id)| Listed { name: Some(name), id })
        .collect();
    let mut refs = args.list.choose(&facts, all, &patterns)?;
    refs.truncate(args.count.filter(|count| *count > 0).unwrap_or(usize::MAX));
    ctx.ui.page();
    match ctx.ui.is_json() {
        true => ref_list::print_json(&ctx.ui, &facts, &refs)?,
        false => ref_list::print(&ctx.ui, &facts, &refs, &template)?,
    }
    Ok(Outcome::Done)
}
