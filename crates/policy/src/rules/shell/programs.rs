//! Programs that run others, and where among their words those stand.

/// Words that stand before a command and are none.
pub(super) static KEYWORDS: &[&str] = &["!", "{", "}", "do", "elif", "else", "if", "then", "until", "while"];
/// Programs that run a text of a shell, after `-c` or from their input.
pub(super) static SHELLS: &[&str] =
    &["ash", "at", "bash", "batch", "csh", "dash", "fish", "ksh", "mksh", "powershell", "pwsh", "sh", "tcsh", "zsh"];
/// Programs that run a text in a language of their own: the letters and the long options that bring it.
pub(super) static INTERPRETERS: &[(&str, &str, &[&str])] = &[
    ("bun", "ep", &["--eval", "--print"]),
    ("deno", "e", &["eval"]),
    ("lua", "e", &[]),
    ("node", "ep", &["--eval", "--print"]),
    ("nodejs", "ep", &["--eval", "--print"]),
    ("osascript", "e", &[]),
    ("perl", "eE", &[]),
    ("php", "rBE", &["--run"]),
    ("python", "c", &[]),
    ("ruby", "e", &[]),
];
/// Wrappers that also run a text of a shell: the letters and the long options that bring it.
pub(super) static WITH_TEXT: &[(&str, &str, &[&str])] = &[
    ("env", "S", &["--split-string"]),
    ("flock", "c", &["--command"]),
    ("npx", "c", &["--call"]),
    ("runuser", "c", &["--command"]),
];
/// Programs that run what follows one of their commands, and the words before it.
pub(super) static SUBCOMMANDS: &[(&str, &[&str], &Wrapper)] = &[
    ("bun", &["run", "x"], &PLAIN),
    ("bundle", &["exec"], &PLAIN),
    ("conda", &["run"], &Wrapper::new("", &["-n", "--name", "-p", "--prefix"], "", 0)),
    ("direnv", &["exec"], &Wrapper::new("", &[], "", 1)),
    ("docker", &["exec"], &IN_CONTAINER),
    ("hatch", &["run"], &PLAIN),
    ("kubectl", &["exec"], &IN_CONTAINER),
    ("mise", &["exec", "x"], &PLAIN),
    ("npm", &["exec", "x"], &PLAIN),
    ("pdm", &["run"], &PLAIN),
    ("pipenv", &["run"], &PLAIN),
    ("pipx", &["run"], &PLAIN),
    ("pnpm", &["dlx", "exec"], &PLAIN),
    ("podman", &["exec"], &IN_CONTAINER),
    ("poetry", &["run"], &PLAIN),
    ("uv", &["run"], &PLAIN),
    ("yarn", &["dlx", "exec"], &PLAIN),
];
static PLAIN: Wrapper = Wrapper::new("", &["-p", "--package", "--with", "--from", "--python"], "qy", 0);
static IN_CONTAINER: Wrapper = Wrapper::new(
    "",
    &[
        "-u",
        "--user",
        "-w",
        "--workdir",
        "-e",
        "--env",
        "--env-file",
        "-n",
        "--namespace",
        "-c",
        "--container",
        "--index",
    ],
    "itdqT",
    1,
);
/// Programs that run what follows them.
pub(super) static WRAPPERS: &[Wrapper] = &[
    Wrapper::new("builtin", &[], "", 0),
    Wrapper::new("busybox", &[], "", 0),
    Wrapper::new("bunx", &["-p", "--package"], "", 0),
    Wrapper::new("caffeinate", &["-t", "-w"], "disum", 0),
    Wrapper::new("chroot", &[], "", 1),
    Wrapper::new("chrt", &[], "abfimopRr", 1),
    Wrapper::new("command", &[], "pvV", 0),
    Wrapper::new("doas", &["-u", "-C", "-a"], "Lns", 0),
    Wrapper::new("env", &["-u", "--unset", "-C", "--chdir"], "i0v", 0),
    Wrapper::new("exec", &["-a"], "cl", 0),
    Wrapper::new("firejail", &[], "", 0),
    Wrapper::new("flock", &["-w", "-E"], "sxenuFo", 1),
    Wrapper::new("ionice", &["-c", "-n"], "t", 0),
    Wrapper::new("nice", &["-n", "--adjustment"], "", 0),
    Wrapper::new("nohup", &[], "", 0),
    Wrapper::new("npx", &["-p", "--package"], "yq", 0),
    Wrapper::new("parallel", &["-j", "--jobs", "-n", "-N", "-I", "-a", "-S"], "0kmXq", 0),
    Wrapper::new("pkexec", &["--user"], "", 0),
    Wrapper::new("prlimit", &[], "", 0),
    Wrapper::new("runuser", &["-u", "-g"], "", 0),
    Wrapper::new("screen", &["-S", "-t"], "dm", 0),
    Wrapper::new("setpriv", &[], "", 0),
    Wrapper::new("setsid", &[], "cfw", 0),
    Wrapper::new("stdbuf", &["-i", "-o", "-e"], "", 0),
    Wrapper::new("strace", &["-e", "-o", "-s", "-p", "-u"], "fqcvtT", 0),
    Wrapper::new(
        "sudo",
        &["-u", "--user", "-g", "--group", "-h", "-p", "--prompt", "-C", "-D", "-R", "-r", "-t", "-T", "-U"],
        "AbEeHiKkNnPSsV",
        0,
    ),
    Wrapper::new("systemd-run", &["-u", "--unit", "-p", "--property", "-E", "--setenv"], "Ptqdr", 0),
    Wrapper::new("taskset", &[], "ac", 1),
    Wrapper::new("time", &["-f", "-o", "--format", "--output"], "pvaq", 0),
    Wrapper::new("timeout", &["-s", "--signal", "-k", "--kill-after"], "v", 1),
    Wrapper::new("unbuffer", &[], "p", 0),
    Wrapper::new("uvx", &["--from", "--with", "-p"], "q", 0),
    Wrapper::new(
        "xargs",
        &["-I", "-J", "-R", "-n", "-P", "-L", "-s", "-d", "-a", "-E", "--max-args", "--max-procs", "--delimiter"],
        "0rtpxoei",
        0,
    ),
    Wrapper::new("xvfb-run", &["-s", "-n", "-e"], "a", 0),
];

