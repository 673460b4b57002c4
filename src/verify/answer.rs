//! What an answer means: the first row of the rule's table that it fits.
//!
//! An answer that no row fits proves nothing, whatever its status.

use serde_json::Value;

use super::client::Reply;
use crate::rule::{Answer, Conclusion, JsonKind, Probe, Scalar};

/// What an answer says of the key that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) conclusion: Conclusion,
    /// Why, for people; nothing in it comes from the answer but its status.
    pub(super) reason: String,
    /// Whether this is how a made-up key is refused.
    pub(super) refuses: bool,
    /// Whether a row fitted.
    pub(super) documented: bool,
}

/// Judges an answer. `found` are the context values that stood near the key.
pub(super) fn judge(probe: &Probe, reply: &Reply, found: &[&str]) -> Judgement {
    let needed = probe.answers.iter().any(Answer::needs_json);
    let json = needed.then(|| serde_json::from_slice::<Value>(&reply.body).ok()).flatten();
    let row = probe.answers.iter().find(|row| fits(row, reply, json.as_ref(), found));
    let status = reply.status;
    let Some(row) = row else {
        let reason = format!("{} (HTTP {status})", unexpected(status));
        let conclusion = Conclusion::Unknown;
        return Judgement { conclusion, reason, refuses: false, documented: false };
    };
    let usual = match row.conclusion {
        Conclusion::Active => "the provider accepted it",
        Conclusion::Inactive => "the provider refused it",
        Conclusion::Unknown => "the answer tells nothing of the key",
    };
    Judgement {
        conclusion: row.conclusion,
        reason: format!("{} (HTTP {status})", row.reason.as_deref().unwrap_or(usual)),
        refuses: row.refuses,
        documented: true,
    }
}

fn unexpected(status: u16) -> &'static str {
    match status {
        300..400 => "the answer is a redirect, which is not followed",
        429 => "the provider takes no more requests for now",
        408 | 500..600 => "the provider or something before it is in trouble",
        _ => "the answer is none that the provider documents",
    }
}

fn fits(row: &Answer, reply: &Reply, json: Option<&Value>, found: &[&str]) -> bool {
    let is_found = |name: &String| found.contains(&name.as_str());
    row.status.contains(&reply.status)
        && row.with.iter().all(is_found)
        && !row.without.iter().any(is_found)
        && row.headers.iter().all(|(name, text)| has_header(reply, name, text))
        && (row.text.is_empty() || row.text.iter().any(|text| has_text(&reply.body, text)))
        && (!row.needs_json() || json.is_some_and(|json| fits_json(row, json)))
}

fn has_header(reply: &Reply, name: &str, text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut values = reply.headers.get_all(name).iter();
    values
        .any(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase().contains(&text))
}

fn has_text(body: &[u8], text: &str) -> bool {
    memchr::memmem::find(body, text.as_bytes()).is_some()
}

fn fits_json(row: &Answer, json: &Value) -> bool {
    let at = |pointer: &String| json.pointer(pointer);
    row.exists.iter().all(|p| at(p).is_some_and(|v| !v.is_null()))
        && row.kinds.iter().all(|(p, kind)| at(p).is_some_and(|v| is_kind(v, *kind)))
        && row.equals.iter().all(|(p, values)| {
            at(p).is_some_and(|value| values.iter().any(|wanted| is_scalar(value, wanted)))
        })
        && row.contains.iter().all(|(p, texts)| {
            at(p).is_some_and(|value| texts.iter().any(|text| holds(value, text)))
        })
}

fn is_kind(value: &Value, kind: JsonKind) -> bool {
    match kind {
        JsonKind::String => value.is_string(),
        JsonKind::Number => value.is_number(),
        JsonKind::Boolean => value.is_boolean(),
        JsonKind::Object => value.is_object(),
        JsonKind::Array => value.is_array(),
    }
}

fn is_scalar(value: &Value, wanted: &Scalar) -> bool {
    match wanted {
        Scalar::Text(text) => value.as_str() == Some(text),
        Scalar::Number(number) => value.as_i64() == Some(*number),
        Scalar::Flag(flag) => value.as_bool() == Some(*flag),
    }
}

/// Whether a text, or one of a list of texts, holds `text`.
fn holds(value: &Value, text: &str) -> bool {
    let one = |value: &Value| value.as_str().is_some_and(|held| held.contains(text));
    match value {
        Value::Array(items) => items.iter().any(one),
        other => one(other),
    }
}
