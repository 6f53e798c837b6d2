//! How much may be built of what is read, so that no text costs more memory or time than the machine has.

/// Bytes that are read and built for one part, of texts and of texts within them.
const BYTES_MAX: usize = 8 << 20;
/// A text that is longer is not read.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// What a word costs beside its letters.
pub(super) const WORD_BYTES: usize = 8;
/// What a command costs beside its words.
pub(super) const COMMAND_BYTES: usize = 32;

/// What is left to be built. Once it is used up, nothing more is read, and what was not cannot be judged.
#[derive(Debug)]
pub(crate) struct Room {
    left: usize,
    is_over: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self { left: BYTES_MAX, is_over: false }
    }
}

impl Room {
    /// Whether something was not read, or not in full.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether there was room for so many bytes.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => self.spend(),
        }
        !self.is_over
    }

    pub(super) fn take_text(&mut self, text: &str) -> bool {
        if text.len() > TEXT_BYTES_MAX {
            self.spend();
        }
        self.take(text.len())
    }

    pub(super) fn take_words(&mut self, words: &[String]) -> bool {
        self.take(words.iter().map(|word| word.len() + WORD_BYTES).sum())
    }

    /// Nothing more is read.
    pub(super) fn spend(&mut self) {
        self.left = 0;
        self.is_over = true;
    }

    /// What `look` finds in a text that need not be a command: where it cannot be read in full, that says nothing.
    pub(crate) fn guess(&mut self, look: impl FnOnce(&mut Self) -> bool) -> bool {
        let was_over = self.is_over;
        let found = look(self);
        self.is_over = was_over;
        found
    }
}
