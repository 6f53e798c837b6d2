//! Cuts a text into passages: whole paragraphs as long as they fit, a long one at the end of a sentence, else of a word.

/// The longest passage.
const PASSAGE_BYTES_MAX: usize = 1_200;

/// The passages of a text, none of them empty; the same for the same text.
pub fn passages(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut open = String::new();
    for paragraph in paragraphs(text) {
        for piece in pieces(paragraph) {
            if !open.is_empty() && open.len() + 2 + piece.len() > PASSAGE_BYTES_MAX {
                all.push(std::mem::take(&mut open));
            }
            if !open.is_empty() {
                open.push_str("\n\n");
            }
            open.push_str(piece);
        }
    }
    if !open.is_empty() {
        all.push(open);
    }
    all
}

/// What stands between empty lines.
fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace());
        if rest.is_empty() {
            return None;
        }
        let mut at = 0;
        for line in rest.split_inclusive('\n') {
            if line.trim().is_empty() {
                break;
            }
            at += line.len();
        }
        let (paragraph, after) = rest.split_at(at);
        rest = after;
        Some(paragraph.trim_end())
    })
}

/// A paragraph in pieces that each fit.
fn pieces(paragraph: &str) -> impl Iterator<Item = &str> {
    let mut rest = paragraph;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        if rest.len() <= PASSAGE_BYTES_MAX {
            return Some(std::mem::take(&mut rest).trim_end());
        }
        let most = rest.floor_char_boundary(PASSAGE_BYTES_MAX);
        let window = &rest[..most];
        let sentence = window.rmatch_indices(['.', '!', '?', '\n']).map(|(at, end)| at + end.len());
        let sentence = sentence.filter(|at| rest[*at..].starts_with(char::is_whitespace)).find(|at| *at > most / 2);
        let at = sentence.or_else(|| window.rfind(char::is_whitespace).filter(|at| *at > most / 2)).unwrap_or(most);
        let (piece, after) = rest.split_at(at);
        rest = after;
        Some(piece.trim_end())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_stay_whole_and_long_ones_end_with_a_sentence() {
        assert_eq!(passages("# One\n\nfirst\nline\n \n\nsecond\n"), ["# One\n\nfirst\nline\n\nsecond"]);
        let sentence = "A sentence of some words. ";
        let cut = passages(&sentence.repeat(100));
        assert!(cut.len() > 2 && cut.iter().all(|one| one.len() <= PASSAGE_BYTES_MAX && one.ends_with('.')), "{cut:?}");
        assert_eq!(cut.join(" "), sentence.repeat(100).trim_end());
        let solid = "ä".repeat(5_000);
        assert_eq!(passages(&solid).concat().replace("\n\n", ""), solid);
        assert!(passages(" \n\t\n").is_empty() && passages("").is_empty());
    }
}
