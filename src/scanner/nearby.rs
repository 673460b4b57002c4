//! Values that stand near a key and that its issuer wants to be told in a live check: an id of the
//! customer, say.
//!
//! Only what the rule names is looked for, and nothing of it is sent anywhere from here.

use crate::attribution::Surroundings;
use crate::matcher::Match;
use crate::rule::{Hint, Rule};
use crate::span::Span;

use super::view::View;

/// Bytes on each side of a key in which a value is looked for.
const REACH: usize = 4 << 10;
/// Bytes between the end of a name and its value.
const GAP: usize = 64;
/// Length of a UUID.
const UUID: usize = 36;

/// The values near `found`, by their names: of the decoded text around it, else of the content.
pub(super) fn context(
    rule: &Rule,
    found: &Match,
    content: Surroundings<'_>,
    view: Option<&View>,
) -> Vec<(String, String)> {
    let mut values: Vec<(String, String)> = Vec::new();
    for hint in rule.verify.iter().flat_map(|v| &v.probe.context) {
        if values.iter().any(|(name, _)| *name == hint.name) {
            continue;
        }
        let mut views = view.into_iter().flat_map(View::chain);
        let inside = views.find_map(|v| nearest(v.bytes(), v.span, hint));
        if let Some(value) = inside.or_else(|| nearest(content.bytes, found.span, hint)) {
            values.push((hint.name.clone(), value));
        }
    }
    values
}

/// The UUID behind one of the names of `hint` that is nearest to `at`.
fn nearest(bytes: &[u8], at: Span, hint: &Hint) -> Option<String> {
    let from = at.start.saturating_sub(REACH);
    let window = &bytes[from..bytes.len().min(at.end + REACH)];
    let mut best: Option<(usize, String)> = None;
    for name in &hint.near {
        let name = name.as_bytes();
        for start in 0..window.len().saturating_sub(name.len()) {
            if !is_name(&window[start..start + name.len()], name) {
                continue;
            }
            let Some(value) = value_after(&window[start + name.len()..]) else { continue };
            let place = from + start;
            let distance = place.abs_diff(at.start);
            if best.as_ref().is_none_or(|(nearest, _)| distance < *nearest) {
                best = Some((distance, value));
            }
        }
    }
    best.map(|(_, value)| value)
}

/// Equal without regard to case, `-` being as good as `_`.
fn is_name(text: &[u8], name: &[u8]) -> bool {
    let plain = |b: u8| if b == b'-' { b'_' } else { b.to_ascii_lowercase() };
    text.iter().zip(name).all(|(a, b)| plain(*a) == plain(*b))
}

/// The UUID that follows, on this line or the next.
fn value_after(text: &[u8]) -> Option<String> {
    // A longer name is another name.
    if text.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
        return None;
    }
    let mut lines = 0;
    for start in 0..text.len().min(GAP) {
        lines += usize::from(text[start] == b'\n');
        if lines > 1 {
            return None;
        }
        let glued = start > 0 && text[start - 1].is_ascii_alphanumeric();
        if let Some(candidate) = text.get(start..start + UUID)
            && !glued
            && is_uuid(candidate)
            && !text.get(start + UUID).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-')
        {
            return String::from_utf8(candidate.to_ascii_lowercase()).ok();
        }
    }
    None
}

fn is_uuid(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(i, b)| match i {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "11111111-2222-4333-8444-555555555555";
    const TWO: &str = "aaaaaaaa-BBBB-4ccc-8ddd-eeeeeeeeeeee";

    fn near(text: &str) -> Option<String> {
        let hint = Hint {
            name: "customer_id".to_owned(),
            near: vec!["x-customer-id".to_owned(), "CUSTOMER_ID".to_owned()],
            fallback: String::new(),
        };
        let at = text.find("KEY").expect("a key");
        nearest(text.as_bytes(), Span::new(at, at + 3), &hint)
    }

    #[test]
    fn the_value_behind_the_nearest_name_is_taken() {
        let own = Some(ONE.to_owned());
        for text in [
            format!("KEY\nMEGA_CUSTOMER_ID={ONE}\n"),
            format!("curl -H 'x-customer-id: {ONE}' -H 'KEY'"),
            format!("{{\"customer-id\": \"{ONE}\", \"key\": \"KEY\"}}"),
            format!("- name: CUSTOMER_ID\n  value: {ONE}\nKEY"),
            format!("customer_id={TWO}\n{}customer_id={ONE}\nKEY", "x\n".repeat(9)),
        ] {
            assert_eq!(near(&text), own, "{text}");
        }
        assert_eq!(near(&format!("KEY customer_id={TWO}")), Some(TWO.to_lowercase()));
    }

    #[test]
    fn other_ids_are_nobodys() {
        for text in [
            format!("KEY id={ONE}"),
            format!("KEY customer_ids={ONE}"),
            format!("KEY customer_id=\n\n{ONE}"),
            format!("KEY customer_id={ONE}0"),
            format!("KEY customer_id={}{ONE}", "x ".repeat(60)),
            "KEY customer_id=1".to_owned(),
        ] {
            assert_eq!(near(&text), None, "{text}");
        }
    }
}
