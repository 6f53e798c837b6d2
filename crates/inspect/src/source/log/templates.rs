//! Which messages are of one kind: the miner, behind our own bounds.
//!
//! The algorithm is Drain (He et al., ICWS 2017) as `logdrain` has it. It sees each masked text once, whatever
//! the number of lines; a cache answers for the rest. How many templates there are, and how many of them share
//! a leaf, is bounded here; what does not fit is one kind of its own, and is counted.

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
const SIMILAR: f64 = 0.6;

/// The place of messages that no template was left for.
pub(super) const OTHER: usize = 0;

/// Learns templates; each has a place, from 1 on.
pub(super) struct Miner {
    drain: Drain,
    /// The text that each template began with; nothing at [`OTHER`].
    begun: Vec<String>,
    cache: HashMap<Box<[u8]>, usize, RandomState>,
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
        Self { drain, begun: vec![String::new()], cache: HashMap::default(), most, is_full: false }
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
                self.begun.push(text.into_owned());
            }
            id
        } else {
            self.is_full = true;
            self.drain.match_only(&text).map_or(OTHER, |id| id as usize)
        };
        if self.cache.len() >= CACHED {
            self.cache.clear();
        }
        self.cache.insert(masked.into(), place);
        place
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
    fn what_does_not_fit_is_one_kind() {
        let mut miner = Miner::new(300);
        let word = |number: usize| -> String {
            number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
        };
        let all: Vec<usize> = (0..2_000).map(|n| miner.learn(format!("{} {} begins", word(n), word(n)).as_bytes())).collect();
        assert_eq!((miner.places(), miner.is_full), (301, true));
        assert!(all[..300].iter().all(|place| *place != OTHER) && all[400..].iter().all(|place| *place == OTHER));
        assert_eq!(miner.text(1), "a a begins");
        assert_eq!(miner.text(OTHER), "");
    }
}
