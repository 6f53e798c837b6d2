//! What is written on the command line.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser};
use sealbook_report::Format;

use crate::command::Command;
use crate::exit::{self, Exit};
use crate::failure;

/// The book of record for what agents, people and services do to systems.
///
/// Records are redacted, signed, chained and put into a Merkle tree when they are written, so that
/// anyone can check the book later, offline, with a public key.
///
/// Without --book, the book is that of the project around the working directory (`.sealbook/`),
/// else the one called `default`. Books lie in `$XDG_STATE_HOME/sealbook`, keys in
/// `$XDG_DATA_HOME/sealbook`; `SEALBOOK_HOME` moves both.
#[derive(Debug, Parser)]
#[command(name = "sealbook", version, after_help = EXAMPLES, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sealbook repo                                     audit this repository, seal it, prove the book
  sealbook append --actor ci --action deploy.start --target service:shop
  sealbook query --since '7 days ago' --severity error
  sealbook verify";

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// The book: its name, or its directory (with a `/` in it)
    #[arg(long, global = true, value_name = "NAME|DIR")]
    pub(crate) book: Option<String>,
    /// Whose ledger of the book [default: the project's, else `default`]
    #[arg(long, global = true, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// How to write the answer [default: by the ending of --output, else terminal]
    ///
    /// `json` is one document, `jsonl` one object per row. Their fields are stable: new ones may
    /// be added, none is renamed or removed. With them, an error is one JSON object on standard
    /// error: {"error": {"code", "message", "help", "exit"}}. `cyclonedx` is the bill of materials of
    /// audited modules, `sarif` are the findings of audits, queries and reports as SARIF 2.1.0, `oscal` are the
    /// assessment results of `compliance --framework`.
    #[arg(long, global = true, value_name = "FORMAT", value_parser = formats())]
    pub(crate) format: Option<Format>,
    /// Write the answer to this file instead of standard output
    #[arg(long, short, global = true, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Say nothing beside the answer: no progress, no notes
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// What every command takes that writes records.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Acting {
    /// Who acts: `[user:|agent:|service:|system:]ID` [default: the configured one, else you]
    #[arg(long, value_name = "[KIND:]ID")]
    pub(crate) actor: Option<String>,
}

fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["terminal", "json", "jsonl", "markdown", "md", "html", "cyclonedx", "sarif", "oscal"])
        .try_map(|name| name.parse::<Format>())
}

/// The whole grammar, with the exit codes in every long help.
pub(crate) fn grammar() -> clap::Command {
    with_exit_codes(Cli::command())
}

fn with_exit_codes(command: clap::Command) -> clap::Command {
    let after = command.get_after_help().map_or_else(String::new, |after| format!("{after}\n\n"));
    command.after_long_help(format!("{after}{}", exit::CODES)).mut_subcommands(with_exit_codes)
}

/// Reads the command line.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Cli, Stop> {
    let arguments: Vec<OsString> = arguments.collect();
    grammar()
        .try_get_matches_from(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| Stop { error, format: wanted_format(&arguments) })
}

/// The format in which an error is wanted, from arguments that could not be read.
fn wanted_format(arguments: &[OsString]) -> Format {
    let texts: Vec<&str> = arguments.iter().map(|argument| argument.to_str().unwrap_or_default()).collect();
    let apart = texts.windows(2).find(|pair| pair[0] == "--format").map(|pair| pair[1]);
    let joined = texts.iter().find_map(|text| text.strip_prefix("--format="));
    apart.or(joined).and_then(|name| name.parse().ok()).unwrap_or_default()
}

/// Why no command is run: help was asked for, or the arguments are wrong.
pub(crate) struct Stop {
    error: clap::Error,
    format: Format,
}

impl Stop {
    /// Says it, and gives the exit.
    pub(crate) fn show(self) -> Exit {
        match self.error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                let _ = self.error.print();
                Exit::Clean
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                let _ = write!(std::io::stderr(), "{}", self.error.render());
                Exit::Failure
            }
            _ => {
                failure::say("usage", &told(&self.error), Exit::Failure, self.format);
                Exit::Failure
            }
        }
    }
}

/// The error in one line and a mend. What was given is not quoted, except for the names of
/// options: it may be a secret in the wrong place.
fn told(error: &clap::Error) -> String {
    let argument = text_of(error, ContextKind::InvalidArg);
    let option = argument.as_deref().map(|text| text.split('=').next().unwrap_or(text).to_owned());
    let what = match (error.kind(), option) {
        (ErrorKind::UnknownArgument, Some(option)) if option.starts_with('-') => {
            format!("there is no option `{option}`")
        }
        (ErrorKind::UnknownArgument, _) => "there is an argument too many".to_owned(),
        (ErrorKind::InvalidSubcommand, _) => "there is no such command".to_owned(),
        (ErrorKind::MissingSubcommand, _) => "a command is missing".to_owned(),
        (ErrorKind::MissingRequiredArgument, Some(missing)) => format!("missing: {missing}"),
        (ErrorKind::InvalidValue, Some(option)) => format!("`{option}` needs another value"),
        (ErrorKind::ValueValidation, Some(option)) => {
            let why = std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"));
            format!("`{option}` cannot be read{why}")
        }
        (ErrorKind::ArgumentConflict, Some(option)) => {
            let other = text_of(error, ContextKind::PriorArg).unwrap_or_default();
            format!("`{option}` does not go with `{other}`")
        }
        (ErrorKind::InvalidUtf8, _) => "an argument is not UTF-8".to_owned(),
        (_, Some(option)) => format!("`{option}` cannot be used like this"),
        (_, None) => "the arguments cannot be read".to_owned(),
    };
    format!("{what}; {}", mend(error))
}

fn mend(error: &clap::Error) -> String {
    for (kind, words) in [
        (ContextKind::SuggestedArg, "did you mean"),
        (ContextKind::SuggestedSubcommand, "did you mean"),
        (ContextKind::SuggestedValue, "did you mean"),
        (ContextKind::ValidValue, "choose one of"),
    ] {
        if let Some(text) = text_of(error, kind).filter(|text| !text.is_empty()) {
            return format!("{words} `{text}`");
        }
    }
    let usage = text_of(error, ContextKind::Usage).unwrap_or_default();
    let usage = usage.split_whitespace().skip_while(|word| *word == "Usage:").collect::<Vec<_>>().join(" ");
    if usage.is_empty() { "see `sealbook --help`".to_owned() } else { format!("write `{usage}`, or see --help") }
}

fn text_of(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(", ")),
        ContextValue::StyledStr(text) => Some(text.to_string()),
        ContextValue::StyledStrs(texts) => Some(texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_grammar_holds() {
        super::grammar().debug_assert();
    }
}
