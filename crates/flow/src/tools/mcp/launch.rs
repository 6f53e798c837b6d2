//! Starting a program that serves MCP. This room starts none: whoever may hands one in.

use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

/// A program that is to be started.
#[derive(Debug, Clone)]
pub struct McpProgram {
    /// The program; no shell reads it.
    pub command: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables that it gets besides what every such program gets.
    pub environment: Vec<(String, Zeroizing<String>)>,
    /// Where it runs; where all of them do, where nothing is said.
    pub directory: Option<PathBuf>,
}

/// A program that runs.
pub struct Launched {
    /// What it reads.
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    /// What it writes.
    pub output: Box<dyn AsyncRead + Send + Unpin>,
    /// When this is dropped, the program is ended.
    pub alive: Box<dyn Send + Sync>,
}

/// Starts programs.
pub trait Launch: Send + Sync {
    /// Starts a program with no other environment than a minimal one and what is given; called within tokio.
    ///
    /// Errors: why it cannot be started, without arguments and variables.
    fn launch(&self, program: &McpProgram) -> Result<Launched, String>;
}
