//! Closed sets that rules may name words of.

use sealbook_record::{ActorKind, Category, Classification, Outcome, Phase, Severity, TargetKind};

use super::field::Field;

/// The words that a field can have, where this is none of them; aliases count as words.
pub(crate) fn refused(field: Field, word: &str) -> Option<String> {
    fn check<T: std::str::FromStr + Copy>(word: &str, all: &[T], text: fn(T) -> &'static str) -> Option<String> {
        let words = || all.iter().map(|it| text(*it)).collect::<Vec<_>>().join(", ");
        word.parse::<T>().is_err().then(words)
    }
    match field {
        Field::ActorKind => check(word, ActorKind::ALL, ActorKind::as_str),
        Field::Category => check(word, Category::ALL, Category::as_str),
        Field::Classification => check(word, Classification::ALL, Classification::as_str),
        Field::Outcome => check(word, Outcome::ALL, Outcome::as_str),
        Field::Phase => check(word, &Phase::ALL, Phase::as_str),
        Field::Severity => check(word, Severity::ALL, Severity::as_str),
        Field::TargetKind => check(word, TargetKind::ALL, TargetKind::as_str),
        _ => None,
    }
}

/// The word as records spell it: `configuration_change` is `config_change`.
pub(crate) fn spelt(field: Field, word: &str) -> String {
    fn own<T: std::str::FromStr>(word: &str, text: fn(T) -> &'static str) -> String {
        word.parse::<T>().map_or_else(|_| word.to_owned(), |it| text(it).to_owned())
    }
    match field {
        Field::ActorKind => own(word, ActorKind::as_str),
        Field::Category => own(word, Category::as_str),
        Field::Classification => own(word, Classification::as_str),
        Field::Outcome => own(word, Outcome::as_str),
        Field::Severity => own(word, Severity::as_str),
        Field::TargetKind => own(word, TargetKind::as_str),
        _ => word.to_owned(),
    }
}
