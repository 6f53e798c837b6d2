//! Whether all, or none, of the versions that a requirement allows have a hole.
//!
//! A requirement is read as spans of versions, and so is what an advisory warns of. What a requirement excludes within
//! a span (`!=`) is left in: what holds for more versions holds for fewer.

use std::cmp::Ordering;
use std::str::FromStr as _;

use pep440_rs::{Operator, VersionSpecifiers};
use semver::{Comparator, Op, VersionReq};

use super::super::Ecosystem;
use super::{Affected, Event, Range, Verdict, compare};

/// Versions from one to another; an end that is missing is open.
#[derive(Debug, Clone, Default)]
struct Span {
    from: Option<End>,
    to: Option<End>,
}

/// A version and whether it is within, before it is one of a span; none where a span is open.
type Bound = Option<(String, bool)>;

/// A version, and whether it is within.
#[derive(Debug, Clone)]
struct End {
    at: String,
    is_within: bool,
}

impl Affected {
    /// What is said of the versions that a requirement allows: `Undecided` where it holds for some of them, or cannot
    /// be told.
    pub(in super::super) fn verdict_of(&self, ecosystem: Ecosystem, wanted: &str) -> Verdict {
        self.decide(ecosystem, wanted).unwrap_or(Verdict::Undecided)
    }

    fn decide(&self, ecosystem: Ecosystem, wanted: &str) -> Option<Verdict> {
        let allowed = allowed(ecosystem, wanted)?;
        if let Some(clear) = &self.clear {
            let clear: Vec<Span> = clear.iter().map(of_requirement).collect::<Option<_>>()?;
            return Some(match (within(ecosystem, &allowed, &clear)?, touch(ecosystem, &allowed, &clear)?) {
                (true, _) => Verdict::Clear,
                (_, false) => Verdict::Affected,
                _ => Verdict::Undecided,
            });
        }
        let mut warned = Vec::new();
        for range in &self.ranges {
            warned.extend(of_range(ecosystem, range)?);
        }
        if within(ecosystem, &allowed, &warned)? {
            return Some(Verdict::Affected);
        }
        let end = |at: &String| Some(End { at: at.clone(), is_within: true });
        warned.extend(self.versions.iter().map(|at| Span { from: end(at), to: end(at) }));
        Some(if touch(ecosystem, &allowed, &warned)? { Verdict::Undecided } else { Verdict::Clear })
    }
}

/// The versions that a requirement allows, or a few more; none where its form is not known.
fn allowed(ecosystem: Ecosystem, wanted: &str) -> Option<Vec<Span>> {
    let wanted = wanted.trim();
    if matches!(wanted, "" | "*" | "x" | "latest") {
        return Some(vec![Span::default()]);
    }
    match ecosystem {
        Ecosystem::Pypi => of_specifiers(wanted).map(|span| vec![span]),
        Ecosystem::Cargo => VersionReq::parse(wanted).ok().as_ref().and_then(of_requirement).map(|span| vec![span]),
        Ecosystem::Npm => wanted.split("||").map(of_npm).collect(),
        Ecosystem::Golang | Ecosystem::Maven => None,
    }
}

/// PEP 440, "version specifiers".
fn of_specifiers(wanted: &str) -> Option<Span> {
    let mut span = Span::default();
    for specifier in VersionSpecifiers::from_str(wanted).ok()?.iter() {
        let version = specifier.version();
        let at = version.to_string();
        // The first version of all that begin with these numbers, and of all that begin with the next.
        let first = |numbers: &[u64]| {
            let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
            format!("{}!{}.dev0", version.epoch(), numbers.join("."))
        };
        let next = |numbers: &[u64]| {
            let mut numbers = numbers.to_vec();
            *numbers.last_mut()? += 1;
            Some(first(&numbers))
        };
        let release = version.release();
        let (from, to) = match specifier.operator() {
            Operator::Equal | Operator::ExactEqual => (Some((at.clone(), true)), Some((at, true))),
            Operator::EqualStar => (Some((first(release), true)), Some((next(release)?, false))),
            Operator::TildeEqual => (Some((at, true)), Some((next(release.get(..release.len() - 1)?)?, false))),
            Operator::LessThan => (None, Some((at, false))),
            Operator::LessThanEqual => (None, Some((at, true))),
            Operator::GreaterThan => (Some((at, false)), None),
            Operator::GreaterThanEqual => (Some((at, true)), None),
            Operator::NotEqual | Operator::NotEqualStar => (None, None),
        };
        span.narrow(Ecosystem::Pypi, from, to)?;
    }
    Some(span)
}

