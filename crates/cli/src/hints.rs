//! Commands that a message names, made such that they mean the book that is spoken of.

use sealbook_record::DEFAULT_TENANT;

use crate::args::Global;
use crate::place::Place;

/// The text with `--book` and `--tenant` in each command that it names, where they were given: without them the
/// command would mean another book.
pub(crate) fn scoped(text: &str, global: &Global) -> String {
    let given = [("--book", &global.book), ("--tenant", &global.tenant)];
    let flags = |command: &str| -> String {
        let missing = given.iter().filter(|(flag, _)| !command.contains(flag));
        // In backticks themselves, nothing would be a command any more.
        let named = missing.filter_map(|(flag, value)| Some((flag, value.as_deref().filter(|it| !it.contains('`'))?)));
        named.map(|(flag, value)| format!("{flag} {} ", quoted(value))).collect()
    };
    let (mut out, mut is_code) = (String::with_capacity(text.len()), false);
    for (nth, piece) in text.split('`').enumerate() {
        if nth > 0 {
            out.push('`');
        }
        match piece.strip_prefix("sealbook ").filter(|_| is_code) {
            Some(rest) => out.extend(["sealbook ", &flags(rest), rest]),
            None => out.push_str(piece),
        }
        is_code = !is_code;
    }
    out
}

/// The options that name a book wherever a command is typed, with a blank before each.
pub(crate) fn naming(place: &Place) -> String {
    let tenant = (place.tenant != DEFAULT_TENANT).then(|| format!(" --tenant {}", quoted(&place.tenant)));
    format!(" --book {}{}", quoted(&place.book), tenant.unwrap_or_default())
}

/// A word as a shell reads it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_named_means_the_same_book() {
        let global = |book: Option<&str>, tenant: Option<&str>| Global {
            book: book.map(str::to_owned),
            tenant: tenant.map(str::to_owned),
            format: None,
            output: None,
            quiet: false,
        };
        for (text, wanted) in [
            ("run `sealbook init`, or wait", "run `sealbook --book 'my shop' --tenant b init`, or wait"),
            ("`sealbook` or `x`: sealbook init", "`sealbook` or `x`: sealbook init"),
            ("`sealbook --tenant c resume`", "`sealbook --book 'my shop' --tenant c resume`"),
        ] {
            assert_eq!(scoped(text, &global(Some("my shop"), Some("b"))), wanted);
            assert_eq!(scoped(text, &global(None, None)), text);
        }
    }
}
