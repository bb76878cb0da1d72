//! Artifacts written through [`std::io::Write`].

use std::io::{self, Write};

use crate::{ArtifactRef, ArtifactSink, HostError};

/// How many bytes are gathered before the host is called: a call costs far more than a copy.
const BUFFER: usize = 64 * 1024;

/// An artifact being written, buffered. Dropping it before [`finish`](Self::finish) discards the
/// artifact. The host's errors travel inside [`io::Error`], and `JobError::from` finds them there.
#[derive(Debug)]
#[must_use = "an artifact exists only after `finish`"]
pub struct ArtifactWriter<S> {
    sink: S,
    buffer: Vec<u8>,
}

impl<S: ArtifactSink> ArtifactWriter<S> {
    pub(crate) fn new(sink: S) -> Self {
        Self {
            sink,
            buffer: Vec::with_capacity(BUFFER),
        }
    }

    /// Writes what is left and closes the artifact; from here on it exists.
    ///
    /// # Errors
    /// The host's error.
    pub fn finish(mut self) -> Result<ArtifactRef, HostError> {
        self.write_buffer()?;
        self.sink.finish()
    }

    fn write_buffer(&mut self) -> Result<(), HostError> {
        if !self.buffer.is_empty() {
            self.sink.write(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}

impl<S: ArtifactSink> Write for ArtifactWriter<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() >= BUFFER {
            self.write_buffer().map_err(io::Error::other)?;
        }
        let taken = bytes.len().min(BUFFER - self.buffer.len());
        let (now, _) = bytes.split_at(taken);
        self.buffer.extend_from_slice(now);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_buffer().map_err(io::Error::other)
    }
}
