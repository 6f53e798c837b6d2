//! What agents' tools do, as they declare it: by whole names, never by pieces of them.

use std::path::PathBuf;

use sealbook_record::{Category, Target, TargetKind};
use serde_json::value::RawValue;

/// What a call of a tool is.
pub(super) struct Deed {
    pub(super) action: &'static str,
    pub(super) category: Category,
    pub(super) target: Target,
    /// Files that the call changes.
    pub(super) writes: Vec<PathBuf>,
}

/// What the target is.
#[derive(Clone, Copy, PartialEq)]
enum To {
    /// The tool itself.
    Tool,
    /// A file that is read, or a directory.
    File,
    /// A file that is changed.
    Written,
    /// Files that a patch names.
    Patched,
    /// Somewhere on the network.
    Url,
}

struct Tool {
    names: &'static [&'static str],
    action: &'static str,
    category: Category,
    to: To,
}

static TOOLS: &[Tool] = &[
    Tool {
        names: &[
            "Bash",
            "Shell",
            "shell",
            "local_shell",
            "exec_command",
            "unified_exec",
            "run_shell_command",
            "PowerShell",
        ],
        action: "command.run",
        category: Category::CodeExecution,
        to: To::Tool,
    },
    Tool {
        names: &["Read", "TabRead", "read_file", "read_many_files", "view_image", "NotebookRead"],
        action: "file.read",
        category: Category::FileRead,
        to: To::File,
    },
    Tool {
        names: &["Write", "Edit", "MultiEdit", "NotebookEdit", "StrReplace", "TabWrite", "write_file", "replace"],
        action: "file.write",
        category: Category::FileWrite,
        to: To::Written,
    },
    Tool { names: &["apply_patch"], action: "file.write", category: Category::FileWrite, to: To::Patched },
    Tool { names: &["Delete", "delete_file"], action: "file.delete", category: Category::FileWrite, to: To::Written },
    Tool {
        names: &[
            "Glob",
            "Grep",
            "LS",
            "SemanticSearch",
            "glob",
            "grep",
            "grep_search",
            "list_directory",
            "list_dir",
            "search_file_content",
        ],
        action: "file.search",
        category: Category::FileRead,
        to: To::File,
    },
    Tool { names: &["WebFetch", "web_fetch"], action: "web.fetch", category: Category::DataAccess, to: To::Url },
    Tool {
        names: &["WebSearch", "google_web_search", "web_search"],
        action: "web.search",
        category: Category::DataAccess,
        to: To::Tool,
    },
    Tool { names: &["Task", "Agent"], action: "agent.start", category: Category::AgentDecision, to: To::Tool },
];

/// Fields in which tools name the file they are about, the first that is there.
const PATHS: &[&str] =
    &["file_path", "path", "notebook_path", "absolute_path", "filePath", "target_file", "dir_path", "target_directory"];

/// What the call of a tool is, by its name, by what the agent says of its server, and by what it is given.
pub(super) fn deed(tool: &str, of_server: Option<String>, input: Option<&RawValue>) -> Deed {
    if let Some(name) = of_server.or_else(|| mcp_name(tool)) {
        let target = Target::new(TargetKind::Tool, name);
        return Deed { action: "tools.call", category: Category::McpCall, target, writes: Vec::new() };
    }
    let own = || Target::new(TargetKind::Tool, tool);
    let Some(known) = TOOLS.iter().find(|known| known.names.contains(&tool)) else {
        return Deed { action: "tool.call", category: Category::ToolCall, target: own(), writes: Vec::new() };
    };
    let writes: Vec<PathBuf> = match known.to {
        To::Written => field(input, PATHS).into_iter().map(PathBuf::from).collect(),
        To::Patched => patched(input),
        _ => Vec::new(),
    };
    let target = match known.to {
        To::Tool => own(),
        To::Url => field(input, &["url", "uri"]).map_or_else(own, |url| Target::new(TargetKind::Service, url)),
        To::File | To::Written => field(input, PATHS).map_or_else(own, |path| Target::new(TargetKind::File, path)),
        To::Patched => {
            writes.first().map_or_else(own, |path| Target::new(TargetKind::File, path.display().to_string()))
        }
    };
    Deed { action: known.action, category: known.category, target, writes }
}

/// `mcp__server__tool`, or `MCP:tool`.
fn mcp_name(tool: &str) -> Option<String> {
    let name = match tool.strip_prefix("mcp__") {
        Some(rest) => rest.split_once("__").map(|(server, tool)| format!("{server}/{tool}")),
        None => tool.strip_prefix("MCP:").map(|rest| rest.replacen(':', "/", 1)),
    };
    name.filter(|name| !name.is_empty())
}

fn field(input: Option<&RawValue>, names: &[&str]) -> Option<String> {
    let fields: std::collections::HashMap<String, Box<RawValue>> = serde_json::from_str(input?.get()).ok()?;
    names
        .iter()
        .filter_map(|name| serde_json::from_str::<String>(fields.get(*name)?.get()).ok())
        .find(|text| !text.is_empty())
}

/// The files that a patch of the form `*** Update File: PATH` names.
fn patched(input: Option<&RawValue>) -> Vec<PathBuf> {
    let Some(patch) = field(input, &["command", "input", "patch"]) else { return Vec::new() };
    let marks = ["*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: "];
    let named = patch.lines().filter_map(|line| marks.iter().find_map(|mark| line.strip_prefix(mark)));
    named.map(|path| PathBuf::from(path.trim())).take(100).collect()
}
