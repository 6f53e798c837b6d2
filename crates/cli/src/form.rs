//! The form of records on lines: ours, or that of an older audit system.

use sealbook_record::{Defaults, Dialect, Record};
use sealbook_store::daily;

use crate::failure::Failure;

/// How records stand on lines.
#[derive(Debug, Default, PartialEq, clap::Args)]
pub(crate) struct Given {
    /// The form of another system: `audit_logger`, `audit_log`, `jsonl`, `ami`, `booking` or `cloudevents`
    #[arg(long, value_name = "NAME")]
    dialect: Option<String>,
}

/// How a record stands on a line.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// As we write it.
    Own,
    /// As another system wrote it.
    Dialect(&'static Dialect),
}

impl Given {
    /// Whether nothing was asked for.
    pub(crate) fn is_own(&self) -> bool {
        self.dialect.is_none()
    }

    pub(crate) fn read(&self) -> Result<Form, Failure> {
        let named = |name: &String| Dialect::named(name).map_err(|cause| Failure::from(cause).at("--dialect"));
        Ok(self.dialect.as_ref().map(named).transpose()?.map_or(Form::Own, Form::Dialect))
    }
}

impl Form {
    pub(crate) fn read(self, line: &str, defaults: Defaults) -> Result<Record, sealbook_record::Error> {
        match self {
            Self::Own => Record::from_json(line, defaults),
            Self::Dialect(dialect) => dialect.read(line, defaults),
        }
    }

    pub(crate) fn write(self, record: &Record) -> String {
        match self {
            Self::Own => record.to_json(),
            Self::Dialect(dialect) => dialect.write(record),
        }
    }

    /// Whether the line is no record, but links a daily file to the one before it.
    pub(crate) fn is_link(self, line: &str) -> bool {
        matches!(self, Self::Dialect(dialect) if dialect.name == daily::DIALECT) && daily::is_link(line)
    }
}
