//! `pond maintenance`: keep the pond small and quick.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use pond_mirror::index::Index;
use pond_objects::escape;
use pond_oplog::{StagedPack, compact, dead};
use pond_workspace::clean;
use pond_workspace::staged_packs;
use pond_workspace::{Purpose, Workspace, open};
use serde::Serialize;

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal};
use crate::maintain::{self, aside::Aside};
use crate::text::size::{counted, human};

/// How long it waits for another process that merges packs: a GB takes some ten seconds.
const PATIENCE: Duration = Duration::from_secs(600);

/// Temporaries younger than this are left alone whatever `--grace` says: commands that take no lock write some too.
const YOUNGEST_TEMPORARY: Duration = Duration::from_secs(60);

/// Merge small packs, delete what they replaced, and tidy up
///
/// No version changes: everything reads as before. Other commands do as much of it as is needed on their way; this does
/// all that can be done.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Replaced packs stay for a while, for programs that opened the table before. Other commands leave what takes long to a
process in the background, and wait only where that was killed each time; with maintenance.autoDetach=false they always
wait for it, with maintenance.auto=false they do nothing. This command waits for such a process: once both have ended, the
pond can be copied.

Examples:
  pond maintenance
  pond maintenance --auto          only what is due
  pond maintenance --grace 0s      delete replaced packs at once: no other program is reading

Exit codes: 0; 3 some of it could not be done; 128; 129; 130.")]
pub(crate) struct MaintenanceArgs {
    /// What to do
    #[arg(value_name = "run", value_parser = ["run"], hide_possible_values = true, default_value = "run", hide_default_value = true)]
    action: String,

    /// Only what other commands would do on their way
    #[arg(long)]
    auto: bool,

    /// How long what was replaced stays: 90s, 30m, 1h, 2d; default: 1h
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    grace: Option<Duration>,

    /// Write a checkpoint of the table although none is due
    #[arg(long)]
    checkpoint: bool,

    /// Be the process that a command left behind for what takes long
    #[arg(long, hide = true)]
    in_background: bool,
}

/// What was done; also what `--json` prints.
#[derive(Debug, Default, Serialize)]
struct Report {
    merged_packs: usize,
    merged_bytes_before: u64,
    merged_bytes_after: u64,
    deleted_packs: usize,
    deleted_bytes: u64,
    stale_files: usize,
    stale_bytes: u64,
    checkpoint_version: Option<u64>,
    /// Another command published meanwhile, so that nothing was merged.
    put_off: bool,
}

pub(crate) fn run(ctx: &Context, args: MaintenanceArgs) -> Result<Outcome, CommandError> {
    debug_assert_eq!(args.action, "run", "BUG: the parser knows no other action");
    if args.in_background {
        return maintain::aside::in_background(ctx).map(|()| Outcome::Done);
    }
    let grace = args.grace.unwrap_or(dead::GRACE);
    let mut workspace = open(ctx.session()?, Purpose::Overwrite)?;
    let mut report = Report::default();
    // What is replaced and old goes first: a merge needs space. Then what the merge replaced, where that has no grace.
    let named = named_packs(&workspace)?;
    let mut failed = sweep(&workspace, grace, &named, &mut report)?;
    failed.extend(delete_dead(&mut workspace, grace, &named, &mut report)?);
    merge(ctx, &mut workspace, args.auto, &mut report)?;
    if grace < dead::GRACE {
        failed.extend(delete_dead(&mut workspace, grace, &named, &mut report)?);
    }
    if !args.auto {
        let (files, bytes) = clean::sweep_everything(&mut workspace)?;
        report.stale_files += files;
        report.stale_bytes += bytes;
    }
    write_checkpoint(&workspace, args.checkpoint, &mut report)?;
    show(ctx, &report)?;
    for (path, error) in &failed {
        ctx.ui.error(format_args!("cannot delete '{}': {error}", escape::path(path)));
    }
    Ok(if failed.is_empty() && !report.put_off { Outcome::Done } else { Outcome::Partial })
}

