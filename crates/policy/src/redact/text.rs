//! Secrets within a text: prefixes, marks, names with values, card numbers.

use super::anchors::{self, Anchor};
use super::assign;
use super::cards;
use super::shapes::SHAPES;
use super::span::{Span, merge};
use super::special::SPECIALS;

/// The secrets of a text, in order, without overlaps.
pub(crate) fn find_secrets(text: &[u8]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut named = assign::Reader::new(text);
    anchors::visit(text, |anchor, start, end| {
        // Nothing is looked for within what was found already: the time stays linear.
        if spans.last().is_some_and(|span| span.start <= start && end <= span.end) {
            return false;
        }
        match anchor {
            Anchor::Look => {}
            Anchor::Shape(index) => spans.extend(SHAPES[index].check(text, start, start + SHAPES[index].prefix.len())),
            Anchor::Special(index) => (SPECIALS[index].read)(text, start, end, &mut spans),
            Anchor::Word => named.read(start, end, &mut spans),
        }
        false
    });
    cards::find(text, &mut spans);
    merge(&mut spans);
    spans
}
