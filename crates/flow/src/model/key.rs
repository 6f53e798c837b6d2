//! Keys of providers.

use zeroize::Zeroizing;

use crate::Error;

/// Longer than any key.
const KEY_BYTES_MAX: usize = 4_096;

/// A provider's key. It shows nothing when debugged and is wiped when dropped. Where it is read from is for the
/// edge to say: a file, or a variable of the environment.
#[derive(Clone)]
pub struct ApiKey(Zeroizing<String>);

impl ApiKey {
    /// From what stands in the file or the variable called `name`; blanks around it do not count.
    ///
    /// Errors: [`Error::ApiKeyUnusable`], which names the place and never what is in it.
    pub fn new(name: &str, text: &str) -> Result<Self, Error> {
        let unusable = |why| Error::ApiKeyUnusable { name: name.to_owned(), why };
        let key = Zeroizing::new(text.trim().to_owned());
        if key.is_empty() {
            return Err(unusable("it is empty"));
        }
        if key.len() > KEY_BYTES_MAX {
            return Err(unusable("it is longer than any key"));
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unusable(
                "it holds something that no key has: blanks, control characters, or letters beyond ASCII",
            ));
        }
        Ok(Self(key))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey(…)")
    }
}
