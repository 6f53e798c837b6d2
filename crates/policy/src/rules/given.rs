//! A program's words, apart from its options.

/// Long options that have a word of their own where they have no `=`, of all programs here.
pub(super) static LONG_VALUED: &[&str] = &[
    "--after-context",
    "--before-context",
    "--binary-files",
    "--color",
    "--colors",
    "--compress-program",
    "--context",
    "--context-separator",
    "--device",
    "--devices",
    "--directories",
    "--directory",
    "--encoding",
    "--engine",
    "--exclude",
    "--exclude-dir",
    "--exclude-from",
    "--file",
    "--files-from",
    "--filter",
    "--format",
    "--glob",
    "--group",
    "--iglob",
    "--ignore",
    "--ignore-file",
    "--include",
    "--include-from",
    "--label",
    "--max-columns",
    "--max-count",
    "--max-depth",
    "--max-filesize",
    "--newer",
    "--owner",
    "--pre",
    "--pre-glob",
    "--regexp",
    "--replace",
    "--rsh",
    "--sort",
    "--sortr",
    "--strip-components",
    "--suffix",
    "--target-directory",
    "--temp-dir",
    "--threads",
    "--transform",
    "--type",
    "--type-add",
    "--type-not",
    "--use-compress-program",
];

/// What a program is given.
pub(super) struct Given<'w> {
    /// The letters of short options.
    letters: String,
    /// Long options, and short ones, with their values.
    valued: Vec<(&'w str, &'w str)>,
    pub(super) operands: Vec<&'w str>,
}

impl<'w> Given<'w> {
    /// `valued` are the short options that have a value.
    pub(super) fn of(words: &[&'w str], valued: &str) -> Self {
        let mut given = Self { letters: String::new(), valued: Vec::new(), operands: Vec::new() };
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            if word == "--" {
                given.operands.extend(words);
                break;
            }
            if word.starts_with("--") {
                let pair = word.split_once('=');
                let mut next = || if LONG_VALUED.contains(&word) { words.next().unwrap_or_default() } else { "" };
                given.valued.push(pair.unwrap_or_else(|| (word, next())));
            } else if word.len() > 1 && word.starts_with('-') {
                let end = word[1..].find(|c| valued.contains(c)).map_or(word.len(), |at| at + 2);
                given.letters.push_str(&word[1..end]);
                if word[1..end].ends_with(|c| valued.contains(c)) {
                    let attached = Some(&word[end..]).filter(|value| !value.is_empty());
                    let value = attached.or_else(|| words.next()).unwrap_or_default();
                    let letter = if word[..end].ends_with('g') { "-g" } else { "-" };
                    given.valued.push((letter, value));
                    // `grep -d recurse`
                    if word[..end].ends_with('d') && value == "recurse" {
                        given.letters.push('r');
                    }
                }
            } else {
                given.operands.push(word);
            }
        }
        given
    }

    pub(super) fn has(&self, letter: char) -> bool {
        self.letters.contains(letter)
    }

    pub(super) fn long(&self, option: &str) -> bool {
        self.valued.iter().any(|(name, _)| *name == option)
    }

    pub(super) fn values<'g>(&'g self, options: &'g [&str]) -> impl Iterator<Item = &'w str> + 'g {
        self.valued.iter().filter(|(name, _)| options.contains(name)).map(|(_, value)| *value)
    }

    pub(super) fn is_told_to_recurse(&self) -> bool {
        ["--archive", "--dereference-recursive", "--recursive"].iter().any(|option| self.long(option))
            || self.values(&["--directories"]).any(|value| value == "recurse")
    }
}
