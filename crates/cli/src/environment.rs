//! What the program finds around it, read once.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sealbook_record::TimeZone;
use sealbook_report::Screen;
use zeroize::Zeroizing;

/// Environment, working directory and terminal.
pub(crate) struct Environment {
    /// `SEALBOOK_HOME`: moves books, keys and heads.
    pub(crate) sealbook_home: Option<PathBuf>,
    /// `XDG_STATE_HOME`, or what stands for it.
    pub(crate) state_home: Option<PathBuf>,
    /// `XDG_DATA_HOME`, or what stands for it.
    pub(crate) data_home: Option<PathBuf>,
    /// The home directory.
    pub(crate) home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, or what stands for it.
    pub(crate) config_home: Option<PathBuf>,
    /// `CODEX_HOME`: where Codex keeps its settings.
    pub(crate) codex_home: Option<PathBuf>,
    /// `COMPLIANCE_DOMAIN`: the domain of reviews that name none.
    pub(crate) compliance_domain: Option<String>,
    /// Variables of the older audit logger that are set and not heeded, each with what to do instead.
    pub(crate) unheeded: Vec<(&'static str, &'static str)>,
    /// `WORKFLOW_COMPOSER_ENABLED`: whether the MCP server composes and runs workflows.
    pub(crate) composes: bool,
    /// `VISUAL_DIAGRAMS_ENABLED`: whether it draws them.
    pub(crate) draws: bool,
    /// `WORKFLOW_EXECUTION_TIMEOUT`: how many seconds a run lasts at most that was begun there.
    pub(crate) run_seconds_max: Result<Option<u64>, &'static str>,
    /// Where the program was started.
    pub(crate) current_dir: PathBuf,
    /// What standard output is able to show.
    pub(crate) screen: Screen,
    /// Whether a person sees standard error.
    pub(crate) is_watched: bool,
    /// The zone in which dates without one are meant. Read when one is: to find it, many directories are.
    pub(crate) zone: LazyLock<TimeZone>,
}

/// What the older audit logger documented, and what stands for it here.
static UNHEEDED: &[(&str, &str)] = &[
    ("AUDIT_ENABLED", "recording has no switch; whoever serves a book records in it"),
    ("AUDIT_DB_PATH", "`--book` or the project's pointer names the book"),
    ("AUDIT_RETENTION_YEARS", "rules say how long records are kept, docs/rules.md shows how"),
];

impl Environment {
    pub(crate) fn read() -> Self {
        let home = absolute("HOME");
        let beneath = |name: &str, below: &str| absolute(name).or_else(|| Some(home.as_ref()?.join(below)));
        let current_dir = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let on_terminal = std::io::stdout().is_terminal();
        let wants_colour = variable("NO_COLOR").is_none() && variable("TERM").is_none_or(|term| term != "dumb");
        Self {
            sealbook_home: variable("SEALBOOK_HOME").map(|home| current_dir.join(home)),
            codex_home: absolute("CODEX_HOME"),
            state_home: beneath("XDG_STATE_HOME", ".local/state"),
            data_home: beneath("XDG_DATA_HOME", ".local/share"),
            config_home: beneath("XDG_CONFIG_HOME", ".config"),
            home: home.clone(),
            screen: Screen { width: width(on_terminal), colour: on_terminal && wants_colour },
            compliance_domain: variable("COMPLIANCE_DOMAIN").and_then(|domain| domain.into_string().ok()),
            composes: is_on("WORKFLOW_COMPOSER_ENABLED"),
            draws: is_on("VISUAL_DIAGRAMS_ENABLED"),
            run_seconds_max: seconds("WORKFLOW_EXECUTION_TIMEOUT"),
            unheeded: UNHEEDED.iter().copied().filter(|(name, _)| variable(name).is_some()).collect(),
            is_watched: std::io::stderr().is_terminal(),
            zone: LazyLock::new(TimeZone::system),
            current_dir,
        }
    }

    /// Directories by the variables that name them, or would.
    pub(crate) fn directories(&self) -> Vec<(String, PathBuf)> {
        [
            ("HOME", &self.home),
            ("SEALBOOK_HOME", &self.sealbook_home),
            ("XDG_CONFIG_HOME", &self.config_home),
            ("XDG_DATA_HOME", &self.data_home),
            ("XDG_STATE_HOME", &self.state_home),
        ]
        .into_iter()
        .filter_map(|(name, path)| Some((name.to_owned(), path.clone()?)))
        .collect()
    }

    /// Every variable, for a digest of them.
    pub(crate) fn variables() -> Vec<(OsString, OsString)> {
        std::env::vars_os().collect()
    }

    /// The program itself, so that others can start it whatever their `PATH` says.
    pub(crate) fn program() -> std::io::Result<PathBuf> {
        std::env::current_exe()
    }

    /// `path` from the root on, nothing resolved.
    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        self.current_dir.join(path)
    }
}

/// The value of a variable that holds a secret; nobody keeps it longer than needed.
pub(crate) fn secret(name: &str) -> Option<Zeroizing<String>> {
    // A name with these in it makes the system's function panic.
    let is_name = !name.is_empty() && !name.contains(['=', '\0']);
    is_name.then(|| variable(name)).flatten()?.into_string().ok().map(Zeroizing::new)
}

/// An empty variable is an unset one.
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// A switch that is on where nobody turns it off.
fn is_on(name: &str) -> bool {
    let value = variable(name).and_then(|value| value.into_string().ok()).unwrap_or_default();
    !matches!(value.trim().to_ascii_lowercase().as_str(), "false" | "0" | "no" | "off")
}

/// A number of seconds.
fn seconds(name: &'static str) -> Result<Option<u64>, &'static str> {
    let Some(value) = variable(name) else { return Ok(None) };
    let seconds = value.to_str().and_then(|text| text.trim().parse().ok()).filter(|seconds| *seconds > 0);
    seconds.map(Some).ok_or(name)
}

/// XDG Base Directory Specification: relative paths are to be ignored.
fn absolute(name: &str) -> Option<PathBuf> {
    variable(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

fn width(on_terminal: bool) -> Option<u16> {
    if !on_terminal {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col)
}
