//! A picture in a file of its own.

use sealbook_record::{Place, Timestamp};
use serde::{Deserialize, Serialize};

use super::Picture;
use crate::Error;

/// A baseline of more bytes is not read.
pub const BASELINE_BYTES_MAX: u64 = 1 << 30;

const FORM: &str = "sealbook/baseline/v1";

/// A picture with a name, as it stands in its file: one JSON object.
///
/// What makes it evidence is the record of its digest in the book; the file alone proves nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Baseline {
    /// `sealbook/baseline/v1`.
    form: String,
    /// Its name.
    pub name: String,
    /// The project it is of.
    pub project: Option<String>,
    /// The ledger that it was read from.
    pub origin: String,
    /// When it was saved.
    pub saved: Timestamp,
    /// What was.
    pub picture: Picture,
}

impl Baseline {
    /// A baseline of a picture.
    pub fn new(name: String, project: Option<String>, origin: String, saved: Timestamp, picture: Picture) -> Self {
        Self { form: FORM.to_owned(), name, project, origin, saved, picture }
    }

    /// Its file's text.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string(self).expect("texts and numbers are JSON");
        text.push('\n');
        text
    }

    /// Reads its file's text.
    ///
    /// Errors: [`Error::BaselineInvalid`] with the place in the text.
    pub fn read(text: &[u8]) -> Result<Self, Error> {
        let wrong = |place, cause| Error::BaselineInvalid { place, cause };
        let baseline: Self = serde_json::from_slice(text).map_err(|cause| {
            let place = Place { line: cause.line(), column: cause.column() };
            // The reader's own words may quote what stands there.
            let what = match cause.classify() {
                serde_json::error::Category::Data => "a field is missing, or is not of its kind",
                serde_json::error::Category::Eof => "it ends before it is whole",
                _ => "it is not JSON",
            };
            wrong(place, what)
        })?;
        if baseline.form == FORM {
            return Ok(baseline);
        }
        Err(wrong(Place { line: 1, column: 1 }, "it is of another form than sealbook/baseline/v1"))
    }
}
