//! Which messages are of one kind: the miner, behind our own bounds.
//!
//! The algorithm is Drain (He et al., ICWS 2017) as `logdrain` has it. It sees each masked text once, whatever
//! the number of lines; a cache answers for the rest. How many templates there are, and how many of them share
//! a leaf, is bounded here; what does not fit is one kind of its own, and is counted.
//!
//! Drain tells messages apart by their first words for certain, and so never finds out that the second word of
//! `user ann logged in` is a name. Here, templates that differ in one word alone become one when there are
//! enough of them.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use logdrain::Miner as Drain;

/// Texts whose template is remembered.
const CACHED: usize = 32_768;
/// Templates that begin with the same words: each new text is compared with all of them.
const LEAF: usize = 128;
/// Words by which templates are told apart for certain, beside their number: `depth` less two.
const DEPTH: usize = 4;
/// The share of words that a text must have in common with a template.
const SIMILAR: f64 = 0.76;
/// So many templates that differ in the same word alone are one.
const SIBLINGS: usize = 5;
/// Words of a template that may have siblings, at least and at most.
const WORDS: std::ops::RangeInclusive<usize> = 3..=24;

/// The place of messages that no template was left for.
pub(super) const OTHER: usize = 0;

/// Learns templates; each has a place, from 1 on.
pub(super) struct Miner {
    drain: Drain,
    /// The text that each template began with; nothing at [`OTHER`].
    begun: Vec<String>,
    cache: HashMap<Box<[u8]>, usize, RandomState>,
    /// Templates by their texts with one word left out.
    siblings: HashMap<(usize, String), Vec<usize>, RandomState>,
    /// Where a template went that became one with others; its own place, where it did not.
    joined: Vec<usize>,
    most: usize,
    /// Whether a template was left out.
    pub(super) is_full: bool,
}

impl Miner {
    /// A miner of at most so many templates.
    pub(super) fn new(most: usize) -> Self {
        let drain = Drain::builder()
            .depth(DEPTH)
            .sim_threshold(SIMILAR)
            .max_clusters_per_leaf(LEAF)
            .build()
            .expect("the settings are within the library's limits");
        let (begun, joined) = (vec![String::new()], vec![OTHER]);
        Self { drain, begun, cache: HashMap::default(), siblings: HashMap::default(), joined, most, is_full: false }
    }

    /// The place of the template that a masked text belongs to; a new one, if need be.
    pub(super) fn learn(&mut self, masked: &[u8]) -> usize {
        if let Some(place) = self.cache.get(masked) {
            return *place;
        }
        let text = String::from_utf8_lossy(masked);
        let place = if self.begun.len() <= self.most {
            let id = self.drain.add(&text).cluster_id as usize;
            if id == self.begun.len() {
                self.begun.push(text.clone().into_owned());
                self.joined.push(id);
                self.join(id, &text);
            }
            self.place(id)
        } else {
            self.is_full = true;
            self.drain.match_only(&text).map_or(OTHER, |id| self.place(id as usize))
        };
        if self.cache.len() >= CACHED {
            self.cache.clear();
        }
        self.cache.insert(masked.into(), place);
        place
    }

    /// Where a template is now: it may have become one with others since.
    pub(super) fn place(&self, mut place: usize) -> usize {
        while self.joined[place] != place {
            place = self.joined[place];
        }
        place
    }

    /// Makes a new template one with those that differ from it in the same word.
    fn join(&mut self, id: usize, text: &str) {
        let words: Vec<&str> = text.split(' ').collect();
        if !WORDS.contains(&words.len()) {
            return;
        }
        for (at, word) in words.iter().enumerate() {
            // What is left must say something, and what is left out must be a word.
            let rest = || words.iter().enumerate().filter(|(other, word)| *other != at && is_word(word)).count();
            if !is_word(word) || rest() < 2 {
                continue;
            }
            let without: Vec<&str> =
                words.iter().enumerate().map(|(other, w)| if other == at { "<*>" } else { w }).collect();
            let key = (at, without.join(" "));
            let alike = self.siblings.entry(key.clone()).or_default();
            alike.push(id);
            if alike.len() < SIBLINGS {
                continue;
            }
            let alike = std::mem::take(alike);
            let id = self.drain.add(&key.1).cluster_id as usize;
            if id == self.begun.len() {
                self.begun.push(key.1.clone());
                self.joined.push(id);
            }
            let whole = self.place(id);
            // Whatever comes further belongs to it at once.
            self.siblings.insert(key, vec![whole; SIBLINGS]);
            for place in alike {
                let place = self.place(place);
                if place != whole {
                    self.joined[place] = whole;
                }
            }
            self.cache.clear();
            return;
        }
    }

    /// How many places there are, [`OTHER`] among them.
    pub(super) fn places(&self) -> usize {
        self.begun.len()
    }

    /// The text of a template as it is now.
    pub(super) fn text(&self, place: usize) -> String {
        match self.drain.cluster(place as u64) {
            Some(cluster) if place != OTHER => cluster.template().to_owned(),
            // Left out for another that begins with the same words.
            _ => self.begun[place].clone(),
        }
    }
}

/// Whether a word is of letters, and nothing masked.
fn is_word(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_alphabetic()) && !word.contains('<')
}

impl std::fmt::Debug for Miner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Miner").field("templates", &self.places()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_one_word_is_one_template() {
        let mut miner = Miner::new(100);
        let places = ["user logged in as ann", "user logged in as bob", "user logged out", "user logged in as ann"]
            .map(|text| miner.learn(text.as_bytes()));
        assert_eq!(places, [1, 1, 2, 1]);
        assert_eq!(miner.text(1), "user logged in as <*>");
        assert_eq!(miner.text(2), "user logged out");
    }

    #[test]
    fn names_in_front_are_found_when_there_are_enough() {
        let mut miner = Miner::new(100);
        let names = ["ann", "bob", "carol", "dave", "erin", "frank", "grace"];
        let places = names.map(|name| miner.learn(format!("user {name} logged in").as_bytes()));
        let now = places.map(|place| miner.place(place));
        assert!(now.iter().all(|place| *place == now[0]), "{now:?}");
        assert_eq!(miner.text(now[0]), "user <*> logged in");
        // Two or three that differ in a word are what a program says, not names.
        let [on, off] = ["replication was started", "replication was stopped"].map(|text| miner.learn(text.as_bytes()));
        assert_ne!(miner.place(on), miner.place(off));
    }

    #[test]
    fn what_does_not_fit_is_one_kind() {
        let mut miner = Miner::new(300);
        let word = |number: usize| -> String {
            number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
        };
        let all: Vec<usize> =
            (0..2_000).map(|n| miner.learn(format!("{} {} begins", word(n), word(n)).as_bytes())).collect();
        assert_eq!((miner.places(), miner.is_full), (301, true));
        assert!(all[..300].iter().all(|place| *place != OTHER) && all[400..].iter().all(|place| *place == OTHER));
        assert_eq!(miner.text(1), "a a begins");
        assert_eq!(miner.text(OTHER), "");
    }
}
