//! What the name says that a secret is assigned to.
//!
//! `acme key` asks for both words, in any order and in any spelling: `ACME_API_KEY`, `acmeKey`,
//! `acme.prod.key`. Not here: finding the name in a text.

/// A word up to this long must be a part of the name by itself: `dd` is not in `add_key`.
const SHORT: usize = 3;
/// A word up to this long must begin a part: `uber` is not in `KUBERNETES`.
const MIDDLING: usize = 5;

/// Behind a word, it says that the name must end in it, as a part: `auth$` is in `NPM_AUTH` and not in
/// `auth_type`.
pub const LAST: char = '$';

/// Most names have fewer parts.
const USUAL_PARTS: usize = 24;

/// Alternatives, each of words that must all be in the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    alternatives: Vec<Vec<String>>,
}

impl Names {
    /// Alternatives as they are written, words apart by blanks.
    pub fn new<'w>(alternatives: impl Iterator<Item = &'w str>) -> Self {
        let words = |text: &str| -> Vec<String> {
            text.split_whitespace().map(str::to_ascii_lowercase).collect()
        };
        let alternatives = alternatives.map(words).filter(|words| !words.is_empty()).collect();
        Self { alternatives }
    }

    /// Alternatives out of an index line; none for an empty one.
    pub(super) fn listed(field: &str) -> Option<Self> {
        (!field.is_empty()).then(|| Self::new(field.split('|')))
    }

    /// The alternatives as an index line has them.
    pub(super) fn describe(&self) -> String {
        self.alternatives.iter().map(|words| words.join(" ")).collect::<Vec<_>>().join("|")
    }

    /// Whether nothing is asked for, so that nothing fits.
    pub fn is_empty(&self) -> bool {
        self.alternatives.is_empty()
    }

    /// The alternatives, each a list of words in small letters.
    pub fn alternatives(&self) -> &[Vec<String>] {
        &self.alternatives
    }
}

/// A name in small letters without its separators, and where its parts begin.
#[derive(Clone, Debug, Default)]
pub struct Name {
    letters: Vec<u8>,
    /// Where a part begins; one more at the end.
    starts: Vec<usize>,
}

impl Name {
    /// Reads a name: parts are apart by anything that is no letter or digit, or by a capital behind
    /// a small letter, or before one.
    pub fn read(&mut self, raw: &[u8]) {
        self.letters.clear();
        self.starts.clear();
        // Names are read by the million: no growing in steps.
        self.letters.reserve(raw.len());
        self.starts.reserve(USUAL_PARTS);
        let mut before = b' ';
        for (at, byte) in raw.iter().enumerate() {
            if byte.is_ascii_alphanumeric() {
                let hump = byte.is_ascii_uppercase()
                    && (before.is_ascii_lowercase()
                        || before.is_ascii_digit()
                        || raw.get(at + 1).is_some_and(u8::is_ascii_lowercase)
                            && before.is_ascii_uppercase());
                if hump || !before.is_ascii_alphanumeric() {
                    self.starts.push(self.letters.len());
                }
                self.letters.push(byte.to_ascii_lowercase());
            }
            // `\nTOKEN`, `%0ATOKEN`: a line may begin behind it.
            let is_break = before == b'\\' && matches!(byte, b'n' | b'r' | b't')
                || byte.is_ascii_hexdigit() && ends_escape(raw, at);
            before = if is_break { b' ' } else { *byte };
        }
        self.starts.push(self.letters.len());
    }

    /// The letters and digits of all parts, without what stood between.
    pub fn letters(&self) -> &[u8] {
        &self.letters
    }

    /// Whether a word that was found from `start` to `end` of the letters counts.
    pub fn counts(&self, start: usize, end: usize) -> bool {
        let begins = |at: usize| self.starts.binary_search(&at).is_ok();
        match end - start {
            // Not `pat` in `P` and `at`.
            n if n <= SHORT => begins(start) && begins(end) && !(start + 1..end).any(begins),
            n if n <= MIDDLING => begins(start),
            // Not across parts that it does not begin: `meraki` is not in `cameraKit`.
            _ => begins(start) || !(start + 1..end).any(begins),
        }
    }

    /// The parts of the name.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.starts.windows(2).map(|pair| &self.letters[pair[0]..pair[1]])
    }
}

/// Whether the digit at `at` is the last one of an escape such as `%0A` or `\u000a`.
fn ends_escape(raw: &[u8], at: usize) -> bool {
    ["%", r"\u00"].iter().any(|lead| {
        let start = at.checked_sub(lead.len() + 1);
        let own = start.and_then(|start| raw.get(start..at)?.strip_prefix(lead.as_bytes()));
        matches!(own, Some([digit]) if digit.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_parts() {
        let parts = |raw: &str| {
            let mut name = Name::default();
            name.read(raw.as_bytes());
            let parts: Vec<String> =
                name.parts().map(|p| String::from_utf8_lossy(p).into_owned()).collect();
            parts.join(" ")
        };
        assert_eq!(parts("ACME_API_KEY"), "acme api key");
        assert_eq!(parts("acmeApiKey"), "acme api key");
        assert_eq!(parts("acme.prod-APIKey"), "acme prod api key");
        assert_eq!(parts("AcmeV2Key"), "acme v2 key");
        assert_eq!(parts("--x-api_key: "), "x api key");
        assert_eq!(parts("\\r\\napi_key"), "r n api key");
    }

    #[test]
    fn short_words_count_as_parts_only() {
        let mut name = Name::default();
        name.read(b"DD_API_KEY");
        assert!(name.counts(0, 2) && name.counts(2, 5));
        name.read(b"fhP_at");
        assert!(!name.counts(2, 5));
        name.read(b"addKey");
        assert!(!name.counts(1, 3));
        name.read(b"KUBERNETES_KEY");
        assert!(!name.counts(1, 5) && name.counts(0, 5));
        name.read(b"nativeCameraKit");
        assert!(!name.counts(8, 14) && name.counts(6, 12));
        name.read(b"myacmecloudkey");
        assert!(name.counts(2, 11));
    }
}
