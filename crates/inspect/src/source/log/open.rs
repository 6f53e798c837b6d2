//! Content of a log, decompressed where it is compressed, and no more of it than is reasonable.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use serde::{Deserialize, Serialize};

/// What one file may grow to.
const EXPANDED_MOST: u64 = 16 << 30;
/// From here on, what grows by more than [`RATIO_MOST`] was made to fill something.
const EXPANDED_FREE: u64 = 256 << 20;
/// Logs shrink to a twentieth or a fiftieth.
const RATIO_MOST: u64 = 300;
/// The most that a Zstandard frame may ask to be held (`--ultra -22` asks for this much).
const WINDOW_MOST: u64 = 128 << 20;

/// How a log is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Compression {
    Gzip,
    Zstd,
}

/// By its first bytes; what cannot be read is named.
pub(super) fn compression(head: &[u8]) -> Result<Option<Compression>, &'static str> {
    match head {
        [0x1f, 0x8b, ..] => Ok(Some(Compression::Gzip)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Ok(Some(Compression::Zstd)),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Err("bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Err("xz"),
        [0x04, 0x22, 0x4d, 0x18, ..] => Err("lz4"),
        [0x1f, 0x9d, ..] => Err("compress"),
        _ => Ok(None),
    }
}

/// Content of a file.
pub(super) enum Content {
    Plain(File),
    Gzip(Bounded<MultiGzDecoder<BufReader<Counted>>>),
    Zstd(Bounded<Frames>),
}

impl Content {
    /// From a file that is at its beginning.
    pub(super) fn new(file: File, compression: Option<Compression>) -> Self {
        let counted = |file| BufReader::with_capacity(64 << 10, Counted { file, bytes: 0 });
        match compression {
            None => Self::Plain(file),
            Some(Compression::Gzip) => Self::Gzip(Bounded::new(MultiGzDecoder::new(counted(file)))),
            Some(Compression::Zstd) => Self::Zstd(Bounded::new(Frames::new(counted(file)))),
        }
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buffer),
            Self::Gzip(gzip) => gzip.read(buffer, |gzip| gzip.get_ref().get_ref().bytes),
            Self::Zstd(frames) => frames.read(buffer, |frames| frames.source.get_ref().bytes),
        }
    }
}

/// Says `compression_bomb` in an error, and `compressed_truncated`; what else goes wrong in compressed content
/// is `compressed_corrupt`.
pub(super) fn why(error: &io::Error, compression: Option<Compression>) -> &'static str {
    match (compression, error.kind()) {
        (None, _) => "unreadable",
        (_, io::ErrorKind::FileTooLarge) => "compression_bomb",
        (_, io::ErrorKind::UnexpectedEof) => "compressed_truncated",
        _ => "compressed_corrupt",
    }
}

/// Reads and counts.
pub(super) struct Counted {
    file: File,
    bytes: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

/// A decoder that stops when it gives too much for what it takes.
pub(super) struct Bounded<D> {
    decoder: D,
    bytes: u64,
}

impl<D: Read> Bounded<D> {
    fn new(decoder: D) -> Self {
        Self { decoder, bytes: 0 }
    }

    fn read(&mut self, buffer: &mut [u8], taken: impl Fn(&D) -> u64) -> io::Result<usize> {
        let read = self.decoder.read(buffer)?;
        self.bytes += read as u64;
        let taken = taken(&self.decoder).max(1);
        if self.bytes > EXPANDED_MOST || (self.bytes > EXPANDED_FREE && self.bytes / taken > RATIO_MOST) {
            let what = format!("{taken} bytes became more than {}", self.bytes);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
        }
        Ok(read)
    }
}

/// The frames of a Zstandard file, one after the other (RFC 8878, section 3); skippable ones are skipped.
pub(super) struct Frames {
    source: BufReader<Counted>,
    decoder: FrameDecoder,
    is_open: bool,
}

impl Frames {
    fn new(source: BufReader<Counted>) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW_MOST);
        Self { source, decoder, is_open: false }
    }

    /// Opens the next frame; false at the end of the file.
    fn open(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.source) {
                Ok(()) => {
                    self.is_open = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    if io::copy(&mut (&mut self.source).take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }

    fn next(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_open {
                while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                    let one = BlockDecodingStrategy::UptoBlocks(1);
                    self.decoder.decode_blocks(&mut self.source, one).map_err(io::Error::other)?;
                }
                let read = self.decoder.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                self.is_open = false;
            }
            if !self.open()? {
                return Ok(0);
            }
        }
    }
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.next(buffer).map_err(truncated)
    }
}

/// The decoder wraps what its source said; an end in the middle is an end in the middle.
fn truncated(error: io::Error) -> io::Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.get_ref().map(|inner| inner as _);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>()
            && io.kind() == io::ErrorKind::UnexpectedEof
        {
            return io::ErrorKind::UnexpectedEof.into();
        }
        cause = inner.source();
    }
    error
}
