//! A server's name, from the command that runs it.

/// Programs that run another one, which is named by the first argument that is no option.
static LAUNCHERS: &[&str] = &[
    "npx", "bunx", "pnpx", "uvx", "pipx", "node", "deno", "bun", "python", "python3", "uv", "npm", "pnpm", "docker",
    "podman", "env", "sh", "bash", "cmd",
];
/// Arguments of launchers that are no names.
static VERBS: &[&str] = &["run", "exec", "dlx", "x", "tool", "start", "-y", "-m", "-c"];

/// `server-filesystem` for `npx -y @modelcontextprotocol/server-filesystem@1.2 /home`.
pub(super) fn of(command: &[String]) -> String {
    let mut rest = command.iter();
    let mut name = last_piece(rest.next().map_or("server", String::as_str));
    while LAUNCHERS.contains(&without_ending(name)) {
        let next = rest.find(|text| !text.starts_with('-') && !VERBS.contains(&text.as_str()) && !text.contains('='));
        match next {
            Some(next) => name = last_piece(next),
            None => break,
        }
    }
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    let name: String = name.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')).take(64).collect();
    if name.is_empty() { "server".to_owned() } else { name }
}

/// The last piece of a path or a package's name; the version of a package stays on.
fn last_piece(text: &str) -> &str {
    let text = text.trim_end_matches('/');
    text.rsplit(['/', '\\']).next().unwrap_or(text)
}

fn without_ending(name: &str) -> &str {
    name.strip_suffix(".exe").or(name.strip_suffix(".cmd")).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_server_is_called_what_people_call_it() {
        let of = |text: &str| super::of(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        for (command, name) in [
            ("npx -y @modelcontextprotocol/server-filesystem@1.2 /home", "server-filesystem"),
            ("/usr/bin/node dist/index.js --stdio", "index.js"),
            ("uv tool run mcp-server-git --repository .", "mcp-server-git"),
            ("python3 -m mcp_server_fetch", "mcp_server_fetch"),
            ("docker run -i --rm mcp/time", "time"),
            ("./my-server", "my-server"),
            ("env A=1 ./x", "x"),
            ("npx", "npx"),
        ] {
            assert_eq!(of(command), name, "{command}");
        }
        assert_eq!(super::of(&[]), "server");
    }
}
