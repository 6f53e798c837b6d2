//! Recordings and pictures: where they come from, what they are, and the three tools that ask a service about them.

mod image;
mod speech;
mod transcribe;

use std::sync::Arc;

use base64::Engine as _;
use sealbook_ledger::Hash;
use serde_json::{Value, json};

pub use self::image::AnalyzeImage;
pub use self::speech::TextToSpeech;
pub use self::transcribe::TranscribeAudio;
use super::text;
use crate::{Fault, offload};

/// What services take: 25 MiB.
const FILE_BYTES_MAX: usize = 25 << 20;
/// What may stand in an input or a result, which are recorded and have to fit there.
const INLINE_BYTES_MAX: usize = 512 << 10;
/// The same as base64.
const BASE64_CHARS_MAX: usize = INLINE_BYTES_MAX.div_ceil(3) * 4;

/// Files that tools may read and write: those below one directory that the configuration names.
pub trait MediaFiles: Send + Sync {
    /// Reads a file by its path below the directory.
    ///
    /// Errors: why not; nothing is said of what lies outside.
    fn read(&self, path: &str, bytes_max: usize) -> Result<Vec<u8>, &'static str>;
    /// Writes a file that is not there yet. It is there whole, or not at all.
    ///
    /// Errors: why not, as when something is there already.
    fn write_new(&self, path: &str, bytes: &[u8]) -> Result<(), &'static str>;
    /// Removes a file that has this digest still.
    ///
    /// Errors: why not, as when somebody changed it.
    fn remove(&self, path: &str, digest: &Hash) -> Result<(), &'static str>;
}

/// No files: inputs and results stand in the call itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

const NO_DIRECTORY: &str =
    "no directory is configured; give `base64`, or set `directory` in the table [media] of tools.toml";

impl MediaFiles for NoFiles {
    fn read(&self, _: &str, _: usize) -> Result<Vec<u8>, &'static str> {
        Err(NO_DIRECTORY)
    }

    fn write_new(&self, _: &str, _: &[u8]) -> Result<(), &'static str> {
        Err(NO_DIRECTORY)
    }

    fn remove(&self, _: &str, _: &Hash) -> Result<(), &'static str> {
        Err(NO_DIRECTORY)
    }
}

/// What is to be looked at.
struct Given {
    bytes: Vec<u8>,
    kind: &'static Kind,
    digest: Hash,
}

/// A sort of file, as its first bytes say.
struct Kind {
    mime: &'static str,
    suffix: &'static str,
    fits: fn(&[u8]) -> bool,
}

static AUDIO: &[Kind] = &[
    Kind { mime: "audio/mpeg", suffix: "mp3", fits: |b| b.starts_with(b"ID3") || is_mpeg(b) },
    Kind { mime: "audio/wav", suffix: "wav", fits: |b| b.starts_with(b"RIFF") && b.get(8..12) == Some(b"WAVE") },
    Kind { mime: "audio/ogg", suffix: "ogg", fits: |b| b.starts_with(b"OggS") },
    Kind { mime: "audio/flac", suffix: "flac", fits: |b| b.starts_with(b"fLaC") },
    Kind { mime: "audio/mp4", suffix: "m4a", fits: |b| b.get(4..8) == Some(b"ftyp") },
    Kind { mime: "audio/webm", suffix: "webm", fits: |b| b.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) },
];

static IMAGES: &[Kind] = &[
    Kind { mime: "image/png", suffix: "png", fits: |b| b.starts_with(b"\x89PNG\r\n\x1a\n") },
    Kind { mime: "image/jpeg", suffix: "jpg", fits: |b| b.starts_with(&[0xff, 0xd8, 0xff]) },
    Kind { mime: "image/gif", suffix: "gif", fits: |b| b.starts_with(b"GIF87a") || b.starts_with(b"GIF89a") },
    Kind { mime: "image/webp", suffix: "webp", fits: |b| b.starts_with(b"RIFF") && b.get(8..12) == Some(b"WEBP") },
];

/// A frame of MPEG audio, layer 1 to 3.
fn is_mpeg(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 != 0)
}

/// Reads what a call gives: `path` or `base64`. What it is, its bytes say, never its name: a file that is of none of
/// these sorts goes nowhere.
async fn given(input: &Value, files: &Arc<dyn MediaFiles>, kinds: &'static [Kind]) -> Result<Given, Fault> {
    let bytes = match (text(input, "path"), text(input, "base64")) {
        (Some(path), _) => {
            let (files, name) = (Arc::clone(files), path.to_owned());
            let read = offload(move || files.read(&name, FILE_BYTES_MAX)).await;
            let read = read.map_err(|error| Fault::permanent(error.to_string()))?;
            read.map_err(|why| Fault::permanent(format!("`path` cannot be read: {why}")))?
        }
        (None, Some(base64)) => base64::engine::general_purpose::STANDARD
            .decode(base64)
            .map_err(|_| Fault::permanent("`base64` is no base64 with padding (RFC 4648)"))?,
        (None, None) => return Err(Fault::permanent("neither `path` nor `base64` is given")),
    };
    let kind = kinds.iter().find(|kind| (kind.fits)(&bytes)).ok_or_else(|| {
        let known: Vec<&str> = kinds.iter().map(|kind| kind.suffix).collect();
        Fault::permanent(format!("what is given is none of {}, as its first bytes say", known.join(", ")))
    })?;
    let digest = Hash::of(&bytes);
    Ok(Given { bytes, kind, digest })
}

/// How a file is given.
fn given_schema() -> (Value, Value) {
    let path = json!({"type": "string", "minLength": 1, "maxLength": 1_000,
        "description": "A file, by its path below the directory that tools.toml names in [media]"});
    let base64 = json!({"type": "string", "minLength": 4, "maxLength": BASE64_CHARS_MAX,
        "description": "The file itself, up to 512 KiB; larger ones by `path`"});
    (path, base64)
}

/// Either of them.
fn one_of_both() -> Value {
    json!([{"required": ["path"]}, {"required": ["base64"]}])
}
