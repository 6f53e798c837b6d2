//! Words that a project does not want to see, from a file of its own.
//!
//! ```yaml
//! banned_words:
//!   - word: blacklist
//!     instead: denylist
//!   - pattern: "(?i)todo\\(.*\\)"
//!     why: open work belongs to the tracker
//!     severity: info
//!     paths: ["src/**"]
//! ```

use globset::{Glob, GlobSet, GlobSetBuilder};
use regex::{Regex, RegexBuilder};
use sealbook_record::Severity;

use super::super::service::yaml::{At, read};
use super::tool::Said;
use super::tree::TextFile;

/// Where the file lies where nobody says it.
pub(super) const PLACES: [&str; 4] =
    ["banned-words.yaml", "banned-words.yml", ".sealbook/banned-words.yaml", "config/banned-words.yaml"];
/// Places of one word in one file that are told.
const SHOWN: usize = 100;
const PATTERN_BYTES_MAX: usize = 1 << 20;

pub(super) struct Word {
    name: String,
    regex: Regex,
    /// A word stands by itself; a pattern fits wherever it fits.
    is_word: bool,
    severity: Severity,
    says: String,
    paths: Option<GlobSet>,
}

pub(super) fn words(text: &str) -> Result<Vec<Word>, String> {
    let value = read(text)?;
    let root = At::root(&value);
    let list = if value.is_array() {
        root
    } else {
        root.only(&["banned_words"])?;
        let Some(list) = root.get("banned_words") else { return Ok(Vec::new()) };
        list
    };
    list.list()?.iter().map(word).collect()
}

fn word(at: &At<'_>) -> Result<Word, String> {
    let (name, pattern, is_word) = if at.value.is_string() {
        let word = at.text()?;
        (word.clone(), regex::escape(&word), true)
    } else {
        at.only(&["word", "pattern", "why", "instead", "severity", "paths"])?;
        match (at.get("word"), at.get("pattern")) {
            (Some(word), None) => (word.text()?, regex::escape(&word.text()?), true),
            (None, Some(pattern)) => (pattern.text()?, pattern.text()?, false),
            _ => return Err(at.wrong("it must have either a `word` or a `pattern`")),
        }
    };
    let mut builder = RegexBuilder::new(&pattern);
    builder.case_insensitive(is_word).size_limit(PATTERN_BYTES_MAX);
    let regex = builder.build().map_err(|_| at.wrong("its pattern is none, or too large"))?;
    if regex.is_match("") {
        return Err(at.wrong("its pattern fits nothing at all, and so everywhere"));
    }
    let severity = match at.get("severity") {
        Some(at) => {
            at.text()?.parse().map_err(|_| at.wrong("it must be one of: debug, info, warning, error, critical"))?
        }
        None => Severity::Warning,
    };
    let of = |key: &str, before: &str| -> Result<String, String> {
        Ok(at.get(key).map(|at| at.text()).transpose()?.map_or_else(String::new, |text| format!("{before}{text}")))
    };
    let says = format!("{name:?} is not to be used{}{}", of("why", ": ")?, of("instead", "; write instead: ")?);
    let paths = match at.get("paths") {
        None => None,
        Some(at) => {
            let mut set = GlobSetBuilder::new();
            for path in at.texts()? {
                set.add(Glob::new(&path).map_err(|_| at.wrong("one of them is no glob"))?);
            }
            Some(set.build().map_err(|_| at.wrong("they are too many"))?)
        }
    };
    Ok(Word { name, regex, is_word, severity, says, paths })
}

/// Whether the whole word stands there: `class` is not in `classes`, and `foo_bar` is one word.
fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let is_inner = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let (first, last) = (text[start..end].chars().next(), text[start..end].chars().next_back());
    !(is_inner(first) && is_inner(text[..start].chars().next_back())
        || is_inner(last) && is_inner(text[end..].chars().next()))
}

impl Word {
    pub(super) fn find(&self, file: &TextFile<'_>, said: &mut Vec<Said>) {
        if self.paths.as_ref().is_some_and(|paths| !paths.is_match(file.path)) {
            return;
        }
        let (mut line, mut counted) = (1, 0);
        let whole = |found: &regex::Match<'_>| !self.is_word || is_whole(file.text, found.start(), found.end());
        for found in self.regex.find_iter(file.text).filter(whole).take(SHOWN) {
            line += memchr::memchr_iter(b'\n', &file.text.as_bytes()[counted..found.start()]).count() as u64;
            counted = found.start();
            let column = file.text[..found.start()].rsplit('\n').next().map_or(0, |text| text.chars().count());
            said.push(Said {
                rule: format!("banned-words.{}", self.name),
                severity: self.severity,
                message: self.says.clone(),
                path: file.path.to_owned(),
                line: Some(line),
                line_end: None,
                column: Some(column as u64 + 1),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_and_patterns_as_they_are() {
        let words = words("- master\n- {pattern: 'x+y', severity: info, paths: ['src/**']}\n").unwrap();
        let find = |path: &str, text: &str| {
            let mut said = Vec::new();
            words.iter().for_each(|word| word.find(&TextFile { path, text }, &mut said));
            said.iter().map(|it| (it.line.unwrap(), it.column.unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(find("a.txt", "Master\nmasterful post_master\n  the master.\nxxy"), [(1, 1), (3, 7)]);
        assert_eq!(find("src/a.txt", "é xxy"), [(1, 3)]);
        assert!(super::words("- {word: a, pattern: b}").is_err() && super::words("- {pattern: '('}").is_err());
        assert!(super::words("- {pattern: 'x*'}").is_err());
        assert!(super::words("[]").unwrap().is_empty());
    }
}
