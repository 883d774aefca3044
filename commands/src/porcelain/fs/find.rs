//! `pond fs find`: files of a version by name, type and size.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;

use bstr::BString;
use pond_objects::wildmatch::{Stars, Wildmatch};
use pond_objects::{Kind, escape};
use pond_tinyfs::{DirEntry, FS};
use pond_workspace::{Purpose, open};

use crate::contents::entry_json;
use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::fs_place::{FsPlace, layer, of_branch, version};

#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Tests, each with one dash or two; all of them must hold:
  -name GLOB    the last name matches: '*', '?', brackets
  -path GLOB    the path matches; '*' stays within a name, '**' goes through directories
  -type f|d|l   a file, a directory, a symlink
  -size [+-]N[k|M|G]   more (+) or less (-) than N bytes, KiB, MiB, GiB; without a sign exactly so many bytes
  -print0       end paths with NUL, and quote nothing

Examples:
  pond fs find -name '*.csv' -size +1M
  pond fs find @/v1/sensors -type d
  pond fs find HEAD~10: -path '**/2025/**' -type f")]
pub(super) struct FindArgs {
    /// Where to look (default: everywhere), and what for
    #[arg(value_name = "PATH|TEST", allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// What to look for.
#[derive(Default)]
struct Tests {
    name: Option<Wildmatch>,
    path: Option<Wildmatch>,
    kind: Option<u8>,
    size: Option<(Option<u8>, u64)>,
    nul: bool,
}

impl Tests {
    fn hold(&self, path: &[u8], entry: &DirEntry) -> bool {
        let kind = match entry.kind {
            Kind::Directory => b'd',
            Kind::Symlink => b'l',
            _ => b'f',
        };
        let size = self.size.is_none_or(|(sign, size)| match sign {
            Some(b'+') => entry.size > size,
            Some(_) => entry.size < size,
            None => entry.size == size,
        });
        self.name.as_ref().is_none_or(|pattern| pattern.is_match(&entry.name))
            && self.path.as_ref().is_none_or(|pattern| pattern.is_match(path))
            && self.kind.is_none_or(|wanted| wanted == kind)
            && size
    }
}

pub(super) fn run(ctx: &Context, args: &FindArgs) -> Result<Outcome, CommandError> {
    let (places, tests) = parse(&args.arguments)?;
    let workspace = open(ctx.session()?, Purpose::LookAtHistory)?;
    let layer = layer(&workspace)?;
    ctx.ui.page();
    for place in places {
        let (fs, path, prefix) = match FsPlace::parse(&workspace, &place)? {
            FsPlace::Here(path) => (of_branch(&workspace, &layer, None)?, path, BString::default()),
            FsPlace::Version(version_path) => {
                let (root, path) = version(&workspace, &version_path)?;
                let written = place.as_encoded_bytes();
                let prefix = written[..written.len() - version_path.path.len()].into();
                (FS::new(&layer, Some(root)), path, prefix)
            }
            FsPlace::Host(_) => {
                return Err(usage("find looks in the pond").hint("plain find looks on the host"));
            }
        };
        for walked in fs.root().walk(&path)? {
            let walked = walked?;
            if tests.hold(&walked.path, &walked.entry) {
                print(ctx, &prefix, &walked.path, &walked.entry, tests.nul)?;
            }
        }
    }
    Ok(Outcome::Done)
}

fn print(ctx: &Context, prefix: &[u8], path: &[u8], entry: &DirEntry, nul: bool) -> Result<(), CommandError> {
    let whole: BString = [prefix, path].concat().into();
    if ctx.ui.is_json() {
        let id = entry.id.unwrap_or(pond_objects::ObjectId::ZERO);
        return ctx.ui.json_row(&entry_json(&whole, entry.kind, &id, entry.size));
    }
    let mut out = ctx.ui.out();
    match nul {
        true => out.write_all(&[whole.as_slice(), b"\0"].concat())?,
        false => writeln!(out, "{}", escape::quoted(&whole))?,
    }
    Ok(())
}

/// The places, and what to look for there.
fn parse(arguments: &[OsString]) -> Result<(Vec<OsString>, Tests), CommandError> {
    let (mut places, mut tests) = (Vec::new(), Tests::default());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let bytes = argument.as_encoded_bytes();
        let Some(test) = bytes.strip_prefix(b"-").filter(|test| !test.is_empty()) else {
            places.push(argument.clone());
            continue;
        };
        let test = test.strip_prefix(b"-").unwrap_or(test);
        let shown = escape::plain(bytes);
        if test == b"print0" {
            tests.nul = true;
            continue;
        }
        if !matches!(test, b"name" | b"path" | b"type" | b"size") {
            return Err(usage(format_args!("find has no test '{shown}'"))
                .hint("tests are -name, -path, -type, -size and -print0; './-x' is a path"));
        }
        let value = arguments.next().ok_or_else(|| usage(format_args!("'{shown}' needs a value")))?;
        let bad = || format!("'{shown}' can't be '{}'", escape::plain(value.as_encoded_bytes()));
        match test {
            b"name" => {
                tests.name = Some(pattern(value).map_err(|error| usage(format_args!("{}: {error}", bad())))?)
            }
            b"path" => {
                tests.path = Some(pattern(value).map_err(|error| usage(format_args!("{}: {error}", bad())))?)
            }
            b"type" => match value.as_encoded_bytes() {
                [kind @ (b'f' | b'd' | b'l')] => tests.kind = Some(*kind),
                _ => return Err(usage(bad()).hint("f is a file, d a directory, l a symlink")),
            },
            _ => {
                tests.size =
                    Some(size(value).ok_or_else(|| usage(bad()).hint("sizes are like +1M, -200k, 17"))?)
            }
        }
    }
    if places.is_empty() {
        places.push(OsString::new());
    }
    Ok((places, tests))
}

fn pattern(value: &OsStr) -> Result<Wildmatch, pond_objects::wildmatch::Malformed> {
    Wildmatch::new(b"", value.as_encoded_bytes(), Stars::WithinNames, false)
}

/// `+1M`: more than so many bytes.
fn size(value: &OsStr) -> Option<(Option<u8>, u64)> {
    let text = value.to_str()?;
    let sign = text.bytes().next().filter(|byte| matches!(byte, b'+' | b'-'));
    let text = &text[usize::from(sign.is_some())..];
    let unit = match text.bytes().last()? {
        b'k' | b'K' => 1 << 10,
        b'M' => 1 << 20,
        b'G' => 1 << 30,
        _ => 1,
    };
    let digits = if unit == 1 { text.strip_suffix('c').unwrap_or(text) } else { &text[..text.len() - 1] };
    let number: u64 = digits.parse().ok()?;
    Some((sign, number.checked_mul(unit)?))
}
