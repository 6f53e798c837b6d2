//! The `file` source: what lies in a directory tree.

use sealbook_record::TargetKind;

use crate::{Coverage, Error, OptionHelp, Prior, Progress, Request, Sink, Source, SourceMetadata};

/// Reads files: content hash, size, mode, owner, times.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileSource;

static METADATA: SourceMetadata = SourceMetadata {
    name: "file",
    about: "Files of a directory tree: content hash, size, mode, owner, times, links",
    version: "1",
    kinds: &[TargetKind::File],
    actions: &["file.manifest", "file.manifest.page", "file.observed"],
    options: &[
        OptionHelp {
            name: "pattern",
            about: "Only files whose path matches this glob",
        },
        OptionHelp {
            name: "per-file",
            about: "One record for every file, changed or not",
        },
        OptionHelp {
            name: "no-hash",
            about: "Sizes, modes and times only; contents are not read",
        },
        OptionHelp {
            name: "no-ignore",
            about: "Read also what .gitignore and .ignore leave out",
        },
    ],
};

impl Source for FileSource {
    fn metadata(&self) -> &'static SourceMetadata {
        &METADATA
    }

    fn collect(
        &self,
        _request: &Request<'_>,
        _prior: &dyn Prior,
        _sink: &mut dyn Sink,
        _progress: &dyn Progress,
    ) -> Result<Coverage, Error> {
        Ok(Coverage::default())
    }
}
