//! The files that name services, where they usually lie.

use std::os::fd::AsFd as _;
use std::path::Path;

use super::config::{Said, Service};
use super::yaml::TEXT_BYTES_MAX;
use super::{compose, config, unit};
use crate::source::file::list::{Content, open, read_below};
use crate::{Coverage, Error, ServiceOptions, TreePath};

/// Own files: what they say of a service stands before what others say of it.
const OWN: [&str; 6] = [
    "services.yaml",
    "services.yml",
    ".sealbook/services.yaml",
    "config/services.yaml",
    "config/services.yml",
    "deploy/services.yaml",
];
const COMPOSE: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
/// Directories in which units lie.
const UNITS: [&str; 4] = ["", "systemd", "deploy", "deploy/systemd"];

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) said: Said,
    /// The files that were read, with their digest.
    pub(super) files: Vec<(String, String)>,
    pub(super) bytes: u64,
}

impl Found {
    pub(super) fn look(root: &Path, options: &ServiceOptions, coverage: &mut Coverage) -> Result<Self, Error> {
        let mut found = Self::default();
        if let Some(file) = &options.file {
            let directory = file.parent().unwrap_or(root);
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let unreadable = |cause| match cause {
                it if std::io::Error::kind(&it) == std::io::ErrorKind::NotFound => {
                    Error::TargetNotFound { path: file.clone() }
                }
                cause => Error::TargetUnreadable { path: file.clone(), cause },
            };
            std::fs::metadata(file).map_err(unreadable)?;
            let of = directory.canonicalize().ok().and_then(|it| Some(it.file_name()?.to_string_lossy().into_owned()));
            found.read(directory, &name, of.as_deref().unwrap_or_default(), coverage)?;
            return Ok(found);
        }
        let named = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        for name in OWN.into_iter().chain(COMPOSE) {
            found.read(root, name, &named, coverage)?;
        }
        for directory in UNITS {
            let Ok(entries) = std::fs::read_dir(root.join(directory)) else { continue };
            let mut names: Vec<String> =
                entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
            names.retain(|name| name.ends_with(".service"));
            names.sort();
            for name in names {
                let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
                found.read(root, &path, &named, coverage)?;
            }
        }
        Ok(found)
    }

    fn read(&mut self, root: &Path, path: &str, directory: &str, coverage: &mut Coverage) -> Result<(), Error> {
        let unreadable = |cause| Error::TargetUnreadable { path: root.to_owned(), cause };
        let tree = open(root).map_err(unreadable)?;
        let detail = match read_below(tree.as_fd(), path, TEXT_BYTES_MAX) {
            Some(Content::Whole { bytes, .. }) => {
                self.bytes += bytes.len() as u64;
                let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
                self.files.push((path.to_owned(), crate::source::module::hex(sha256.as_ref())));
                match String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()) {
                    Ok(text) => match take(&text, path, directory) {
                        Ok(said) => {
                            self.join(said, coverage);
                            return Ok(());
                        }
                        Err(detail) => detail,
                    },
                    Err(detail) => detail,
                }
            }
            Some(Content::TooLarge(size)) => format!("{size} bytes; {TEXT_BYTES_MAX} at most are read"),
            Some(Content::Unreadable { detail, .. }) => detail.unwrap_or_default(),
            None | Some(Content::NoFile) => return Ok(()),
        };
        coverage.skip(TreePath::from(path), "services_unreadable", Some(detail.chars().take(300).collect()));
        Ok(())
    }

    fn join(&mut self, said: Said, coverage: &mut Coverage) {
        self.said.host = self.said.host.or(said.host);
        for (path, why, detail) in said.unread {
            coverage.skip(TreePath::from(&*path), why, Some(detail));
        }
        for service in said.services {
            match self.said.services.iter_mut().find(|known| known.name == service.name) {
                Some(known) => merge(known, service),
                None => self.said.services.push(service),
            }
        }
    }
}

/// Of one service, each thing is looked at once.
fn merge(known: &mut Service, more: Service) {
    for check in more.checks {
        let same =
            |it: &super::check::Check| it.what.kind() == check.what.kind() && it.what.name() == check.what.name();
        if !known.checks.iter().any(same) {
            known.checks.push(check);
        }
    }
    known.logs.extend(more.logs);
}

fn take(text: &str, path: &str, directory: &str) -> Result<Said, String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if let Some(unit) = name.strip_suffix(".service") {
        unit::services(text, path, unit)
    } else if name.contains("compose") {
        compose::services(text, path, directory)
    } else {
        config::services(text, path)
    }
}
