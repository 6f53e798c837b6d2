//! Whether a version lies in the ranges of an advisory, as its ecosystem orders versions.

mod allowed;

use std::cmp::Ordering;
use std::str::FromStr as _;

use semver::VersionReq;

use super::Ecosystem;

/// Which versions have a hole.
#[derive(Debug, Default)]
pub(super) struct Affected {
    pub(super) ranges: Vec<Range>,
    /// Versions by their names.
    pub(super) versions: Vec<String>,
    /// Where it says instead which are without it.
    pub(super) clear: Option<Vec<VersionReq>>,
    pub(super) fixed: Vec<String>,
}

/// A range by its ends, in order.
#[derive(Debug)]
pub(super) struct Range(pub(super) Vec<Event>);

#[derive(Debug, Clone)]
pub(super) enum Event {
    Introduced(String),
    Fixed(String),
    LastAffected(String),
}

/// What is said of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Affected,
    Clear,
    /// They cannot be compared.
    Undecided,
}

impl Affected {
    pub(super) fn verdict(&self, ecosystem: Ecosystem, version: &str) -> Verdict {
        if self.versions.iter().any(|known| is_same(ecosystem, known, version)) {
            return Verdict::Affected;
        }
        if let Some(clear) = &self.clear {
            let Some(version) = semantic(version) else { return Verdict::Undecided };
            return if clear.iter().any(|it| meets(it, &version)) { Verdict::Clear } else { Verdict::Affected };
        }
        let mut verdict = Verdict::Clear;
        for range in &self.ranges {
            match range.holds(ecosystem, version) {
                Some(true) => return Verdict::Affected,
                Some(false) => {}
                None => verdict = Verdict::Undecided,
            }
        }
        // A list of names is whole where there is one: ranges only say it shorter.
        if verdict == Verdict::Undecided && !self.versions.is_empty() { Verdict::Clear } else { verdict }
    }
}

/// A version before a release is before it here too, whatever a requirement says of such versions.
fn meets(requirement: &VersionReq, version: &semver::Version) -> bool {
    if requirement.matches(version) {
        return true;
    }
    // `>= 1.2.3` means to a resolver that it wants no 2.0.0-rc; to an advisory it does not.
    !version.pre.is_empty()
        && requirement.comparators.iter().all(|it| {
            let at = semver::Version {
                major: it.major,
                minor: it.minor.unwrap_or(0),
                patch: it.patch.unwrap_or(0),
                pre: it.pre.clone(),
                build: semver::BuildMetadata::EMPTY,
            };
            match it.op {
                semver::Op::Greater => *version > at,
                semver::Op::GreaterEq => *version >= at,
                semver::Op::Less => *version < at,
                semver::Op::LessEq => *version <= at,
                _ => false,
            }
        })
}

impl Range {
    /// Whether the version lies in it: what is introduced at or before it and not fixed by then (OSV, "evaluation").
    fn holds(&self, ecosystem: Ecosystem, version: &str) -> Option<bool> {
        let mut events = Vec::with_capacity(self.0.len());
        for event in &self.0 {
            let (Event::Introduced(at) | Event::Fixed(at) | Event::LastAffected(at)) = event;
            let order = if at == "0" { Ordering::Less } else { compare(ecosystem, at, version)? };
            events.push((order, event));
        }
        let is_past = |order: Ordering, event: &Event| match event {
            Event::LastAffected(_) => order == Ordering::Less,
            _ => order != Ordering::Greater,
        };
        // The last that is past decides; of several, the latest.
        let past = events.into_iter().filter(|(order, event)| is_past(*order, event)).map(|(_, event)| event);
        let mut last: Option<&Event> = None;
        for event in past {
            let later = last.is_none_or(|known| {
                let (Event::Introduced(a) | Event::Fixed(a) | Event::LastAffected(a)) = known;
                let (Event::Introduced(b) | Event::Fixed(b) | Event::LastAffected(b)) = event;
                a == "0" || b != "0" && compare(ecosystem, a, b) != Some(Ordering::Greater)
            });
            if later {
                last = Some(event);
            }
        }
        Some(matches!(last, Some(Event::Introduced(_))))
    }
}

/// Whether two texts name one version: `3.2` and `3.2.0` do, and what was built here (`1.0+cpu`) is what it was built of.
fn is_same(ecosystem: Ecosystem, known: &str, version: &str) -> bool {
    let built_of = version.split('+').next().filter(|_| ecosystem == Ecosystem::Pypi).unwrap_or(version);
    known.trim_start_matches('v') == version.trim_start_matches('v')
        || compare(ecosystem, known, built_of) == Some(Ordering::Equal)
}

/// Two versions in their ecosystem's order; none where it is not known.
fn compare(ecosystem: Ecosystem, a: &str, b: &str) -> Option<Ordering> {
    match ecosystem {
        Ecosystem::Cargo | Ecosystem::Npm | Ecosystem::Golang => Some(semantic(a)?.cmp_precedence(&semantic(b)?)),
        Ecosystem::Pypi => {
            let version = |text: &str| pep440_rs::Version::from_str(text).ok();
            Some(version(a)?.cmp(&version(b)?))
        }
        Ecosystem::Maven => maven(a, b),
    }
}