/// One alternative of npm's ranges.
fn of_npm(wanted: &str) -> Option<Span> {
    let mut requirements: Vec<String> = Vec::new();
    let mut operator = "";
    for word in wanted.split_ascii_whitespace() {
        if word == "-" {
            return None;
        }
        if word.chars().all(|c| "<>=~^".contains(c)) {
            operator = word;
            continue;
        }
        let is_bare = operator.is_empty() && word.starts_with(|c: char| c.is_ascii_digit());
        // A number alone is that version, and not what would go with it.
        let equals = if is_bare && !word.contains(['x', 'X', '*']) { "=" } else { "" };
        requirements.push(format!("{operator}{equals}{}", word.replace(['x', 'X'], "*").replace('v', "")));
        operator = "";
    }
    of_requirement(&VersionReq::parse(&requirements.join(", ")).ok()?)
}

fn of_requirement(requirement: &VersionReq) -> Option<Span> {
    let mut span = Span::default();
    for it in &requirement.comparators {
        let (from, to) = of_comparator(it);
        span.narrow(Ecosystem::Cargo, from, to)?;
    }
    Some(span)
}

/// What the documentation of the crate `semver` says of each operator. The end of what goes along with a version lies
/// before the first version of the next.
fn of_comparator(it: &Comparator) -> (Bound, Bound) {
    let (major, minor, patch) = (it.major, it.minor.unwrap_or(0), it.patch.unwrap_or(0));
    let pre = if it.pre.is_empty() { String::new() } else { format!("-{}", it.pre) };
    let at = format!("{major}.{minor}.{patch}{pre}");
    let from = |at: String, is_within: bool| Some((at, is_within));
    let before = |major: u64, minor: u64, patch: u64| Some((format!("{major}.{minor}.{patch}-0"), false));
    let (after_major, after_minor) = (before(major + 1, 0, 0), before(major, minor + 1, 0));
    let after_named = match (it.minor, it.patch) {
        (None, _) => after_major.clone(),
        (Some(_), None) => after_minor.clone(),
        _ => None,
    };
    match it.op {
        Op::Greater => match after_named {
            Some((next, _)) => (from(next, true), None),
            None => (from(at, false), None),
        },
        Op::GreaterEq => (from(at, true), None),
        Op::Less => (None, Some((at, false))),
        Op::LessEq => (None, after_named.or(Some((at, true)))),
        Op::Tilde => (from(at, true), if it.minor.is_some() { after_minor } else { after_major }),
        Op::Caret => {
            let to = match (major, it.minor, it.patch) {
                (0, Some(0), Some(patch)) => before(0, 0, patch + 1),
                (0, Some(minor), _) => before(0, minor + 1, 0),
                _ => after_major,
            };
            (from(at, true), to)
        }
        _ => (from(at.clone(), true), after_named.or(Some((at, true)))),
    }
}

/// What a range warns of (OSV, "evaluation"), as spans.
fn of_range(ecosystem: Ecosystem, range: &Range) -> Option<Vec<Span>> {
    let mut events: Vec<&Event> = Vec::new();
    for event in &range.0 {
        let mut place = 0;
        while place < events.len() && ordered(ecosystem, events[place].at(), event.at())? != Ordering::Greater {
            place += 1;
        }
        events.insert(place, event);
    }
    let (mut spans, mut open): (Vec<Span>, Option<Span>) = (Vec::new(), None);
    for event in events {
        let end = |is_within| Some(End { at: event.at().to_owned(), is_within });
        match event {
            Event::Introduced(at) => {
                let from = if at == "0" { None } else { end(true) };
                open.get_or_insert(Span { from, to: None });
            }
            Event::Fixed(_) => spans.extend(open.take().map(|span| Span { to: end(false), ..span })),
            Event::LastAffected(_) => spans.extend(open.take().map(|span| Span { to: end(true), ..span })),
        }
    }
    spans.extend(open);
    Some(spans)
}

fn ordered(ecosystem: Ecosystem, a: &str, b: &str) -> Option<Ordering> {
    match (a, b) {
        ("0", "0") => Some(Ordering::Equal),
        ("0", _) => Some(Ordering::Less),
        (_, "0") => Some(Ordering::Greater),
        _ => compare(ecosystem, a, b),
    }
}

impl Event {
    fn at(&self) -> &str {
        let (Self::Introduced(at) | Self::Fixed(at) | Self::LastAffected(at)) = self;
        at
    }
}

impl Span {
    /// Leaves what lies between the ends, too; none where they cannot be compared.
    fn narrow(&mut self, ecosystem: Ecosystem, from: Bound, to: Bound) -> Option<()> {
        let end = |(at, is_within)| End { at, is_within };
        if let Some(from) = from.map(end)
            && !starts_before(ecosystem, Some(&from), self.from.as_ref())?
        {
            self.from = Some(from);
        }
        if let Some(to) = to.map(end)
            && !ends_after(ecosystem, Some(&to), self.to.as_ref())?
        {
            self.to = Some(to);
        }
        Some(())
    }
}

