//! The glob that narrows a run: `base/**/*.py`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

use crate::Error;

/// A glob over paths below the root; `*` does not cross a `/`, `**` does.
pub(super) struct Pattern {
    matcher: GlobMatcher,
    /// Leading components without a wildcard, each with its final `/`: other directories need not
    /// be entered.
    fixed: Vec<u8>,
}

impl Pattern {
    pub(super) fn new(glob: &str) -> Result<Self, Error> {
        let glob = glob.strip_prefix("./").unwrap_or(glob);
        let matcher = GlobBuilder::new(glob)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| Error::PatternInvalid { pattern: glob.to_owned(), cause: error.kind().to_string() })?
            .compile_matcher();
        let fixed = glob.rsplit_once('/').map_or("", |(directories, _)| directories);
        let fixed = fixed
            .split('/')
            .take_while(|component| !component.is_empty() && !component.contains(['*', '?', '[', '{', '\\']))
            .flat_map(|component| component.bytes().chain([b'/']))
            .collect();
        Ok(Self { matcher, fixed })
    }

    pub(super) fn matches(&self, path: &[u8]) -> bool {
        self.matcher.is_match(Path::new(OsStr::from_bytes(path)))
    }

    /// Whether something below the directory could match.
    pub(super) fn may_match_below(&self, directory: &[u8]) -> bool {
        let common = (directory.len() + 1).min(self.fixed.len());
        directory.iter().chain(b"/").take(common).eq(self.fixed[..common].iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enters_only_what_can_match() {
        let pattern = Pattern::new("./base/src/**/*.py").unwrap();
        for (directory, enter) in [
            ("base", true),
            ("base/src", true),
            ("base/src/a", true),
            ("base/srcs", false),
            ("bas", false),
            ("x", false),
        ] {
            assert_eq!(pattern.may_match_below(directory.as_bytes()), enter, "{directory}");
        }
        assert!(pattern.matches(b"base/src/a.py") && pattern.matches(b"base/src/b/c/a.py"));
        assert!(!pattern.matches(b"base/a.py") && !pattern.matches(b"base/src/a.pyc"));
        assert!(!Pattern::new("*.py").unwrap().matches(b"a/b.py"));
        assert_eq!(Pattern::new("a{").map(|_| ()).unwrap_err().code(), "pattern_invalid");
    }
}
