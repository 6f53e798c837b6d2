//! What stands around a place: a stranger's words harm a workflow where a shell reads them and not where they are handed
//! over, and whoever offers a switch is not whoever turns it off.

/// Whether what a rule found is what it looks for, at this place.
pub(super) fn holds(rule: &str, text: &[u8], at: usize) -> bool {
    match rule {
        "workflow-injection" => is_in_script(text, at),
        "workflow-foreign-code" => {
            let has = |word: &str| memchr::memmem::find(text, word.as_bytes()).is_some();
            has("pull_request_target") && has("actions/checkout")
        }
        "tls-unverified" => !is_own_switch(text, at),
        _ => true,
    }
}

/// Whether Python sets a connection up without verification where its caller asked for that: in a branch over `verify`.
fn is_own_switch(text: &[u8], at: usize) -> bool {
    let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |nl| nl + 1);
    let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |nl| at + nl);
    let indent = |line: &[u8]| line.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    if memchr::memmem::find(&text[start..end], b"CERT_NONE").is_none() {
        return false;
    }
    let mut above = text[..start].split(|byte| *byte == b'\n').rev().filter(|line| !line.trim_ascii().is_empty());
    let own = indent(&text[start..end]);
    let Some(mut branch) = above.find(|line| indent(line) < own) else { return false };
    // What `else` is the other side of.
    while branch.trim_ascii_start().starts_with(b"el") {
        let column = indent(branch);
        let Some(other) = above.find(|line| indent(line) <= column) else { return false };
        if indent(other) < column {
            return false;
        }
        branch = other;
    }
    let condition = branch.trim_ascii_start();
    condition.starts_with(b"if ") && memchr::memmem::find(condition, b"verify").is_some()
}

/// Whether a place is in the body of a script: in the line of `run:` or `script:`, or further in than one above it.
fn is_in_script(text: &[u8], at: usize) -> bool {
    let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |nl| nl + 1);
    let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |nl| at + nl);
    let line = &text[start..end];
    if is_script(line) {
        return true;
    }
    let mut column = key_column(line);
    for line in text[..start].split(|byte| *byte == b'\n').rev() {
        if line.trim_ascii().is_empty() || key_column(line) >= column {
            continue;
        }
        if is_script(line) {
            return true;
        }
        column = key_column(line);
        if column == 0 {
            return false;
        }
    }
    false
}

/// Where the key of a line stands; that of a list's entry stands behind the dash.
fn key_column(line: &[u8]) -> usize {
    line.iter().take_while(|byte| matches!(byte, b' ' | b'-')).count()
}

fn is_script(line: &[u8]) -> bool {
    let key = &line[key_column(line)..];
    [&b"run"[..], b"script"]
        .iter()
        .any(|word| key.strip_prefix(*word).is_some_and(|rest| rest.trim_ascii_start().starts_with(b":")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_over_what_a_caller_asked_for_is_told_from_turning_it_off() {
        for (text, is) in [
            ("if verify is False:\n    reqs = 'CERT_NONE'\n", true),
            ("if url and verify:\n    a = 1\n    if b:\n        c = 1\n\nelse:\n    reqs = 'CERT_NONE'\n", true),
            ("if debug:\n    reqs = 'CERT_NONE'\n", false),
            ("def verify():\n    reqs = 'CERT_NONE'\n", false),
            ("reqs = 'CERT_NONE'\n", false),
            ("if verify:\n    get(url, verify=False)\n", false),
        ] {
            let at = text.find("CERT_NONE").or_else(|| text.find("verify=False")).expect("a place");
            assert_eq!(is_own_switch(text.as_bytes(), at), is, "{text}");
        }
    }

    #[test]
    fn a_script_is_told_from_what_is_handed_to_it() {
        let head = "jobs:\n  a:\n    steps:\n";
        for (rest, is) in [
            ("      - run: echo \"@\"\n", true),
            ("      - name: a\n        run: |\n          if true; then\n            echo @\n          fi\n", true),
            ("      - uses: actions/github-script@v7\n        with:\n          script: |\n            f('@')\n", true),
            ("      - run: echo \"$T\"\n        env:\n          T: \"@\"\n", false),
            ("      - env:\n          T: \"@\"\n        run: echo \"$T\"\n", false),
            ("      - uses: some/action@v1\n        with:\n          branch: @\n", false),
            ("concurrency:\n  group: a-@\n", false),
        ] {
            let text = format!("{head}{rest}");
            let at = text.find('@').filter(|_| !rest.contains("@v")).or_else(|| text.rfind('@')).expect("a place");
            assert_eq!(is_in_script(text.as_bytes(), at), is, "{rest}");
        }
    }
}