fn merge(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    auto: bool,
    report: &mut Report,
) -> Result<(), CommandError> {
    let patience = if auto { Duration::ZERO } else { PATIENCE };
    let plan = |workspace: &Workspace<'_>| match auto {
        true => compact::plan(workspace.snapshot().state(), compact::FAN_IN),
        false => compact::plan_everything(workspace.snapshot().state()),
    };
    if plan(workspace).is_empty() && (auto || !maintain::aside::is_running(workspace.pond())) {
        return Ok(());
    }
    workspace.session().check_interrupt("nothing was changed")?;
    let put_off = match Aside::begin(workspace, patience)? {
        None => "another command is merging packs",
        Some(aside) => {
            // Whoever had the turn before may have done some of it.
            workspace.look_again()?;
            let groups = plan(workspace);
            if groups.is_empty() {
                return Ok(());
            }
            if let Some(done) = aside.merge(workspace, &groups)? {
                report.merged_packs = done.merged;
                report.merged_bytes_before = done.before;
                report.merged_bytes_after = done.after;
                return Ok(());
            }
            "another command published meanwhile; no packs were merged"
        }
    };
    // On their way commands leave it to whoever does it.
    if !auto {
        report.put_off = true;
        ctx.ui.warn(put_off);
        ctx.ui.hint("run it again");
    }
    Ok(())
}

fn write_checkpoint(
    workspace: &Workspace<'_>,
    forced: bool,
    report: &mut Report,
) -> Result<(), CommandError> {
    let (table, state) = (workspace.pond().table_dir(), workspace.snapshot().state());
    if forced || pond_checkpoint::is_due(&table, state.version) {
        let is_new = maintain::run_in_runtime(pond_checkpoint::write_checkpoint(&table, state))??;
        report.checkpoint_version = is_new.then_some(state.version);
    }
    Ok(())
}

/// Deletes packs of the table that no version names, with their indexes; gives what could not be deleted.
fn delete_dead(
    workspace: &mut Workspace<'_>,
    grace: Duration,
    named: &Named,
    report: &mut Report,
) -> Result<Vec<(PathBuf, io::Error)>, CommandError> {
    // A commit that was killed may have moved a staged pack into the table that an index goes on naming.
    let needed = named.packs.iter().map(|pack| pack.digest).collect();
    let deleted = maintain::delete_dead(workspace, grace, named.is_whole.then_some(&needed), usize::MAX)?;
    report.deleted_packs += deleted.replaced.count;
    report.deleted_bytes += deleted.replaced.bytes;
    report.stale_files += deleted.unnamed.count + deleted.indexes.count;
    report.stale_bytes += deleted.unnamed.bytes + deleted.indexes.bytes;
    Ok(deleted.failed.into_iter().collect())
}

