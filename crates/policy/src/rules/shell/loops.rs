//! Variables of loops whose values stand in the text: `for c in query verify; do sealbook $c; done`.

use super::programs::is_keyword;
use super::room::Room;
use super::words::Simple;

/// Values of one variable, and commands that come of all of them. What has more is not resolved.
const VALUES_MAX: usize = 16;
const COMMANDS_MAX: usize = 256;
/// Loops of a text whose variables are looked for.
const LOOPS_MAX: usize = 16;

/// Puts every value in the place of a loop's variable where that is a word of its own, a command for each.
///
/// Only where all values are plain words, and the text names the variable for nothing but its value: what sets it
/// elsewhere, or makes another text of it, leaves it as it is, a word of which nothing is known.
pub(super) fn resolve(text: &[char], commands: Vec<Simple>, room: &mut Room) -> Vec<Simple> {
    if !commands.iter().any(|command| head(&command.words).is_some()) {
        return commands;
    }
    let (mut resolved, mut open): (Vec<Simple>, Vec<Loop>) = Default::default();
    let (mut depth, mut loops) = (0_usize, 0);
    for command in commands {
        let before = command.words.iter().take_while(|word| is_keyword(word));
        depth += before.filter(|word| matches!(word.as_str(), "until" | "while")).count();
        match own(&command.words).first().map(String::as_str) {
            Some("done") => {
                depth = depth.saturating_sub(1);
                open.truncate(open.iter().take_while(|open| open.depth <= depth).count());
            }
            Some("for" | "select") => {
                depth += 1;
                loops += 1;
                let known = head(&command.words).filter(|(name, _)| loops <= LOOPS_MAX && is_only_read(text, name));
                open.extend(known.map(|(name, values)| Loop {
                    depth,
                    variable: format!("${name}"),
                    values: values.to_vec(),
                }));
                resolved.push(command);
                continue;
            }
            _ => {}
        }
        let mut all = vec![command];
        for Loop { variable, values, .. } in &open {
            all = put_in(all, variable, values, room);
        }
        if room.is_over() {
            break;
        }
        resolved.extend(all);
    }
    resolved
}

/// A loop that goes over values that are known.
struct Loop {
    /// Within how many loops what it does lies.
    depth: usize,
    variable: String,
    values: Vec<String>,
}

/// A command for each value, where one of them has the variable as a word.
fn put_in(commands: Vec<Simple>, variable: &str, values: &[String], room: &mut Room) -> Vec<Simple> {
    let is_it = |word: &String| word == variable;
    let is_named = commands.iter().any(|command| command.words.iter().chain(&command.targets).any(is_it));
    if !is_named || commands.len() * values.len() > COMMANDS_MAX {
        return commands;
    }
    let mut all = Vec::new();
    for mut command in commands {
        let inner = std::mem::take(&mut command.inner);
        for value in values {
            if !room.take_words(&command.words) || !room.take_words(&command.targets) {
                return all;
            }
            let given = |word: &String| if is_it(word) { value.clone() } else { word.clone() };
            all.push(Simple {
                words: command.words.iter().map(given).collect(),
                targets: command.targets.iter().map(given).collect(),
                fed: command.fed.clone(),
                inner: Vec::new(),
                is_piped: command.is_piped,
            });
        }
        // What is put into its words runs all the same, whatever the value.
        if let Some(first) = all.last_mut() {
            first.inner = inner;
        }
    }
    all
}

/// The variable of a loop, and its values where they are plain words.
fn head(words: &[String]) -> Option<(&str, &[String])> {
    let [first, name, within, values @ ..] = own(words) else { return None };
    let is_plain = |word: &String| word.chars().all(|c| c.is_alphanumeric() || "-_./:,@+%~".contains(c));
    let is_head = first == "for" && within == "in" && !values.is_empty() && values.len() <= VALUES_MAX;
    (is_head && is_name(name) && values.iter().all(is_plain)).then_some((name, values))
}

/// A command's words without those that stand before it.
fn own(words: &[String]) -> &[String] {
    &words[words.iter().take_while(|word| is_keyword(word)).count()..]
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().all(is_letter) && !word.starts_with(|c: char| c.is_ascii_digit())
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether the name stands in the text once, at the head of the loop, and else only as `$name` or `${name}`.
fn is_only_read(text: &[char], name: &str) -> bool {
    let (mut at, mut bare) = (0, 0);
    while at < text.len() {
        // Letters that are written as numbers may be any.
        if text[at] == '$' && text.get(at + 1) == Some(&'\'') {
            return false;
        }
        let end = at + text[at..].iter().take_while(|c| is_letter(**c)).count();
        if end > at && text[at..end].iter().copied().eq(name.chars()) {
            let before = |back: usize| at.checked_sub(back).map(|at| text[at]);
            let is_read = before(1) == Some('$')
                || (before(1) == Some('{') && before(2) == Some('$') && text.get(end) == Some(&'}'));
            bare += usize::from(!is_read);
        }
        at = end.max(at + 1);
    }
    bare == 1
}
