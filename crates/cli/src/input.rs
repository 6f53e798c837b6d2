//! Reading what was given: files, standard input, line by line, never without a limit.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The longest line or value: what all parts of a record may hold together, and their names.
pub(crate) const VALUE_BYTES_MAX: usize = 17 << 20;

/// Something to be read, with its name for messages.
pub(crate) struct Input {
    pub(crate) name: String,
    reader: Box<dyn BufRead>,
    /// The file's name without its directory; none of standard input.
    file_name: Option<String>,
    /// Number of the line that was read last.
    line: u64,
}

/// What an input is called in messages.
pub(crate) fn name_of(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

/// The files that are named, and those of JSON Lines in the directories that are, by name.
pub(crate) fn files(given: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in given {
        if path.as_os_str() == "-" || !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed = |cause| Failure::Input { name: name_of(path), cause };
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            if file.extension().is_some_and(|ending| ending == "log" || ending == "jsonl") && file.is_file() {
                inside.push(file);
            }
        }
        if inside.is_empty() {
            let what = format!("{} holds no file that ends in .log or .jsonl", path.display());
            return Err(Failure::usage(what, "name the files"));
        }
        inside.sort_unstable();
        files.append(&mut inside);
    }
    Ok(files)
}

impl Input {
    /// A file, or standard input for `-`.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let name = name_of(path);
        let reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
            Box::new(BufReader::with_capacity(1 << 16, io::stdin()))
        } else {
            // Reading a directory fails only later, with a message that names nothing.
            let opened = File::open(path).and_then(|file| {
                let is_dir = file.metadata()?.is_dir();
                if is_dir { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
            });
            let file = opened.map_err(|cause| Failure::Input { name: name.clone(), cause })?;
            Box::new(BufReader::with_capacity(1 << 16, file))
        };
        let file_name = path.file_name().filter(|_| path.as_os_str() != "-");
        let file_name = file_name.map(|name| name.to_string_lossy().into_owned());
        Ok(Self { name, reader, file_name, line: 0 })
    }

    /// Everything, up to the limit.
    pub(crate) fn read_all(&mut self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let limit = VALUE_BYTES_MAX as u64;
        let read = (&mut self.reader).take(limit + 1).read_to_end(&mut bytes);
        read.map_err(|cause| self.failure(cause))?;
        if bytes.len() > VALUE_BYTES_MAX {
            return Err(Failure::InputTooLarge { place: self.name.clone(), limit: VALUE_BYTES_MAX });
        }
        Ok(bytes)
    }

    /// The next line that is not blank, without its end; `None` at the end of the input.
    pub(crate) fn next_line(&mut self) -> Result<Option<String>, Failure> {
        loop {
            let mut bytes = Vec::new();
            let read = (&mut self.reader).take(VALUE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut bytes);
            if read.map_err(|cause| self.failure(cause))? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if bytes.len() > VALUE_BYTES_MAX {
                return Err(Failure::InputTooLarge { place: self.place(self.line), limit: VALUE_BYTES_MAX });
            }
            while matches!(bytes.last(), Some(b'\n' | b'\r')) {
                bytes.pop();
            }
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return String::from_utf8(bytes).map(Some).map_err(|error| self.not_utf8(&error));
        }
    }

    /// What is left of it, as it comes.
    pub(crate) fn into_reader(self) -> Box<dyn BufRead> {
        self.reader
    }

    /// Number of the line that was read last.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// What the file is called, wherever it lies; none for standard input.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// `file:line`.
    pub(crate) fn place(&self, line: u64) -> String {
        format!("{}:{line}", self.name)
    }

    fn failure(&self, cause: io::Error) -> Failure {
        Failure::Input { name: self.name.clone(), cause }
    }

    fn not_utf8(&self, error: &std::string::FromUtf8Error) -> Failure {
        let column = error.utf8_error().valid_up_to() + 1;
        Failure::InputNotUtf8 { place: self.place(self.line), column }
    }
}
