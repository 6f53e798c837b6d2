//! What can be told of a line that is too long to be held: the id of a reply, and whether it is an error.
//!
//! A state machine over chunks. Its memory does not grow with the line.

/// Bytes of a key or an id that are kept.
const TOKEN_BYTES_MAX: usize = 1_024;

/// The state between two chunks.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that was seen")]
pub(crate) struct Trail {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// At depth 1: whether a key is expected, not a value.
    in_value: bool,
    token: Vec<u8>,
    key: Vec<u8>,
    id: Option<Vec<u8>>,
    has_method: bool,
    has_error: bool,
    bytes: u64,
}

impl Trail {
    /// The next bytes of the line.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        for &byte in chunk {
            if self.in_string {
                self.string_byte(byte);
            } else {
                self.plain_byte(byte);
            }
        }
    }

    /// How long the line was.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The id's token, if the line is a reply.
    pub(crate) fn reply_id(&self) -> Option<&str> {
        if self.has_method { None } else { std::str::from_utf8(self.id.as_deref()?).ok() }
    }

    /// The id's token, if the line is a request.
    pub(crate) fn request_id(&self) -> Option<&str> {
        if self.has_method { std::str::from_utf8(self.id.as_deref()?).ok() } else { None }
    }

    /// Whether it is the reply of a failure.
    pub(crate) fn is_error(&self) -> bool {
        self.has_error
    }

    fn string_byte(&mut self, byte: u8) {
        if self.depth == 1 {
            self.keep(byte);
        }
        if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.in_string = false;
        }
    }

    fn plain_byte(&mut self, byte: u8) {
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => {
                self.depth += 1;
                return;
            }
            b'}' | b']' => {
                if self.depth == 1 {
                    self.end_value();
                }
                self.depth = self.depth.saturating_sub(1);
                return;
            }
            b':' if self.depth == 1 && !self.in_value => {
                self.in_value = true;
                self.key = std::mem::take(&mut self.token);
                return;
            }
            b',' if self.depth == 1 => return self.end_value(),
            b' ' | b'\t' | b'\r' | b'\n' => return,
            _ => {}
        }
        if self.depth == 1 {
            self.keep(byte);
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.token.len() < TOKEN_BYTES_MAX {
            self.token.push(byte);
        }
    }

    fn end_value(&mut self) {
        let token = std::mem::take(&mut self.token);
        match self.key.as_slice() {
            b"\"id\"" => self.id = Some(token),
            b"\"method\"" => self.has_method = true,
            b"\"error\"" => self.has_error = true,
            _ => {}
        }
        self.key.clear();
        self.in_value = false;
    }
}

#[cfg(test)]
mod tests {
    use super::Trail;

    fn trail(line: &str, step: usize) -> Trail {
        let mut trail = Trail::default();
        line.as_bytes().chunks(step).for_each(|chunk| trail.push(chunk));
        trail
    }

    #[test]
    fn the_id_is_found_wherever_it_stands_and_however_the_line_is_cut() {
        let big = format!(r#"{{"text":"a\"id\":9 {}","deep":[{{"id":8}}]}}"#, "x".repeat(5_000));
        for (line, id, is_error) in [
            (format!(r#"{{"jsonrpc":"2.0","id":7,"result":{big}}}"#), Some("7"), false),
            (format!(r#"{{"result":{big},"jsonrpc":"2.0", "id" : "a,b\"}}" }}"#), Some(r#""a,b\"}""#), false),
            (format!(r#"{{"error":{big},"id":null}}"#), Some("null"), true),
            (format!(r#"{{"id":7,"method":"x","params":{big}}}"#), None, false),
            (big.clone(), None, false),
        ] {
            for step in [1, 7, 4_096] {
                let trail = trail(&line, step);
                assert_eq!(trail.reply_id(), id, "{step}");
                assert_eq!(trail.is_error(), is_error);
                assert_eq!(trail.bytes(), line.len() as u64);
            }
        }
    }
}
