//! Content on the command line: JSON, text, or a file.

use std::path::Path;

use sealbook_record::{Error, PartName, Record};

use crate::failure::Failure;
use crate::input::Input;

/// Sets a part of a record from `JSON`, plain text, `@FILE`, or `-` for standard input.
///
/// What begins like an object, a list or a text of JSON must be one; anything else that is no
/// JSON value is taken as text. Bytes that are no UTF-8 are kept as `{"b64": …}`. The content is
/// never quoted in an error.
pub(crate) fn set(record: &mut Record, name: PartName, given: &str) -> Result<(), Failure> {
    let bytes = match given.strip_prefix('@') {
        Some(file) => Input::open(Path::new(file))?.read_all()?,
        None if given == "-" => Input::open(Path::new("-"))?.read_all()?,
        None => given.as_bytes().to_vec(),
    };
    let Ok(text) = std::str::from_utf8(&bytes) else {
        record.set_part_bytes(name, &bytes);
        return Ok(());
    };
    match record.set_part_json(name, text) {
        Err(Error::Json { place, .. }) if text.trim_start().starts_with(['{', '[', '"']) => {
            Err(Failure::ContentNotJson { part: name, place })
        }
        Err(_) => {
            record.set_part_bytes(name, &bytes);
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
