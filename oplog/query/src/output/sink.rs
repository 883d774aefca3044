//! A sink that keeps its first error, which the writers of formats would hide in a text.

use std::io::{self, Write};

pub(super) struct Sink<W> {
    inner: W,
    failed: Option<io::Error>,
}

impl<W> Sink<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, failed: None }
    }

    pub(super) fn into_error(self) -> Option<io::Error> {
        self.failed
    }

    fn keep<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            // An interrupted write is tried again by its caller.
            if kind != io::ErrorKind::Interrupted {
                self.failed.get_or_insert(error);
            }
            kind.into()
        })
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.inner.write(bytes);
        self.keep(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.inner.flush();
        self.keep(result)
    }
}
