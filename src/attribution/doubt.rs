//! What speaks against evidence that is not on the key's own line.
//!
//! A file of settings names many services. That one of them is mentioned does not make every key in
//! the file its own. Doubts change nothing of what is reported: they keep a key from being sent.

use super::{Surroundings, at_line, on_line};
use crate::span::Span;

/// Bytes around a key in which other keys are looked at.
const REACH: usize = 16 << 10;
/// Bytes before a key in which the name of its setting may stand.
const NAME: usize = 80;

/// Parts of names that say nothing of whose key it is.
const PLAIN: &str = "\
    a access api apikey app application auth authorization authtoken backend base bearer client \
    conf config const cred credential credentials current data default dev development env \
    export header headers http https id is json key keys let live main my name new old option \
    options our param params password primary private prod production pub public sandbox secret \
    secretkey secrets self server service set setting settings sk staging static str string test \
    tg the this to token tokens url use user val value values var with x your";

/// Why evidence of `provider` elsewhere is not enough for the key at `at`, if it is not.
pub(super) fn against(around: Surroundings<'_>, at: Span, provider: usize) -> Option<&'static str> {
    if another_claims_it(around, at, provider) {
        return Some("another key nearby has its issuer on its own line, and this one has not");
    }
    if has_name_of_its_own(around, at) {
        return Some("the name of its setting speaks of something else");
    }
    None
}

/// Whether evidence stands on the line of another key, so that keys are told apart by their lines.
fn another_claims_it(around: Surroundings<'_>, at: Span, provider: usize) -> bool {
    let own = at_line(around, at);
    let from = around.matches.partition_point(|m| m.end + REACH < at.start);
    let near = around.matches[from..].iter().take_while(|m| m.start < at.end + REACH);
    near.filter(|m| **m != at).any(|other| {
        let line = at_line(around, *other);
        line != own && on_line(around, line).iter().any(|h| h.provider == provider)
    })
}

/// Whether the word before the key on its line, such as `PAYMENTS_KEY` of `PAYMENTS_KEY="…"`, has a
/// part that is no plain word.
fn has_name_of_its_own(around: Surroundings<'_>, at: Span) -> bool {
    let line = around.lines.span_of(at_line(around, at));
    let from = line.start.max(at.start.saturating_sub(NAME)).min(at.start);
    let before = &around.bytes[from..at.start];
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || b"_-.".contains(b);
    let end = before.iter().rposition(is_name).map_or(0, |i| i + 1);
    // Without a mark between the two it is a word of a sentence, or a path.
    if !before[end..].iter().any(|b| b"=:".contains(b)) {
        return false;
    }
    let start = before[..end].iter().rposition(|b| !is_name(b)).map_or(0, |i| i + 1);
    let is_plain = |part: &String| PLAIN.split(' ').any(|plain| plain == part);
    !parts(&before[start..end]).iter().all(is_plain)
}

/// The words of a name, in lower case: cut at marks, digits and humps.
fn parts(name: &[u8]) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before = b'_';
    for byte in name {
        let hump = byte.is_ascii_uppercase() && before.is_ascii_lowercase();
        if hump || !byte.is_ascii_alphabetic() {
            parts.push(String::new());
        }
        if byte.is_ascii_alphabetic()
            && let Some(last) = parts.last_mut()
        {
            last.push(char::from(byte.to_ascii_lowercase()));
        }
        before = *byte;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribution::Attributor;
    use crate::rule::builtin;
    use crate::span::{Charset, LineTable};

    /// Whether Leadterra's evidence is doubted for the key `KEYONE`.
    fn is_doubted(text: &str) -> bool {
        let rules = builtin();
        let attributor = Attributor::new(&rules);
        let hits = attributor.hits(text.as_bytes());
        let lines = LineTable::new(text.as_bytes(), Charset::Utf8);
        let spans =
            ["KEYONE", "KEYTWO"].map(|key| text.find(key).map(|at| Span::new(at, at + key.len())));
        let mut matches: Vec<Span> = spans.into_iter().flatten().collect();
        matches.sort_unstable();
        let around = Surroundings {
            bytes: text.as_bytes(),
            lines: &lines,
            hits: &hits,
            untied: &hits,
            matches: &matches,
        };
        let rule = rules.rule("sk-live-key").expect("rule");
        let at = spans[0].expect("a key");
        let attribution = attributor.attribute(rule, &[b'a'; 44], at, around);
        assert_eq!(attribution.provider.as_deref(), Some("leadterra"), "{text}");
        attribution.doubt.is_some()
    }

    #[test]
    fn a_mention_elsewhere_is_doubted_where_the_key_has_a_name_of_its_own() {
        for line in [
            "PAYMENTS_API_KEY=KEYONE",
            "export MOLLIE_SECRET=\"KEYONE\"",
            "  crmToken: 'KEYONE',",
            "\"billing-key\": \"KEYONE\"",
            "LEADTERRA_API_KEY=KEYTWO\nAPI_KEY=KEYONE",
        ] {
            assert!(is_doubted(&format!("# https://app.leadterra.co\n{line}\n")), "{line}");
        }
    }

    #[test]
    fn a_mention_elsewhere_counts_for_a_key_of_a_plain_name() {
        for line in [
            "API_KEY=KEYONE",
            "const apiKey = 'KEYONE';",
            "  secret_key_2: \"KEYONE\"",
            "-H 'Authorization: Bearer KEYONE'",
            "the key is KEYONE",
            "KEYONE",
            "LEADTERRA_API_KEY=KEYONE",
            "LEADTERRA_API_KEY=KEYONE\nPAYMENTS=KEYTWO",
            "keys:\n  - KEYONE\n  - KEYTWO",
        ] {
            assert!(!is_doubted(&format!("# https://app.leadterra.co\n{line}\n")), "{line}");
        }
    }
}
