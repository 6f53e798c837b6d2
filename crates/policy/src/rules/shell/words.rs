//! The words of a text's simple commands, as a shell takes them apart.

/// What one brace expansion may give; more stays as it is written.
const EXPANDED_MAX: usize = 64;

/// A command with its words, before anything is known of the program.
#[derive(Debug, Default)]
pub(super) struct Simple {
    pub(super) words: Vec<String>,
    /// Files that its output goes to.
    pub(super) targets: Vec<String>,
    /// Texts that are its input.
    pub(super) fed: Vec<String>,
    /// Commands that are put into its words or stand beside them: `$(…)`, backticks, `<(…)`.
    pub(super) inner: Vec<String>,
    /// Whether its input is the output of the command before.
    pub(super) is_piped: bool,
}

/// What the next word is.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Word,
    Target,
    Source,
    Fed,
    /// The end of a text that begins on the next line.
    Ends,
}

/// The simple commands of a text, in order.
pub(super) fn simple(text: &str) -> Vec<Simple> {
    let mut reader = Reader {
        chars: text.chars().collect(),
        at: 0,
        word: None,
        next: Next::Word,
        now: Simple::default(),
        ends: Vec::new(),
        before: 0,
    };
    let mut all = Vec::new();
    reader.read(&mut all);
    all
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    /// The word that is being read, with what stands bare in it: where braces mean something.
    word: Option<(String, Vec<usize>)>,
    next: Next,
    now: Simple,
    /// Ends of texts that begin on the next line, each with the number of its command.
    ends: Vec<(usize, String)>,
    /// How many commands there are before this one.
    before: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take_if(&mut self, wanted: char) -> bool {
        let is_it = self.peek() == Some(wanted);
        self.at += usize::from(is_it);
        is_it
    }

    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().0.push(c);
    }

    fn read(&mut self, all: &mut Vec<Simple>) {
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '\\' => self.escape(),
                '\'' => self.single(),
                '"' => self.double(),
                '$' if matches!(self.peek(), Some('\'' | '"')) => {}
                '$' if self.peek() == Some('(') => self.substitution(),
                '$' if self.peek() == Some('{') => self.variable(),
                '`' => self.backticks(),
                '#' if self.word.is_none() => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                ';' | '&' | '|' | '(' | ')' => {
                    self.end(all);
                    let is_pipe = c == '|' && !self.take_if('|');
                    self.now.is_piped = is_pipe;
                    if is_pipe {
                        self.take_if('&');
                    }
                }
                '\n' | '\r' => {
                    let is_going_on = self.now.is_piped && self.now.words.is_empty() && self.word.is_none();
                    self.end(all);
                    self.now.is_piped = is_going_on;
                    if c == '\n' {
                        self.texts(all);
                    }
                }
                '<' | '>' => self.redirect(c),
                c if c.is_whitespace() => self.end_word(),
                '{' | ',' | '}' => self.bare(c),
                c => self.push(c),
            }
        }
        self.end(all);
    }

    fn escape(&mut self) {
        let next = self.peek();
        self.at += 1;
        match next {
            // A line that goes on.
            Some('\n') | None => {}
            Some('\r') => drop(self.take_if('\n')),
            Some(next) => self.push(next),
        }
    }

    fn single(&mut self) {
        self.word.get_or_insert_default();
        while let Some(c) = self.peek() {
            self.at += 1;
            if c == '\'' {
                break;
            }
            self.push(c);
        }
    }

    fn double(&mut self) {
        self.word.get_or_insert_default();
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '"' => break,
                '\\' => self.escape(),
                '`' => self.backticks(),
                '$' if self.peek() == Some('(') => self.substitution(),
                '$' if self.peek() == Some('{') => self.variable(),
                c => self.push(c),
            }
        }
    }

    /// `$(…)`: its text is a command, and the word has something in it that nobody knows.
    fn substitution(&mut self) {
        self.at += 1;
        let from = self.at;
        let end = self.closing();
        self.now.inner.push(self.chars[from..end].iter().collect());
        self.at = (end + 1).min(self.chars.len());
        self.push('$');
    }

    /// Where the bracket is closed that was opened before.
    fn closing(&self) -> usize {
        let (mut depth, mut quote) = (1_usize, None);
        let mut at = self.at;
        while let Some(&c) = self.chars.get(at) {
            match (quote, c) {
                (_, '\\') => at += 1,
                (Some(open), c) if c == open => quote = None,
                (None, '\'' | '"') => quote = Some(c),
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at;
            }
            at += 1;
        }
        self.chars.len()
    }

    fn backticks(&mut self) {
        let mut inner = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '`' => break,
                '\\' => {
                    inner.extend(self.peek());
                    self.at += 1;
                }
                c => inner.push(c),
            }
        }
        self.now.inner.push(inner);
        self.push('$');
    }

    /// `${NAME}` is `$NAME`; `${NAME:-other}` may be either; the one that stands for blanks ends a word.
    fn variable(&mut self) {
        self.at += 1;
        let from = self.at;
        while self.peek().is_some_and(|c| c != '}') {
            self.at += 1;
        }
        let inner: String = self.chars[from..self.at].iter().collect();
        self.at += 1;
        let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
        let (name, other) = inner.split_at(end);
        if name == "IFS" {
            return self.end_word();
        }
        let other = other.strip_prefix(':').unwrap_or(other);
        match other.strip_prefix(['-', '=', '+']) {
            Some(other) if !name.is_empty() => {
                self.bare('{');
                format!("${name}").chars().for_each(|c| self.push(c));
                self.bare(',');
                other.chars().for_each(|c| self.push(c));
                self.bare('}');
            }
            _ => format!("${}", if name.is_empty() { &inner } else { name }).chars().for_each(|c| self.push(c)),
        }
    }

    /// A brace or comma that means something.
    fn bare(&mut self, c: char) {
        let (word, bare) = self.word.get_or_insert_default();
        bare.push(word.len());
        word.push(c);
    }

    fn redirect(&mut self, c: char) {
        // `2>`: which output, no word.
        if self.word.as_ref().is_some_and(|(word, _)| word.bytes().all(|byte| byte.is_ascii_digit())) {
            self.word = None;
        }
        self.end_word();
        if self.peek() == Some('(') {
            self.at += 1;
            let (from, end) = (self.at, self.closing());
            self.now.inner.push(self.chars[from..end].iter().collect());
            self.at = (end + 1).min(self.chars.len());
            return;
        }
        self.next = match c {
            '<' if self.take_if('<') => {
                if self.take_if('<') {
                    Next::Fed
                } else {
                    self.take_if('-');
                    Next::Ends
                }
            }
            // `<>` opens for writing too.
            '<' if !self.take_if('>') => Next::Source,
            _ => {
                let _ = self.take_if('>') || self.take_if('|');
                Next::Target
            }
        };
        self.take_if('&');
    }

    fn end_word(&mut self) {
        let Some((word, bare)) = self.word.take() else { return };
        match std::mem::replace(&mut self.next, Next::Word) {
            Next::Word => expand(word, &bare, &mut self.now.words),
            Next::Target => self.now.targets.push(word),
            Next::Source => {}
            Next::Fed => self.now.fed.push(word),
            Next::Ends => self.ends.push((self.before, word)),
        }
    }

    fn end(&mut self, all: &mut Vec<Simple>) {
        self.end_word();
        self.next = Next::Word;
        let now = std::mem::take(&mut self.now);
        if !(now.words.is_empty() && now.targets.is_empty() && now.inner.is_empty()) {
            all.push(now);
        }
        self.before = all.len();
    }

    /// The texts whose ends were named: they are given to the line's commands.
    fn texts(&mut self, all: &mut [Simple]) {
        for (of, end) in std::mem::take(&mut self.ends) {
            let mut text = String::new();
            while self.at < self.chars.len() {
                let rest = &self.chars[self.at..];
                let len = rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
                let line: String = rest[..len].iter().collect();
                self.at += len + 1;
                if line.trim() == end {
                    break;
                }
                text.push_str(&line);
                text.push('\n');
            }
            for (at, command) in all.iter_mut().enumerate().skip(of) {
                if at > of && !command.is_piped {
                    break;
                }
                command.fed.push(text.clone());
            }
        }
    }
}

