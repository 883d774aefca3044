//! Merges what three versions have at one place: kind, and content.

use std::sync::Arc;

use bstr::{BStr, BString};

use super::large::{LargeOptions, merge_large};
use super::message::{Message, MessageKind};
use super::state::{BASE, Merge, OURS, THEIRS};
use super::text::{BINARY_PROBE, Favour, Labels, TextOptions, is_binary, merge_text};
use crate::blob::read_blob;
use crate::change::Side;
use crate::id::ObjectId;
use crate::kind::Kind;
use crate::large::{self, Absent, LargeError, Spliced, Splicer, Stored, Text};
use crate::source::ReadError;

/// A content that a merge makes.
#[derive(Debug, Clone)]
pub enum NewContent {
    /// All of it.
    Bytes(Vec<u8>),
    /// One too large for that: what it is made of.
    Spliced(Arc<Spliced>),
}

impl NewContent {
    /// Bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Spliced(spliced) => spliced.size(),
        }
    }
}

impl From<Vec<u8>> for NewContent {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

fn as_labels([base, ours, theirs]: &[BString; 3]) -> Labels<'_> {
    Labels { ours: ours.as_ref(), base: base.as_ref(), theirs: theirs.as_ref() }
}

/// What the versions of one file become.
#[derive(Debug, Clone, Copy)]
pub(super) struct MergedFile {
    pub(super) side: Side,
    pub(super) is_clean: bool,
    /// Whether conflict markers stand in it.
    pub(super) has_markers: bool,
    /// Whether there is none after all: of what bases disagree about, their own base has nothing.
    pub(super) is_gone: bool,
}

/// Three versions of a file; ours and theirs are both files or both symlinks.
pub(super) struct Versions<'a> {
    /// Where the result goes.
    pub(super) path: &'a BStr,
    pub(super) base: Option<Side>,
    pub(super) ours: Side,
    pub(super) theirs: Side,
    /// Where each version has it.
    pub(super) origins: [&'a BStr; 3],
    /// Whether the result is merged with yet another file.
    pub(super) is_nested: bool,
}

