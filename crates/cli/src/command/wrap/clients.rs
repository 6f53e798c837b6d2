//! Where MCP clients keep the list of their servers.

use std::path::PathBuf;

use crate::environment::Environment;

/// One client.
pub(super) struct Client {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// The key of the map of servers.
    pub(super) key: &'static str,
    /// Its files: the first that is there is meant.
    files: &'static [Base],
}

enum Base {
    /// Below the project, where the command was given.
    Project(&'static str),
    /// Below the home directory.
    Home(&'static str),
    /// Below the directory of configurations.
    Config(&'static str),
}

/// Every client there is; a new one is one line.
pub(super) static CLIENTS: &[Client] = &[
    Client {
        name: "claude-desktop",
        key: "mcpServers",
        files: &[
            Base::Home("Library/Application Support/Claude/claude_desktop_config.json"),
            Base::Config("Claude/claude_desktop_config.json"),
        ],
    },
    Client { name: "claude-code", key: "mcpServers", files: &[Base::Project(".mcp.json"), Base::Home(".claude.json")] },
    Client {
        name: "cursor",
        key: "mcpServers",
        files: &[Base::Project(".cursor/mcp.json"), Base::Home(".cursor/mcp.json")],
    },
    Client {
        name: "vscode",
        key: "servers",
        files: &[
            Base::Project(".vscode/mcp.json"),
            Base::Home("Library/Application Support/Code/User/mcp.json"),
            Base::Config("Code/User/mcp.json"),
        ],
    },
    Client { name: "windsurf", key: "mcpServers", files: &[Base::Home(".codeium/windsurf/mcp_config.json")] },
    Client {
        name: "gemini",
        key: "mcpServers",
        files: &[Base::Project(".gemini/settings.json"), Base::Home(".gemini/settings.json")],
    },
];

impl Client {
    /// The client of that name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        CLIENTS.iter().find(|client| client.name == name)
    }

    /// Where its file may lie, the likeliest first.
    pub(super) fn candidates(&self, environment: &Environment) -> Vec<PathBuf> {
        let at = |base: &Base| match base {
            Base::Project(path) => Some(environment.current_dir.join(path)),
            Base::Home(path) => Some(environment.home.as_ref()?.join(path)),
            Base::Config(path) => Some(environment.config_home.as_ref()?.join(path)),
        };
        self.files.iter().filter_map(at).collect()
    }
}