/// Deletes what killed commands left behind; gives what could not be deleted. The mirror's lock is held.
fn sweep(
    workspace: &Workspace<'_>,
    grace: Duration,
    named: &Named,
    report: &mut Report,
) -> Result<Vec<(PathBuf, io::Error)>, CommandError> {
    let pond = workspace.pond();
    let staging = pond.staging_dir();
    let mut dirs = vec![staging.clone(), pond.pond_dir().to_owned(), pond.cache_dir(), pond.table_dir()];
    dirs.push(pond.table_dir().join("_delta_log"));
    for parent in [pond.table_dir(), pond.pond_dir().join("mirrors"), pond.cache_dir()] {
        dirs.extend(entries(&parent)?.into_iter().filter(|entry| entry.1.is_dir()).map(|entry| entry.0));
    }
    // What is left of a process that merged large packs goes with its lock.
    drop(Aside::begin(workspace, Duration::ZERO)?);
    dirs.sort();
    dirs.dedup();
    let mut failed = Vec::new();
    for dir in dirs {
        for (path, found) in entries(&dir)? {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            let is_temporary = name.starts_with(pond_durable::TEMPORARY_PREFIX);
            let pack = (dir == staging).then(|| StagedPack::parse(name)).flatten();
            let is_unnamed = pack.is_some_and(|pack| !named.packs.contains(&pack));
            let age = if is_temporary { grace.max(YOUNGEST_TEMPORARY) } else { grace };
            if !found.is_file() || !(is_temporary || is_unnamed) || !is_older(&found, age) {
                continue;
            }
            match fs::remove_file(&path) {
                Ok(()) => {
                    report.stale_files += 1;
                    report.stale_bytes += found.len();
                    if let Some(pack) = pack {
                        // Derived; a leftover takes space and nothing else.
                        let _ = fs::remove_file(pond.pack_index_path(&pack.digest));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => failed.push((path, error)),
            }
        }
    }
    Ok(failed)
}

/// The staged packs that the indexes of mirrors name.
struct Named {
    packs: HashSet<StagedPack>,
    /// Whether every mirror has an index; else all that is in the staging area counts as named.
    is_whole: bool,
}

fn named_packs(workspace: &Workspace<'_>) -> Result<Named, CommandError> {
    let mut named = Named { packs: workspace.staged()?.into_iter().collect(), is_whole: true };
    for (mirror, found) in entries(&workspace.pond().pond_dir().join("mirrors"))? {
        if found.is_dir() {
            // One that is lost or can't be read names we know not what: then nothing is deleted.
            match Index::open(&mirror.join("index"))? {
                Some(index) => {
                    let packs = index.header().packs.iter();
                    named.packs.extend(packs.filter_map(|name| StagedPack::parse(name)));
                }
                None => {
                    named.packs.extend(staged_packs::present(workspace.pond()));
                    named.is_whole = false;
                }
            }
        }
    }
    Ok(named)
}

/// What is in a directory, with its metadata; empty if there is no directory there.
fn entries(dir: &Path) -> Result<Vec<(PathBuf, fs::Metadata)>, CommandError> {
    let failed =
        |error: io::Error| fatal(format_args!("cannot read '{}'", escape::path(dir))).because(&error);
    let listed = match fs::read_dir(dir) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        other => other.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in listed {
        let entry = entry.map_err(failed)?;
        // Whoever deletes files meanwhile takes nothing from us.
        if let Ok(metadata) = entry.metadata() {
            found.push((entry.path(), metadata));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

fn is_older(found: &fs::Metadata, age: Duration) -> bool {
    let modified = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    // A time in the future is a clock that was wrong; the file is left to a later run.
    SystemTime::now().duration_since(modified).is_ok_and(|since| since >= age)
}

fn show(ctx: &Context, report: &Report) -> Result<(), CommandError> {
    if ctx.ui.is_json() {
        return ctx.ui.json(report);
    }
    if ctx.ui.is_quiet() {
        return Ok(());
    }
    lines(report).iter().for_each(|line| ctx.ui.say(line));
    Ok(())
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if report.merged_packs > 0 {
        let (before, after) = (human(report.merged_bytes_before), human(report.merged_bytes_after));
        lines
            .push(format!("merged {}: {before} became {after}", counted(report.merged_packs as u64, "pack")));
    }
    if report.deleted_packs > 0 {
        let packs = counted(report.deleted_packs as u64, "replaced pack");
        lines.push(format!("deleted {packs}: {}", human(report.deleted_bytes)));
    }
    if report.stale_files > 0 {
        let files = counted(report.stale_files as u64, "file");
        lines.push(format!("deleted {files} that nothing names: {}", human(report.stale_bytes)));
    }
    if let Some(version) = report.checkpoint_version {
        lines.push(format!("wrote a checkpoint of version {version}"));
    }
    if lines.is_empty() && !report.put_off {
        lines.push("there was nothing to do".to_owned());
    }
    lines
}

/// Reads `90s`, `30m`, `1h`, `2d`, `1w`; a bare number is seconds.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit.trim() {
        "" | "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 24 * 3600,
        "w" | "week" | "weeks" => 7 * 24 * 3600,
        _ => return Err("expected a duration such as 90s, 30m, 1h or 2d".to_owned()),
    };
    let number: u64 =
        number.parse().map_err(|_| "expected a duration such as 90s, 30m, 1h or 2d".to_owned())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| "that is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let of = |text| parse_duration(text).map(|duration| duration.as_secs());
        assert_eq!(
            (of("0s"), of("90"), of("30m"), of("1 h"), of("2d")),
            (Ok(0), Ok(90), Ok(1800), Ok(3600), Ok(172_800))
        );
        for bad in ["", "h", "-1s", "1.5h", "1 fortnight", "99999999999999999w"] {
            assert!(of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn it_says_what_was_done() {
        assert_eq!(lines(&Report::default()), ["there was nothing to do"]);
        let report = Report {
            merged_packs: 33,
            merged_bytes_before: 2048,
            merged_bytes_after: 1024,
            checkpoint_version: Some(7),
            ..Report::default()
        };
        assert_eq!(
            lines(&report),
            ["merged 33 packs: 2.00 KiB became 1.00 KiB", "wrote a checkpoint of version 7"]
        );
    }
}
