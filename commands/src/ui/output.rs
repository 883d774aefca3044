//! Standard output: one buffer, perhaps with a pager behind it.

use std::io::{self, BufWriter, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::MutexGuard;

use super::{pager, shell};
use crate::interrupt::{self, Patience};

const BUFFER: usize = 64 * 1024;

/// Where output goes.
enum Target {
    Stdout(io::Stdout),
    Pager(ChildStdin),
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::Pager(pipe) => pipe.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::Pager(pipe) => pipe.flush(),
        }
    }
}

/// The one place that writes to stdout.
pub(super) struct Sink {
    writer: BufWriter<Target>,
    pager: Option<(Child, Patience)>,
    /// The first error of a write whose caller does not look; `finish` returns it.
    failure: Option<io::Error>,
    /// Nobody reads any more: what follows is dropped.
    closed: bool,
}

impl Sink {
    pub(super) fn new() -> Self {
        let writer = BufWriter::with_capacity(BUFFER, Target::Stdout(io::stdout()));
        Self { writer, pager: None, failure: None, closed: false }
    }

    /// Puts a pager between this and the terminal. Fails if it cannot be started; output then goes on as before.
    pub(super) fn start_pager(&mut self, line: &str) -> io::Result<()> {
        if self.pager.is_some() {
            return Ok(());
        }
        self.writer.flush()?;
        let mut command = shell::command::<&str>(line, &[]);
        pager::set_defaults(&mut command);
        let mut child = command.stdin(Stdio::piped()).spawn()?;
        let pipe = child.stdin.take().expect("BUG: the pager was started with a pipe");
        self.writer = BufWriter::with_capacity(BUFFER, Target::Pager(pipe));
        self.pager = Some((child, interrupt::patient()));
        Ok(())
    }

    pub(super) fn is_paging(&self) -> bool {
        self.pager.is_some()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Writes without an answer: the caller has work to do that must not end because nobody reads about it.
    pub(super) fn write_quietly(&mut self, text: &[u8], flush: bool) {
        if self.closed || self.failure.is_some() {
            return;
        }
        let result =
            self.writer.write_all(text).and_then(|()| if flush { self.writer.flush() } else { Ok(()) });
        if let Err(error) = result {
            self.note(&error);
            if !self.closed {
                self.failure = Some(error);
            }
        }
    }

    /// Flushes, and waits until the user has left the pager. Returns the first error that no caller saw.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let flushed = if self.closed { Ok(()) } else { self.writer.flush() };
        if let Err(error) = &flushed {
            self.note(error);
        }
        if let Some((mut child, patience)) = self.pager.take() {
            // Dropping the writer closes the pipe; the pager would wait for more otherwise.
            self.writer = BufWriter::with_capacity(0, Target::Stdout(io::stdout()));
            child.wait()?;
            drop(patience);
        }
        match (self.failure.take(), flushed) {
            (Some(error), _) => Err(error),
            (None, Err(error)) if !self.closed => Err(error),
            _ => Ok(()),
        }
    }

    fn note(&mut self, error: &io::Error) {
        self.closed |= error.kind() == io::ErrorKind::BrokenPipe;
    }
}

/// Standard output, locked. A write fails with `BrokenPipe` when nobody reads any more (return the error: `run` then
/// ends quietly); Ctrl-C while a pager is open counts as the same.
pub(crate) struct Out<'a> {
    pub(super) sink: MutexGuard<'a, Sink>,
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.sink.closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.sink.pager.is_some() && interrupt::interrupted() {
            // What follows is unwanted; the pager keeps what it has.
            self.sink.closed = true;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let result = self.sink.writer.write(bytes);
        if let Err(error) = &result {
            self.sink.note(error);
        }
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.sink.closed {
            return Ok(());
        }
        let result = self.sink.writer.flush();
        if let Err(error) = &result {
            self.sink.note(error);
        }
        result
    }
}