/// Whether a span that starts at `a` holds the start `b`, and what follows it.
fn starts_before(ecosystem: Ecosystem, a: Option<&End>, b: Option<&End>) -> Option<bool> {
    let (Some(a), b) = (a, b) else { return Some(true) };
    let Some(b) = b else { return Some(false) };
    let order = compare(ecosystem, &a.at, &b.at)?;
    Some(order == Ordering::Less || order == Ordering::Equal && (a.is_within || !b.is_within))
}

/// Whether a span that ends at `a` holds the end `b`, and what is before it.
fn ends_after(ecosystem: Ecosystem, a: Option<&End>, b: Option<&End>) -> Option<bool> {
    let (Some(a), b) = (a, b) else { return Some(true) };
    let Some(b) = b else { return Some(false) };
    let order = compare(ecosystem, &a.at, &b.at)?;
    Some(order == Ordering::Greater || order == Ordering::Equal && (a.is_within || !b.is_within))
}

/// Whether each of these spans lies within one of those.
fn within(ecosystem: Ecosystem, these: &[Span], those: &[Span]) -> Option<bool> {
    for it in these {
        let mut found = false;
        for around in those {
            found |= starts_before(ecosystem, around.from.as_ref(), it.from.as_ref())?
                && ends_after(ecosystem, around.to.as_ref(), it.to.as_ref())?;
        }
        if !found {
            return Some(false);
        }
    }
    Some(true)
}

/// Whether one of these spans and one of those have a version in common.
fn touch(ecosystem: Ecosystem, these: &[Span], those: &[Span]) -> Option<bool> {
    let reaches = |from: Option<&End>, to: Option<&End>| -> Option<bool> {
        let (Some(from), Some(to)) = (from, to) else { return Some(true) };
        let order = compare(ecosystem, &from.at, &to.at)?;
        Some(order == Ordering::Less || order == Ordering::Equal && from.is_within && to.is_within)
    };
    for a in these {
        for b in those {
            if reaches(a.from.as_ref(), b.to.as_ref())? && reaches(b.from.as_ref(), a.to.as_ref())? {
                return Some(true);
            }
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_some_or_none_of_what_a_requirement_allows() {
        use Ecosystem::{Cargo, Npm, Pypi};
        use Verdict::{Affected as All, Clear as None, Undecided as Some};
        let event = |kind: &str, at: &str| match kind {
            "introduced" => Event::Introduced(at.to_owned()),
            "fixed" => Event::Fixed(at.to_owned()),
            _ => Event::LastAffected(at.to_owned()),
        };
        let affected = |events: &[(&str, &str)]| Affected {
            ranges: vec![Range(events.iter().map(|(kind, at)| event(kind, at)).collect())],
            ..Affected::default()
        };
        let yaml = affected(&[("introduced", "0"), ("fixed", "5.4.0")]);
        let late = affected(&[("fixed", "2.0.5"), ("introduced", "2.0.0")]);
        for (ecosystem, wanted, of_yaml, of_late) in [
            (Pypi, ">=5,<5.2", All, None),
            (Pypi, ">=5", Some, None),
            (Pypi, "", Some, Some),
            (Pypi, ">=5.4", None, None),
            (Pypi, "~=5.3.1", All, None),
            (Pypi, "==2.0.*", All, Some),
            (Pypi, ">=2.0,!=2.0.3,<2.0.5", All, All),
            (Pypi, "a word", Some, Some),
            (Cargo, "2.0.1", All, Some),
            (Cargo, "~2.0.5", All, None),
            (Cargo, ">=2.0.0, <2.0.3", All, All),
            (Npm, "^5.4.0", None, None),
            (Npm, "2.0.1 || 2.0.2", All, All),
            (Npm, "2.0.x", All, Some),
            (Npm, ">= 2.0.1 <2.0.4", All, All),
            (Npm, "1.0.0 - 2.0.0", Some, Some),
            (Npm, "*", Some, Some),
        ] {
            assert_eq!(yaml.verdict_of(ecosystem, wanted), of_yaml, "{wanted} of yaml");
            assert_eq!(late.verdict_of(ecosystem, wanted), of_late, "{wanted} of late");
        }
        let named = Affected { versions: vec!["3.2".to_owned()], ..Affected::default() };
        assert_eq!(named.verdict_of(Pypi, ">=3,<4"), Some);
        assert_eq!(named.verdict_of(Pypi, ">=4"), None);
        let clear = |text: &str| VersionReq::parse(text).expect("a requirement");
        let rust = Affected {
            clear: std::option::Option::Some(vec![clear(">= 1.4.2"), clear("< 0.3.0")]),
            ..Affected::default()
        };
        for (wanted, verdict) in [("1.4.2", None), ("0.2", None), ("1.2", Some), (">=0.4, <1", All)] {
            assert_eq!(rust.verdict_of(Cargo, wanted), verdict, "{wanted}");
        }
    }
}
