//! A text as a shell would take it apart: simple commands, and the words of each.
//!
//! It is no shell. What a variable or a program would make of a word is not known here; quotes, escapes and
//! continued lines are taken away, so that they hide nothing.

/// Texts within texts that are looked into: `sh -c "sh -c '…'"`.
const NEST_MAX: usize = 4;
/// Words that are looked at.
const WORDS_MAX: usize = 65_536;
/// Programs that run a text they are given.
static RUNNERS: &[&str] = &[
    "ash", "bash", "busybox", "dash", "env", "eval", "exec", "fish", "ksh", "node", "nohup", "parallel", "perl",
    "python", "python3", "ruby", "screen", "script", "sh", "ssh", "su", "tmux", "watch", "xargs", "zsh",
];

/// Calls `each` with the words of every simple command until it says `true`; whether it did.
pub(crate) fn any_command(text: &str, each: &mut dyn FnMut(&[String]) -> bool) -> bool {
    let mut left = WORDS_MAX;
    nested(text, 0, &mut left, each)
}

/// The last piece of a word that names a program, in small letters.
pub(crate) fn program(word: &str) -> String {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word).to_ascii_lowercase();
    name.strip_suffix(".exe").map(str::to_owned).unwrap_or(name)
}

fn nested(text: &str, depth: usize, left: &mut usize, each: &mut dyn FnMut(&[String]) -> bool) -> bool {
    for command in commands(text) {
        *left = left.saturating_sub(command.len());
        if *left == 0 {
            return false;
        }
        if each(&command) {
            return true;
        }
        if depth == NEST_MAX {
            continue;
        }
        let mut runs = depth > 0;
        for word in &command {
            // A text in a text: given to a shell, or put in by one.
            let is_text = word.contains(char::is_whitespace) && runs;
            if (is_text || word.contains("$(") || word.contains('`')) && nested(word, depth + 1, left, each) {
                return true;
            }
            let is_option = word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
            runs = runs || is_option || RUNNERS.contains(&program(word).as_str());
        }
    }
    false
}

/// The words of each simple command.
fn commands(text: &str) -> Vec<Vec<String>> {
    let (mut commands, mut words) = (Vec::new(), Vec::new());
    let mut word: Option<String> = None;
    let mut chars = text.chars().peekable();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None | Some('"'), '\\') => match chars.next() {
                // A line that goes on.
                Some('\n') | None => {}
                Some('\r') if chars.peek() == Some(&'\n') => drop(chars.next()),
                Some(next) => word.get_or_insert_default().push(next),
            },
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ';' | '&' | '|' | '(' | ')' | '{' | '}' | '`' | '\n' | '\r') => {
                // `${NAME}` is of the word; `{a,b}` is taken for several commands, which hides nothing.
                if c == '{' && word.as_deref().is_some_and(|word| word.ends_with('$')) {
                    let name: String = std::iter::from_fn(|| chars.next_if(|c| *c != '}')).collect();
                    chars.next();
                    word.get_or_insert_default().push_str(&name);
                    continue;
                }
                words.extend(word.take());
                commands.push(std::mem::take(&mut words));
            }
            (None, '<' | '>') => words.extend(word.take()),
            (None, _) if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    commands.push(words);
    commands.retain(|words| !words.is_empty());
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        any_command(text, &mut |words| {
            all.push(words.join("|"));
            false
        });
        all
    }

    #[test]
    fn quotes_escapes_and_continued_lines_hide_nothing() {
        for (text, commands) in [
            ("a b", &["a|b"][..]),
            ("a \\\n  b; c", &["a|b", "c"]),
            ("a'b'\"c\" 'd e'", &["abc|d e"]),
            ("x=1 s\\ealbook && y >z", &["x=1|sealbook", "y|z"]),
            ("git commit -m \"a b\"", &["git|commit|-m|a b"]),
            ("bash -lc \"a 'b c'\"", &["bash|-lc|a 'b c'", "a|b c", "b|c"]),
            ("ls \"$(a b)\"", &["ls|$(a b)", "$", "a|b"]),
            ("ls ${HOME}/x", &["ls|$HOME/x"]),
            ("'open", &["open"]),
            ("", &[]),
        ] {
            assert_eq!(all(text), commands, "{text}");
        }
    }
}
