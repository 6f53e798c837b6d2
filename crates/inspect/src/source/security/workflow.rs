//! Where in a workflow something stands: a stranger's words harm where a shell reads them, not where they are handed over.

/// Whether what a rule of workflows found is what it looks for, at this place.
pub(super) fn holds(rule: &str, text: &[u8], at: usize) -> bool {
    match rule {
        "workflow-injection" => is_in_script(text, at),
        "workflow-foreign-code" => {
            let has = |word: &str| memchr::memmem::find(text, word.as_bytes()).is_some();
            has("pull_request_target") && has("actions/checkout")
        }
        _ => true,
    }
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
    [&b"run"[..], b"script"].iter().any(|word| {
        key.strip_prefix(*word).is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