fn semantic(text: &str) -> Option<semver::Version> {
    let text = text.trim().trim_start_matches('v').trim_end_matches("+incompatible");
    if let Ok(version) = semver::Version::parse(text) {
        return Some(version);
    }
    // `1` and `1.2` stand for what ends in zeros.
    let (numbers, rest) = text.find(['-', '+']).map_or((text, ""), |at| text.split_at(at));
    let zeros = 2_usize.checked_sub(numbers.matches('.').count())?;
    semver::Version::parse(&format!("{numbers}{}{rest}", ".0".repeat(zeros))).ok()
}

/// Versions of numbers alone are ordered by them; words in a version have an order of their own in Maven, which is not
/// guessed at.
fn maven(a: &str, b: &str) -> Option<Ordering> {
    if a == b {
        return Some(Ordering::Equal);
    }
    let numbers = |text: &str| -> Option<Vec<u64>> {
        let text = text
            .strip_suffix(".RELEASE")
            .or_else(|| text.strip_suffix(".Final"))
            .or_else(|| text.strip_suffix("-jre"))
            .unwrap_or(text);
        let mut numbers: Vec<u64> = text.split('.').map(|it| it.parse().ok()).collect::<Option<_>>()?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        Some(numbers)
    };
    Some(numbers(a)?.cmp(&numbers(b)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(events: &[(&str, &str)]) -> Affected {
        let event = |(kind, at): &(&str, &str)| match *kind {
            "introduced" => Event::Introduced((*at).to_owned()),
            "fixed" => Event::Fixed((*at).to_owned()),
            _ => Event::LastAffected((*at).to_owned()),
        };
        Affected { ranges: vec![Range(events.iter().map(event).collect())], ..Affected::default() }
    }

    #[test]
    fn ranges_hold_as_each_ecosystem_orders_versions() {
        use Ecosystem::{Cargo, Golang, Maven, Npm, Pypi};
        use Verdict::{Affected as Is, Clear, Undecided};
        let two =
            range(&[("introduced", "0"), ("fixed", "1.2.5"), ("introduced", "2.0.0"), ("last_affected", "2.3.0")]);
        for (version, verdict) in [
            ("1.2.4", Is),
            ("1.2.5", Clear),
            ("1.9.0", Clear),
            ("2.0.0", Is),
            ("2.3.0", Is),
            ("2.3.1", Clear),
            ("1.2.5-rc.1", Is),
            ("2.0.0-rc.1", Clear),
        ] {
            assert_eq!(two.verdict(Cargo, version), verdict, "{version}");
            assert_eq!(two.verdict(Npm, version), verdict, "{version}");
        }
        assert_eq!(two.verdict(Golang, "v1.2.4+incompatible"), Is);
        let python = range(&[("introduced", "1.0a1"), ("fixed", "1.10")]);
        for (version, verdict) in [
            ("1.9", Is),
            ("1.10", Clear),
            ("1.10.post1", Clear),
            ("1.10rc1", Is),
            ("1.0a0", Clear),
            ("no version", Undecided),
        ] {
            assert_eq!(python.verdict(Pypi, version), verdict, "{version}");
        }
        let java = range(&[("introduced", "2.0"), ("fixed", "2.15.0")]);
        for (version, verdict) in [("2.9.1", Is), ("2.15.0", Clear), ("2.15", Clear), ("2.3-beta9", Undecided)] {
            assert_eq!(java.verdict(Maven, version), verdict, "{version}");
        }
    }

    #[test]
    fn a_version_by_its_name_is_what_the_ecosystem_calls_equal() {
        let affected = Affected { versions: vec!["3.2".to_owned(), "1!2.0rc1".to_owned()], ..Affected::default() };
        for (version, verdict) in [
            ("3.2", Verdict::Affected),
            ("3.2.0", Verdict::Affected),
            ("3.2+cpu", Verdict::Affected),
            ("1!2.0.0-rc.1", Verdict::Affected),
            ("3.2.1", Verdict::Clear),
            ("3.2.post1", Verdict::Clear),
        ] {
            assert_eq!(affected.verdict(Ecosystem::Pypi, version), verdict, "{version}");
        }
        assert_eq!(affected.verdict(Ecosystem::Npm, "3.2.0"), Verdict::Affected);
        assert_eq!(affected.verdict(Ecosystem::Maven, "3.2.0"), Verdict::Affected);
    }

    #[test]
    fn what_is_patched_is_clear_also_before_a_release() {
        let requirement = |text: &str| VersionReq::parse(text).expect("a requirement");
        let clear = Some(vec![requirement(">= 1.4.2"), requirement("< 0.3.0")]);
        let affected = Affected { clear, ..Affected::default() };
        for (version, verdict) in [
            ("1.4.2", Verdict::Clear),
            ("0.2.9", Verdict::Clear),
            ("1.0.0", Verdict::Affected),
            ("2.0.0-rc.1", Verdict::Clear),
            ("1.4.2-rc.1", Verdict::Affected),
        ] {
            assert_eq!(affected.verdict(Ecosystem::Cargo, version), verdict, "{version}");
        }
    }
}
