//! `pond hash-object`: the ids of contents.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::PathBuf;

use pond_mirror::scan::content::hash_all;
use pond_objects::{ObjectId, escape};
use pond_oplog::ingest::{Ingest, IngestError};
use pond_workspace::Purpose;
use pond_workspace::staged_packs;
use serde_json::json;

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};

/// Print the ids that the contents of files have, or would have, in a pond
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
An id is the BLAKE3 of the bytes: what b3sum prints. Files are read as streams, wherever they are; symlinks are
followed. With -w the contents are stored in the pond's staging area too.

Examples:
  pond hash-object data.csv
  gzip -dc dump.gz | pond hash-object --stdin
  pond hash-object -w results/*.parquet

Exit codes: 0; 3 where some of several files could not be read; 128 where none could, or, with -w, outside of a
pond; 129.")]
pub(crate) struct HashObjectArgs {
    /// Store the contents
    #[arg(short)]
    write: bool,

    /// Read a content from standard input too, before the files
    #[arg(long)]
    stdin: bool,

    /// The files
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(crate) fn run(ctx: &Context, args: HashObjectArgs) -> Result<Outcome, CommandError> {
    if args.files.is_empty() && !args.stdin {
        return Err(usage("nothing to hash").hint("name files, or give --stdin"));
    }
    let mut sources: Vec<Option<&PathBuf>> = args.files.iter().map(Some).collect();
    if args.stdin {
        sources.insert(0, None);
    }
    let results =
        if args.write { store_all(ctx, &sources)? } else { sources.iter().map(|s| hash(*s)).collect() };
    let (total, mut failed) = (results.len(), 0);
    for (source, result) in sources.iter().zip(results) {
        let path = source.map(|path| escape::path(path));
        match result {
            Ok(id) if ctx.ui.is_json() => ctx.ui.json_row(&json!({ "path": path, "id": id.to_hex() }))?,
            Ok(id) => ctx.ui.say(id),
            Err(error) => {
                let path = path.as_deref().unwrap_or("standard input");
                if total == 1 {
                    return Err(fatal(format_args!("cannot read '{path}'")).because(&error));
                }
                ctx.ui.error(format_args!("cannot read '{path}': {error}"));
                failed += 1;
            }
        }
    }
    match failed {
        0 => Ok(Outcome::Done),
        _ if failed == total => Err(fatal("none of the files could be read")),
        _ => Ok(Outcome::Partial),
    }
}

fn hash(source: Option<&PathBuf>) -> io::Result<ObjectId> {
    match source {
        Some(path) => hash_stream(&mut open(path)?),
        None => hash_stream(&mut io::stdin().lock()),
    }
}

fn open(path: &PathBuf) -> io::Result<File> {
    let file = File::open(path)?;
    match file.metadata()?.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok(file),
    }
}

fn hash_stream(mut source: &mut dyn Read) -> io::Result<ObjectId> {
    let (id, _) = hash_all(&mut source, u64::MAX, &mut Vec::new())?;
    Ok(id)
}

/// Stores the contents, and has the index name the packs, so that nothing takes them for garbage.
fn store_all(ctx: &Context, sources: &[Option<&PathBuf>]) -> Result<Vec<io::Result<ObjectId>>, CommandError> {
    let mut workspace = pond_workspace::open(ctx.session()?, Purpose::Overwrite)?;
    let staging = workspace.pond().staging_dir();
    let ingest = Ingest::new(workspace.store(), &staging)?;
    let results = ingest.run(vec![()], workspace.threads()?, |reader, ()| {
        let mut results = Vec::with_capacity(sources.len());
        for source in sources {
            // What comes from a pipe is set down first: its length decides how it is cut.
            let opened = match source {
                Some(path) => open(path),
                None => spool(&staging),
            };
            let stored = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
            results.push(match stored {
                Err(error) => Ok(Err(error)),
                Ok((size, mut file)) => match reader.store_stream(size, &mut file, &|_| ()) {
                    Ok(stored) => Ok(Ok(stored.id)),
                    Err(IngestError::Read(error)) => Ok(Err(error)),
                    Err(IngestError::Unstable) => Ok(Err(io::Error::other("it changed while it was read"))),
                    Err(error) => Err(error),
                },
            });
        }
        results
    })?;
    let results = results.into_iter().flatten().collect::<Result<Vec<_>, IngestError>>()?;
    let packs = staged_packs::names(&ingest.finish()?);
    if !packs.is_empty() {
        workspace.update_index(BTreeMap::new(), &packs)?;
    }
    Ok(results)
}

fn spool(staging: &std::path::Path) -> io::Result<File> {
    let mut file = pond_durable::temporary_in(staging)?.into_file();
    io::copy(&mut io::stdin().lock(), &mut file)?;
    file.rewind()?;
    Ok(file)
}