/// `a{b,c}` is two words. What is in braces alone stays one.
fn expand(word: String, bare: &[usize], words: &mut Vec<String>) {
    let bytes = word.as_bytes();
    if bare.len() > EXPANDED_MAX {
        return words.push(word);
    }
    let Some((open, close, commas)) = braces(bytes, bare) else { return words.push(word) };
    if words.len() > EXPANDED_MAX * EXPANDED_MAX {
        return words.push(word);
    }
    let mut from = open + 1;
    for to in commas.into_iter().chain([close]) {
        let piece = format!("{}{}{}", &word[..open], &word[from..to], &word[close + 1..]);
        let moved = |at: &usize| match *at {
            at if at >= from && at < to => Some(at - from + open),
            at if at > close => Some(at - (close + 1) + open + (to - from)),
            _ => None,
        };
        let rest: Vec<usize> = bare.iter().filter_map(moved).collect();
        expand(piece, &rest, words);
        from = to + 1;
    }
}

/// The first braces that are closed and have commas of their own: where they open, close, and those commas.
fn braces(bytes: &[u8], bare: &[usize]) -> Option<(usize, usize, Vec<usize>)> {
    bare.iter().enumerate().filter(|(_, at)| bytes[**at] == b'{').find_map(|(index, open)| {
        let (mut depth, mut commas) = (0_usize, Vec::new());
        for at in &bare[index..] {
            match bytes[*at] {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ if depth == 1 => commas.push(*at),
                _ => {}
            }
            if depth == 0 {
                return (!commas.is_empty()).then_some((*open, *at, commas));
            }
        }
        None
    })
}
