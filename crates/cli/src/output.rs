//! Where answers go: standard output or a file, in the format that was asked for.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use sealbook_report::{Format, Screen, View, render};

use crate::failure::Failure;

/// Where and how answers are written.
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) file: Option<PathBuf>,
    pub(crate) screen: Screen,
}

/// The width of a terminal format that goes to no terminal.
const FILE_COLUMNS: u16 = 120;

impl Output {
    /// The format is the given one, else that of the file's ending, else for a terminal.
    pub(crate) fn new(format: Option<Format>, file: Option<PathBuf>, screen: Screen) -> Self {
        let special = |path: &Path| {
            let name = path.to_str()?;
            let endings =
                [(".cdx.json", Format::CycloneDx), (".sarif.json", Format::Sarif), (".oscal.json", Format::Oscal)];
            endings.into_iter().find_map(|(ending, format)| name.ends_with(ending).then_some(format))
        };
        let by_name = || match file.as_deref()?.extension()?.to_str()? {
            "json" => Some(Format::Json),
            "jsonl" | "ndjson" => Some(Format::Jsonl),
            "md" | "markdown" => Some(Format::Markdown),
            "html" | "htm" => Some(Format::Html),
            "sarif" => Some(Format::Sarif),
            _ => None,
        };
        let by_name = || file.as_deref().and_then(special).or_else(by_name);
        let format = format.or_else(by_name).unwrap_or_default();
        let width = screen.width.filter(|_| file.is_none()).or(Some(FILE_COLUMNS));
        Self { format, screen: Screen { width, colour: screen.colour && file.is_none() }, file }
    }

    /// Writes one thing.
    pub(crate) fn show(&self, view: &dyn View) -> Result<(), Failure> {
        self.show_as(view, self.format)
    }

    /// Writes one thing in a format that the command itself asks for.
    pub(crate) fn show_as(&self, view: &dyn View, format: Format) -> Result<(), Failure> {
        let screen = self.screen;
        whole(self.write(|out| render(view, format, screen, out).map_err(|cause| self.failure(cause))))
    }

    /// Writes a text as it is: one of ours, which holds nothing of a stranger's.
    pub(crate) fn write_text(&self, text: &str) -> Result<(), Failure> {
        whole(self.write(|out| out.write_all(text.as_bytes()).map_err(|cause| self.failure(cause))))
    }

    /// Writes with `write`. A file appears under its name when all of it is written, or not at all.
    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut dyn Write) -> Result<T, Failure>) -> Result<T, Failure> {
        match &self.file {
            None => {
                let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
                let done = write(&mut out)?;
                out.flush().map_err(|cause| self.failure(cause))?;
                Ok(done)
            }
            Some(path) => write_file(path, write),
        }
    }

    /// An error of the place that is written to.
    pub(crate) fn failure(&self, cause: io::Error) -> Failure {
        let name = self.file.as_ref().map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
        Failure::Output { name, cause }
    }
}

/// That nobody reads an answer to the end is no error.
fn whole(written: Result<(), Failure>) -> Result<(), Failure> {
    match written {
        Err(Failure::Output { cause, .. }) if cause.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a file whole or not at all; devices and pipes are written as they are.
pub(crate) fn write_file<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let failed = |cause| Failure::Output { name: path.display().to_string(), cause };
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        let mut out = BufWriter::new(File::options().write(true).open(path).map_err(failed)?);
        let done = write(&mut out)?;
        out.flush().map_err(failed)?;
        return Ok(done);
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let written = (|| {
        let mut out = BufWriter::with_capacity(1 << 16, File::create(&draft).map_err(failed)?);
        let done = write(&mut out)?;
        out.flush().map_err(failed)?;
        std::fs::rename(&draft, path).map_err(failed)?;
        Ok(done)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written
}

/// Something said to a person beside the answer.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", sealbook_report::shown(&sealbook_policy::redact_text(text)));
}
