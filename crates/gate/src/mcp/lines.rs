//! Lines from a stream, with a bound on how much of one is held.

use std::io::{self, BufRead, BufReader, Read};

/// Bytes of a line that are held and judged.
pub(crate) const LINE_BYTES_MAX: usize = 16 << 20;
/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// How a reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// With a line break, which is part of what was read.
    LineBreak,
    /// The stream is at its end.
    End,
    /// The bound was reached; the line goes on.
    Bound,
}

/// A stream of lines.
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader: BufReader::with_capacity(BUFFER_BYTES, reader) }
    }

    /// Reads to the end of the line, or until `out` holds `bound` bytes or a little more.
    pub(crate) fn read(&mut self, out: &mut Vec<u8>, bound: usize) -> io::Result<Stop> {
        loop {
            let buffer = match self.reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                Err(cause) => return Err(cause),
            };
            if buffer.is_empty() {
                return Ok(Stop::End);
            }
            let (taken, stop) = match memchr::memchr(b'\n', buffer) {
                Some(at) => (at + 1, Some(Stop::LineBreak)),
                None => (buffer.len(), None),
            };
            out.extend_from_slice(&buffer[..taken]);
            self.reader.consume(taken);
            if let Some(stop) = stop {
                return Ok(stop);
            }
            if out.len() >= bound {
                return Ok(Stop::Bound);
            }
        }
    }
}

/// A line without its line break.
pub(crate) fn bare(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}