impl<E: From<ReadError>> Merge<'_, E> {
    pub(super) fn merge_file(&mut self, versions: &Versions<'_>) -> Result<MergedFile, E> {
        let (base, ours, theirs) = (versions.base, versions.ours, versions.theirs);
        let base_kind = base.map(|base| base.kind);
        let is_theirs = ours.kind == theirs.kind || Some(ours.kind) == base_kind;
        let kind = if is_theirs { theirs.kind } else { ours.kind };
        let is_clean = is_theirs || Some(theirs.kind) == base_kind;
        let base_id = base.map(|base| base.id);
        let chosen = |side: Side, is_clean| MergedFile {
            side: Side { kind, ..side },
            is_clean,
            has_markers: false,
            is_gone: false,
        };
        if ours.id == theirs.id || Some(ours.id) == base_id {
            return Ok(chosen(theirs, is_clean));
        }
        if Some(theirs.id) == base_id {
            return Ok(chosen(ours, is_clean));
        }
        if ours.kind == Kind::Symlink {
            return Ok(match self.options.favour {
                _ if self.depth > 0 => {
                    let side = base.unwrap_or(ours);
                    MergedFile { side, is_clean: false, has_markers: false, is_gone: base.is_none() }
                }
                Some(Favour::Ours) => chosen(ours, is_clean),
                Some(Favour::Theirs) => chosen(theirs, is_clean),
                Some(Favour::Union) | None => chosen(ours, false),
            });
        }
        let mut merged = self.merge_content(versions)?;
        merged.side.kind = kind;
        merged.is_clean &= is_clean;
        let text = format!("Auto-merging {}", versions.path);
        self.tell(Message::new(MessageKind::AutoMerging, versions.path, text));
        Ok(merged)
    }

    fn merge_content(&mut self, versions: &Versions<'_>) -> Result<MergedFile, E> {
        let (ours, theirs) = (versions.ours, versions.theirs);
        let base = versions.base.filter(|base| base.kind.is_file());
        let sizes = [base.map_or(0, |base| base.size), ours.size, theirs.size];
        if sizes.iter().any(|&size| size > self.options.in_memory) {
            return self.merge_large_content(versions, base);
        }
        let base_content = base.map_or(Ok(Vec::new()), |base| self.read(&base.id))?;
        let (our_content, their_content) = (self.read(&ours.id)?, self.read(&theirs.id)?);
        if [&base_content, &our_content, &their_content].into_iter().any(|content| is_binary(content)) {
            return self.choose_whole(versions);
        }
        let labels = self.content_labels(versions);
        let options = self.text_options(versions);
        let merged = merge_text(&base_content, &our_content, &their_content, as_labels(&labels), options);
        drop((base_content, our_content, their_content));
        let id = ObjectId::of_content(&merged.content);
        self.keep_merged(versions, id, merged.content.into(), merged.conflicts)
    }

    fn merge_large_content(&mut self, versions: &Versions<'_>, base: Option<Side>) -> Result<MergedFile, E> {
        let source = self.source;
        let sides = [base, Some(versions.ours), Some(versions.theirs)];
        let mut held: [Option<Arc<Spliced>>; 3] = Default::default();
        for (held, side) in held.iter_mut().zip(sides) {
            *held = match side.and_then(|side| self.kept.get(&side.id)) {
                Some(NewContent::Spliced(spliced)) => Some(spliced.clone()),
                Some(NewContent::Bytes(bytes)) => {
                    let mut splicer = Splicer::new();
                    splicer.add_bytes(bytes.clone());
                    Some(Arc::new(splicer.finish(source)?))
                }
                None => None,
            };
        }
        let mut texts: Vec<Box<dyn Text + '_>> = Vec::with_capacity(3);
        for (held, side) in held.iter().zip(sides) {
            texts.push(match (held, side) {
                (Some(spliced), _) => Box::new(spliced.open(source)?),
                (None, Some(side)) => Box::new(Stored::open(source, side.id, side.size)?),
                (None, None) => Box::new(Absent),
            });
        }
        for text in &texts {
            let probe = large::read(&**text, 0..text.size().min(BINARY_PROBE as u64));
            if is_binary(&probe.map_err(LargeError::into_read)?) {
                return self.choose_whole(versions);
            }
        }
        let labels = self.content_labels(versions);
        let texts = [&*texts[0], &*texts[1], &*texts[2]];
        let options = self.text_options(versions);
        let merged = merge_large(texts, as_labels(&labels), options, &LargeOptions::default())
            .map_err(LargeError::into_read)?;
        let content = Arc::new(merged.content.finish(source)?);
        self.keep_merged(versions, content.id, NewContent::Spliced(content.clone()), merged.conflicts)
    }

    fn text_options(&self, versions: &Versions<'_>) -> TextOptions {
        TextOptions {
            style: self.options.style,
            favour: self.options.favour.filter(|_| self.depth == 0),
            marker_size: TextOptions::MARKER_SIZE + 2 * self.depth + usize::from(versions.is_nested),
        }
    }

    fn keep_merged(
        &mut self,
        versions: &Versions<'_>,
        id: ObjectId,
        content: NewContent,
        conflicts: usize,
    ) -> Result<MergedFile, E> {
        let is_clean = conflicts == 0;
        let size = content.size();
        if versions.is_nested {
            self.kept.insert(id, content.clone());
        }
        (self.sink)(id, content)?;
        let side = Side { id, size, ..versions.ours };
        Ok(MergedFile { side, is_clean, has_markers: !is_clean, is_gone: false })
    }

    /// The labels of a content's markers; with paths where the file was not at one path everywhere.
    fn content_labels(&self, versions: &Versions<'_>) -> [BString; 3] {
        let labels = [self.labels.base, self.labels.ours, self.labels.theirs];
        let is_one_path = versions.origins.iter().all(|origin| *origin == versions.origins[0]);
        std::array::from_fn(|version| match is_one_path {
            true => labels[version].into(),
            false => {
                [labels[version], versions.origins[version]].map(|part| part.to_vec()).join(&b':').into()
            }
        })
    }

    /// One version whole, where the content can't be merged by line.
    fn choose_whole(&mut self, versions: &Versions<'_>) -> Result<MergedFile, E> {
        let chosen = |side, is_clean| MergedFile { side, is_clean, has_markers: false, is_gone: false };
        if self.depth > 0 {
            // As git: what bases of bases disagree about is what their own base had.
            if let Some(base) = versions.base.filter(|base| base.kind.is_file()) {
                return Ok(chosen(base, true));
            }
            let id = ObjectId::of_content(b"");
            (self.sink)(id, Vec::new().into())?;
            return Ok(chosen(Side { id, size: 0, ..versions.ours }, true));
        }
        match self.options.favour {
            Some(Favour::Ours) => return Ok(chosen(versions.ours, true)),
            Some(Favour::Theirs) => return Ok(chosen(versions.theirs, true)),
            Some(Favour::Union) | None => {}
        }
        let labels = self.content_labels(versions);
        let (path, ours, theirs) = (versions.path, &labels[OURS], &labels[THEIRS]);
        let text = format!("warning: Cannot merge binary files: {path} ({ours} vs. {theirs})");
        self.tell(Message::new(MessageKind::Binary, path, text));
        Ok(chosen(versions.ours, false))
    }

    pub(super) fn read(&self, id: &ObjectId) -> Result<Vec<u8>, ReadError> {
        match self.kept.get(id) {
            Some(NewContent::Bytes(content)) => Ok(content.clone()),
            Some(NewContent::Spliced(spliced)) => {
                let text = spliced.open(self.source)?;
                large::read(&text, 0..text.size()).map_err(LargeError::into_read)
            }
            None => read_blob(self.source, id),
        }
    }

    /// The stages of a place as versions to merge; `None` where a side has none.
    pub(super) fn versions<'v>(
        stages: &[Option<Side>; 3],
        path: &'v BStr,
        origins: [&'v BStr; 3],
        is_nested: bool,
    ) -> Option<Versions<'v>> {
        let (ours, theirs) = (stages[OURS]?, stages[THEIRS]?);
        Some(Versions { path, base: stages[BASE], ours, theirs, origins, is_nested })
    }
}
