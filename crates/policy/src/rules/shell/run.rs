//! Which programs a command runs: its own, or what it hands its words on to.

use std::rc::Rc;

use super::program;
use super::room::Room;

/// Words that stand before a command and are none.
static KEYWORDS: &[&str] = &["!", "{", "}", "do", "elif", "else", "if", "then", "until", "while"];
/// Programs that run a text of a shell, after `-c` or from their input.
pub(super) static SHELLS: &[&str] =
    &["ash", "at", "bash", "batch", "csh", "dash", "fish", "ksh", "mksh", "powershell", "pwsh", "sh", "tcsh", "zsh"];
/// Programs that run a text in a language of their own, and the options that bring it.
static INTERPRETERS: &[(&str, &[&str])] = &[
    ("bun", &["-e", "--eval", "-p", "--print"]),
    ("deno", &["eval", "-e"]),
    ("node", &["-e", "--eval", "-p", "--print", "-pe"]),
    ("nodejs", &["-e", "--eval", "-p", "--print", "-pe"]),
    ("osascript", &["-e"]),
    ("perl", &["-e", "-E", "-ne", "-pe", "-i", "-ie", "-le", "-lne"]),
    ("php", &["-r"]),
    ("python", &["-c"]),
    ("python2", &["-c"]),
    ("python3", &["-c"]),
    ("ruby", &["-e", "-ne", "-pe"]),
    ("lua", &["-e"]),
];
/// Programs that run what follows them.
static WRAPPERS: &[Wrapper] = &[
    Wrapper::new("builtin", &[], "", 0),
    Wrapper::new("busybox", &[], "", 0),
    Wrapper::new("bunx", &["-p", "--package"], "", 0),
    Wrapper::new("caffeinate", &["-t", "-w"], "disum", 0),
    Wrapper::new("chroot", &[], "", 1),
    Wrapper::new("chrt", &[], "abfimopRr", 1),
    Wrapper::new("command", &[], "pvV", 0),
    Wrapper::new("coproc", &[], "", 0),
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
struct Wrapper {
    name: &'static str,
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
    fn starts(&self, words: &[String]) -> Vec<usize> {
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

/// What a command comes to.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// The words of each program that is run, and whether more words come from elsewhere.
    pub(super) runs: Vec<(Vec<String>, bool)>,
    /// Texts that a shell runs.
    pub(super) texts: Vec<Rc<str>>,
    /// Texts in other languages.
    pub(super) codes: Vec<Rc<str>>,
    /// Whether it runs what comes in.
    pub(super) is_fed: bool,
    /// Whether what comes in are further words.
    pub(super) is_open: bool,
}

/// Wrappers within wrappers.
const DEPTH_MAX: usize = 16;

impl Resolved {
    pub(super) fn of(words: &[String], room: &mut Room) -> Self {
        let mut resolved = Self::default();
        resolved.add(words, 0, room);
        resolved
    }

    fn add(&mut self, words: &[String], depth: usize, room: &mut Room) {
        let skipped = words.iter().take_while(|word| is_keyword(word) || is_assignment(word)).count();
        let words = &words[skipped..];
        let Some(first) = words.first() else { return };
        if depth > DEPTH_MAX {
            room.spend();
        }
        if !room.take_words(words) {
            return;
        }
        let name = program(first.trim_start_matches('{'));
        let rest = &words[1..];
        if SHELLS.contains(&name.as_str()) {
            return self.shell(rest);
        }
        if let Some((_, options)) = INTERPRETERS.iter().find(|(other, _)| is_version_of(&name, other)) {
            let is_given = |pair: &&[String]| options.contains(&pair[0].as_str());
            let codes: Vec<Rc<str>> = rest.windows(2).filter(is_given).map(|pair| pair[1].as_str().into()).collect();
            self.is_fed |= !rest.iter().any(|word| !word.starts_with('-')) || rest.iter().any(|word| word == "-");
            self.codes.extend(codes);
            return self.runs.push((words.to_vec(), self.is_open));
        }
        if let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name == name) {
            if let Some(at) =
                rest.iter().position(|word| matches!(word.as_str(), "-S" | "--split-string" | "-c" | "--command"))
                && matches!(name.as_str(), "env" | "runuser" | "flock")
            {
                self.texts.extend(rest.get(at + 1).map(text));
            }
            self.is_open |= matches!(name.as_str(), "xargs" | "parallel");
            let starts = wrapper.starts(rest);
            for start in starts {
                self.add(rest.get(start..).unwrap_or_default(), depth + 1, room);
            }
            return;
        }
        match name.as_str() {
            "eval" | "watch" => self.texts.push(after_options(rest).join(" ").into()),
            "trap" => self.texts.extend(after_options(rest).first().map(text)),
            "ssh" => self.texts.push(after_options(rest).get(1..).unwrap_or_default().join(" ").into()),
            "su" | "script" | "tmux" | "docker" | "podman" | "kubectl" | "nsenter" | "unshare" | "bwrap" | "gdb"
            | "expect" => {
                self.texts.extend(rest.iter().filter(|word| word.contains(char::is_whitespace)).map(text));
                self.runs.push((words.to_vec(), self.is_open));
                let ours = rest.iter().enumerate().filter(|(_, word)| program(word) == "sealbook").take(DEPTH_MAX);
                self.runs.extend(ours.map(|(at, _)| (rest[at..].to_vec(), self.is_open)));
            }
            "find" | "fd" => {
                self.runs.push((words.to_vec(), self.is_open));
                for (at, _) in rest.iter().enumerate().filter(|(_, word)| starts_command(word)) {
                    let own = &rest[at + 1..];
                    let end = own.iter().position(|word| word == ";" || word == "+").unwrap_or(own.len());
                    let was = std::mem::replace(&mut self.is_open, true);
                    self.add(&own[..end], depth + 1, room);
                    // What was found is known by what was looked for.
                    let found = |word: &String| if word == "{}" { rest[..at].to_vec() } else { vec![word.clone()] };
                    self.add(&own[..end].iter().flat_map(found).collect::<Vec<_>>(), depth + 1, room);
                    self.is_open = was;
                }
            }
            "cargo" => self.cargo(words),
            "git" => {
                self.runs.push((words.to_vec(), self.is_open));
                let texts = rest
                    .iter()
                    .filter_map(|word| word.split_once('!'))
                    .filter(|(key, _)| key.is_empty() || key.ends_with('='));
                self.texts.extend(texts.map(|(_, text)| text.into()));
                if let Some(at) =
                    rest.iter().position(|word| matches!(word.as_str(), "run" | "foreach" | "-x" | "--exec"))
                {
                    self.texts.push(rest[at + 1..].join(" ").into());
                }
            }
            "awk" | "gawk" | "mawk" | "nawk" => {
                self.codes.extend(after_options(rest).first().map(text));
                self.runs.push((words.to_vec(), self.is_open));
            }
            _ => {
                self.runs.push((words.to_vec(), self.is_open));
                if name == "sealbook"
                    && let Some(at) = rest.iter().position(|word| word == "--")
                {
                    self.add(&rest[at + 1..], depth + 1, room);
                }
            }
        }
    }

    /// `-c` brings a text, and so does the input where there is no file.
    fn shell(&mut self, words: &[String]) {
        let (mut at, mut is_text, mut is_read) = (0, false, false);
        while let Some(word) = words.get(at).filter(|word| word.len() > 1 && word.starts_with(['-', '+'])) {
            let is_long = word.starts_with("--");
            is_text |= (!is_long && word.contains('c')) || word == "--command" || word.eq_ignore_ascii_case("-command");
            is_read |= !is_long && word.contains('s');
            let is_valued =
                matches!(word.as_str(), "--rcfile" | "--init-file") || (!is_long && word.ends_with(['o', 'O']));
            at += 1 + usize::from(is_valued);
        }
        let operands = words.get(at..).unwrap_or_default();
        if is_text {
            self.texts.extend(operands.iter().map(text));
            self.is_fed |= operands.is_empty();
        } else {
            self.is_fed |= operands.is_empty() || is_read;
            if !operands.is_empty() {
                let mut script = vec!["sh".to_owned()];
                script.extend(operands.iter().cloned());
                self.runs.push((script, self.is_open));
            }
        }
    }

    /// `cargo run -p sealbook-cli -- approve` runs `sealbook approve`.
    fn cargo(&mut self, words: &[String]) {
        self.runs.push((words.to_vec(), self.is_open));
        let is_run = words.iter().any(|word| word == "run" || word == "r");
        let is_ours = words
            .iter()
            .any(|word| word.contains("sealbook") || word.trim_end_matches('/').ends_with("crates/cli/Cargo.toml"));
        if !is_run || !is_ours {
            return;
        }
        let valued =
            ["-p", "--package", "--bin", "--manifest-path", "--profile", "--target", "--target-dir", "--features"];
        let valued = [&valued[..], &["-F", "-j", "--jobs", "-Z", "--config", "--color", "--message-format"]].concat();
        let mut rest = words[1..].iter().skip_while(|word| *word != "run" && *word != "r").skip(1).peekable();
        while let Some(word) = rest.next_if(|word| word.starts_with('-')) {
            if word == "--" {
                break;
            }
            if valued.contains(&word.as_str()) {
                rest.next();
            }
        }
        let own = std::iter::once("sealbook".to_owned()).chain(rest.filter(|word| *word != "--").cloned());
        self.runs.push((own.collect(), self.is_open));
    }
}

fn text(word: &String) -> Rc<str> {
    word.as_str().into()
}

pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

fn starts_command(word: &str) -> bool {
    matches!(word, "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "--exec" | "-X" | "--exec-batch")
}

fn is_version_of(name: &str, other: &str) -> bool {
    name.strip_prefix(other).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// Words without the options at their beginning; one that is a single letter may have a value.
fn after_options(words: &[String]) -> &[String] {
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

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let name = name.strip_suffix('+').unwrap_or(name);
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}