/// How the words of a program that runs others begin.
pub(super) struct Wrapper {
    pub(super) name: &'static str,
    /// Options with a word of their own.
    valued: &'static [&'static str],
    /// Letters of those without.
    flags: &'static str,
    /// Words that come before the program.
    operands: usize,
}

impl Wrapper {
    const fn new(name: &'static str, valued: &'static [&'static str], flags: &'static str, operands: usize) -> Self {
        Self { name, valued, flags, operands }
    }

    /// Where the program may stand that it runs. Of an option that is not known here, it is not known whether the
    /// next word belongs to it.
    pub(super) fn starts(&self, words: &[String]) -> Vec<usize> {
        let (mut at, mut left, mut starts) = (0, self.operands, Vec::new());
        let mut is_unsure = false;
        while let Some(word) = words.get(at) {
            let is_option = word.len() > 1 && word.starts_with('-');
            if word == "--" {
                return vec![at + 1 + left];
            } else if is_option && self.valued.contains(&word.as_str()) {
                at += 1;
            } else if is_option {
                let attached = word.contains('=') || self.valued.iter().any(|it| it.len() == 2 && word.starts_with(it));
                let known =
                    !word.starts_with("--") && word[1..].chars().all(|c| self.flags.contains(c) || c.is_ascii_digit());
                is_unsure = !attached && !known;
            } else if is_assignment(word) {
            } else if left > 0 {
                left -= 1;
            } else if std::mem::take(&mut is_unsure) {
                starts.push(at);
            } else {
                starts.push(at);
                break;
            }
            at += 1;
        }
        starts
    }
}

/// Whether a word stands before a command and is none.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// What an option may bring that is one of these letters, alone or among others, or one of these words: what is
/// attached to it, and what follows.
pub(super) fn brought_by<'w>(
    words: &'w [String],
    letters: &'w str,
    long: &'w [&'w str],
) -> impl Iterator<Item = &'w str> {
    words.iter().enumerate().flat_map(move |(at, word)| {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        let is_long = long.contains(&name);
        let attached = match word.strip_prefix('-').filter(|rest| !rest.starts_with('-')) {
            Some(rest) => rest.find(|c| letters.contains(c)).map(|at| &rest[at + 1..]),
            None => is_long.then(|| value.unwrap_or_default()),
        };
        let next = attached.filter(|_| value.is_none() || !is_long).and_then(|_| words.get(at + 1));
        attached.filter(|text| !text.is_empty()).into_iter().chain(next.map(String::as_str))
    })
}

/// Words without the options at their beginning; one that is a single letter may have a value.
pub(super) fn after_options(words: &[String]) -> &[String] {
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| word.len() > 1 && word.starts_with('-')) {
        let is_valued = word.len() == 2
            && !matches!(
                word.as_str(),
                "-t" | "-T" | "-q" | "-v" | "-n" | "-A" | "-4" | "-6" | "-C" | "-N" | "-x" | "-X" | "-d" | "-g"
            );
        at += 1 + usize::from(
            is_valued || (word == "-n" && words.get(at + 1).is_some_and(|next| next.parse::<f64>().is_ok())),
        );
    }
    words.get(at..).unwrap_or_default()
}

pub(super) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let name = name.strip_suffix('+').unwrap_or(name);
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}
