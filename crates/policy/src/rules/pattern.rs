//! Texts that stand for many: regular expressions in linear time, and globs.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

use super::literals::Literals;

/// Bytes of a pattern.
const PATTERN_BYTES_MAX: usize = 2_048;
/// Bytes of a compiled one: counted repetitions of counted repetitions end here.
const COMPILED_BYTES_MAX: usize = 1 << 20;
pub(crate) const NEST_MAX: u32 = 32;

/// A regular expression within bounds; what is wrong with it otherwise.
pub(crate) fn regex(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(format!("the pattern is longer than {PATTERN_BYTES_MAX} bytes; split the rule"));
    }
    RegexBuilder::new(pattern)
        .size_limit(COMPILED_BYTES_MAX)
        .dfa_size_limit(COMPILED_BYTES_MAX)
        .nest_limit(NEST_MAX)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the pattern grows too large; use smaller counts in `{…}`".to_owned(),
            _ => "the pattern is no regular expression in linear time (no look-around, no back-references); \
                  check its brackets and escapes"
                .to_owned(),
        })
}

/// When patterns and programs are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// At once, so that what is wrong with them is known.
    Now,
    /// When a text first needs them: they were checked before.
    Needed,
}

/// A regular expression that knows, before it is compiled, of most texts that it does not fit them.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: String,
    words: bool,
    literals: Option<Literals>,
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// With `words`, a text to be found between the borders of words.
    ///
    /// A word is a run of letters and digits. `_`, `-` and `.` are borders, and so is the hump of a
    /// camelCase name: `key` is a word of `api_key`, `apiKey` and `ssh-key`, and of `monkey` it is none.
    pub(crate) fn new(text: &str, words: bool, when: When) -> Result<Self, String> {
        let regex = match when {
            When::Now => OnceLock::from(Some(compile(text, words)?)),
            When::Needed => OnceLock::new(),
        };
        Ok(Self { text: text.to_owned(), words, literals: Literals::of(text), regex })
    }

    /// Whether it fits; `None` where it cannot be compiled.
    pub(crate) fn is_in(&self, text: &str) -> Option<bool> {
        match self.is_right_in(text) {
            Some(false) if self.words => at_humps(text).map_or(Some(false), |text| self.is_right_in(&text)),
            said => said,
        }
    }

    fn is_right_in(&self, text: &str) -> Option<bool> {
        if self.literals.as_ref().is_some_and(|literals| !literals.may_be_in(text)) {
            return Some(false);
        }
        let regex = self.regex.get_or_init(|| compile(&self.text, self.words).ok());
        regex.as_ref().map(|regex| regex.is_match(text))
    }
}

fn compile(pattern: &str, words: bool) -> Result<Regex, String> {
    let own = regex(pattern)?;
    if !words {
        return Ok(own);
    }
    // Borders are matched, since nothing may look around: only whether it fits is asked.
    regex(&format!(r"(?:^|[^\p{{L}}\p{{N}}])(?:{pattern})(?:$|[^\p{{L}}\p{{N}}])"))
}

/// The text with a blank at each hump; `None` where it has none.
fn at_humps(text: &str) -> Option<String> {
    let is_hump =
        |pair: &[u8]| (pair[0].is_ascii_lowercase() || pair[0].is_ascii_digit()) && pair[1].is_ascii_uppercase();
    if !text.as_bytes().windows(2).any(is_hump) {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    for c in text.chars() {
        if (before.is_ascii_lowercase() || before.is_ascii_digit()) && c.is_ascii_uppercase() {
            out.push(' ');
        }
        out.push(c);
        before = c;
    }
    Some(out)
}

/// A glob: `*` is anything but `/`, `**` anything, `?` one character; all else is itself.
#[derive(Debug, Clone)]
pub(crate) enum Glob {
    Everything,
    Exact(String),
    /// `file.*`, where nothing after the dot has a `/`.
    Prefix(String),
    Regex(Regex),
}

impl Glob {
    pub(crate) fn new(glob: &str) -> Result<Self, String> {
        if glob == "**" || glob == "*" {
            return Ok(if glob == "**" { Self::Everything } else { Self::Prefix(String::new()) });
        }
        if !glob.contains(['*', '?']) {
            return Ok(Self::Exact(glob.to_owned()));
        }
        if let Some(prefix) = glob.strip_suffix('*')
            && !prefix.contains(['*', '?'])
        {
            return Ok(Self::Prefix(prefix.to_owned()));
        }
        let mut pattern = String::from("(?s)^");
        let mut chars = glob.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '*' if chars.peek() == Some(&'*') => {
                    chars.next();
                    pattern.push_str(".*");
                }
                '*' => pattern.push_str("[^/]*"),
                '?' => pattern.push_str("[^/]"),
                other => pattern.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
            }
        }
        pattern.push('$');
        regex(&pattern).map(Self::Regex)
    }

    pub(crate) fn fits(&self, text: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Exact(exact) => exact == text,
            Self::Prefix(prefix) => text.strip_prefix(prefix.as_str()).is_some_and(|rest| !rest.contains('/')),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_borders() {
        for when in [When::Now, When::Needed] {
            words_have_borders_when(when);
        }
    }

    fn words_have_borders_when(when: When) {
        let words = Pattern::new("(?i:key|token)s?", true, when).unwrap();
        let is_in = |text: &str| words.is_in(text).expect("it compiles");
        for text in ["key", "api_key", "apiKey", "ssh-key", "rotate keys", "KEY=1", "a.token", "userTokens", "x/key/y"]
        {
            assert!(is_in(text), "{text}");
        }
        for text in ["monkey", "keyboard", "tokenizer", "turkey", "keyed", "Mickey"] {
            assert!(!is_in(text), "{text}");
        }
    }

    #[test]
    fn globs_keep_to_their_directory() {
        let fits = |glob: &str, text: &str| Glob::new(glob).unwrap().fits(text);
        assert!(fits("file.*", "file.write") && !fits("file.*", "file"));
        assert!(fits("/etc/**", "/etc/ssh/key") && !fits("/etc/*", "/etc/ssh/key"));
        assert!(fits("*.p?m", "a.pem") && !fits("*.p?m", "a.pm") && !fits("*.pem", "x/a.pem"));
        assert!(fits("a+b", "a+b") && !fits("a+b", "aab"));
        assert!(fits("**", "a/b\nc") && fits("*", "a b"));
    }

    #[test]
    fn patterns_are_bounded() {
        assert!(regex("(a{1000}){1000}").is_err());
        assert!(regex(&"(".repeat(100_000)).is_err());
        assert!(regex(&format!("{}a{}", "(".repeat(900), ")".repeat(900))).is_err());
        assert!(regex("(?=a)").is_err() && regex(r"(a)\1").is_err());
        assert!(Pattern::new("a)(b", true, When::Now).is_err());
        assert_eq!(Pattern::new("a)(b", true, When::Needed).unwrap().is_in("a"), None);
    }
}
