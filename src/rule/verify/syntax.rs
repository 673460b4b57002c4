//! How a `[rules.verify]` table becomes a [`Verify`], with every mistake told at its place.
//!
//! Not here: whether the file that holds it may say where secrets go; see `rule::Origin`.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::{Answer, Conclusion, Header, Hint, JsonKind, Like, Probe, Rate, Scalar, Verify};
use crate::document::{Document, Entry, Located, Plain, Table, nearest};
use crate::rule::syntax::{choice, pattern, required};
use crate::rule::{Pattern, Rule, sample};

/// Headers that HTTP itself sets, or that carry more than one request's worth.
const RESERVED: [&str; 9] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "upgrade",
    "te",
    "trailer",
    "cookie",
    "proxy-authorization",
];

const CONCLUSIONS: &[(&str, Conclusion)] = &[
    ("active", Conclusion::Active),
    ("inactive", Conclusion::Inactive),
    ("unknown", Conclusion::Unknown),
];

const KINDS: [(&str, JsonKind); 5] = [
    ("string", JsonKind::String),
    ("number", JsonKind::Number),
    ("boolean", JsonKind::Boolean),
    ("object", JsonKind::Object),
    ("array", JsonKind::Array),
];

/// The `[rules.verify]` table of a rule, or its `[[rules.verify]]` tables, one a provider.
pub(in crate::rule) fn read(table: &Table<'_, '_>, rule: &Rule) -> Vec<Verify> {
    let mut all: Vec<Verify> = Vec::new();
    for part in table.table_or_tables("verify") {
        let Some(verify) = verify(&part, rule) else { continue };
        if all.iter().any(|v| v.provider == verify.provider) {
            let message = format!("`verify` is there twice for provider `{}`", verify.provider);
            part.document().error(part.at.clone(), message, None);
        }
        all.push(verify);
    }
    all
}

/// Gives every rule that is asked about `like` another one the probe of that other.
pub(in crate::rule) fn settle(rules: &mut [Rule], document: &Document<'_>) {
    let known: Vec<(String, String, Arc<Probe>)> = rules
        .iter()
        .flat_map(|r| r.verify.iter().map(move |v| (r, v)))
        .filter(|(_, v)| v.like.is_none())
        .map(|(r, v)| (r.id.clone(), v.provider.clone(), Arc::clone(&v.probe)))
        .collect();
    for verify in rules.iter_mut().flat_map(|r| &mut r.verify) {
        let Some(like) = verify.like.take() else { continue };
        let found = known.iter().find(|(id, by, _)| *id == like.rule && *by == verify.provider);
        match found {
            Some((_, _, probe)) => verify.probe = Arc::clone(probe),
            None => {
                let provider = &verify.provider;
                let message = format!(
                    "no rule `{}` of this file has a `verify` table of its own for `{provider}`",
                    like.rule
                );
                let ids: Vec<&str> = known.iter().map(|(id, ..)| id.as_str()).collect();
                let hint = nearest(&like.rule, &ids).map(|n| format!("did you mean `{n}`?"));
                document.error(like.at, message, hint);
            }
        }
    }
}

fn verify(table: &Table<'_, '_>, rule: &Rule) -> Option<Verify> {
    let provider = provider(table, rule);
    let control = control(table);
    let like = table.string("like").map(|l| Like { rule: l.value, at: l.at });
    let probe = if like.is_some() { Some(Probe::default()) } else { probe(table) };
    let foreign = table.string("foreign").and_then(|f| pattern(table, &f, Pattern::whole));
    table.finish(false);
    Some(Verify { provider: provider?, control: control?, foreign, probe: Arc::new(probe?), like })
}

fn provider(table: &Table<'_, '_>, rule: &Rule) -> Option<String> {
    let named = table.string("provider");
    let Some(named) = named else {
        if rule.provider.is_none() {
            let message = "`provider` is missing: it says who is asked".to_owned();
            table.document().error(table.at.clone(), message, None);
        }
        return rule.provider.clone();
    };
    let issues = |id: &str| rule.issuers.iter().any(|i| i.provider == id && !i.rival);
    if rule.provider.as_ref() != Some(&named.value) && !issues(&named.value) {
        let message = format!("provider `{}` issues no keys of this rule", named.value);
        let hint = "name it in `[[rules.issuers]]`".to_owned();
        table.document().error(named.at, message, Some(hint));
        return None;
    }
    Some(named.value)
}

/// The made-up key must be another one each time. Whether the rule would find it is left to
/// [`crate::rule::RuleSet::inconsistencies`]: to say so, the rule's expression must be compiled.
fn control(table: &Table<'_, '_>) -> Option<String> {
    let control = required(table, "control")?;
    let complain = |message: &str| {
        let hint = "write it as an example, such as `abc_live_{hex:64}`".to_owned();
        table.document().error(control.at.clone(), message.to_owned(), Some(hint));
    };
    let made = sample::drawn(&control.value, 1);
    if made == sample::drawn(&control.value, 2) {
        complain("nothing of this made-up key is drawn at random");
        return None;
    }
    Some(control.value)
}

fn probe(table: &Table<'_, '_>) -> Option<Probe> {
    let url = url(table);
    let context: Vec<Hint> = table.tables("context").iter().filter_map(hint).collect();
    let never_send: Vec<String> =
        table.strings("never_send").into_iter().map(|n| n.value.to_ascii_lowercase()).collect();
    let headers = headers(table, &context, &never_send);
    let rate = table.string("rate").and_then(|r| rate(table, &r));
    let answers: Vec<Answer> =
        table.tables("answers").iter().filter_map(|row| answer(row, &context)).collect();
    if answers.is_empty() {
        table.document().error(table.at.clone(), "`answers` is missing".to_owned(), None);
    }
    if !answers.iter().any(|a| a.refuses) {
        let message = "no row says how a made-up key is refused".to_owned();
        let hint = "a row with `verdict = \"inactive\"` or `refuses = true` does".to_owned();
        table.document().error(table.at.clone(), message, Some(hint));
    }
    Some(Probe { url: url?, headers, never_send, context, rate, answers })
}

fn url(table: &Table<'_, '_>) -> Option<String> {
    let url = required(table, "url")?;
    let rest = url.value.strip_prefix("https://");
    let (host, _) = rest.unwrap_or_default().split_once('/').unwrap_or_default();
    let plain = |b: u8| b.is_ascii_graphic() && !b"{}\"<>\\^`|".contains(&b);
    let wrong = if rest.is_none() {
        Some("secrets are sent over https only")
    } else if url.value.contains('{') {
        Some("a secret may stand in headers only: addresses end up in logs")
    } else if host.is_empty() || host.contains('@') {
        Some("this is no address with a host and a path")
    } else if !url.value.bytes().all(plain) || url.value.contains('#') {
        Some("this address holds what none may hold")
    } else {
        None
    };
    if let Some(message) = wrong {
        let hint = "write https://host/path".to_owned();
        table.document().error(url.at, message.to_owned(), Some(hint));
        return None;
    }
    Some(url.value)
}

fn hint(table: &Table<'_, '_>) -> Option<Hint> {
    let name = required(table, "name")?;
    let fallback = required(table, "fallback")?;
    let near: Vec<String> = table.strings("near").into_iter().map(|n| n.value).collect();
    if near.is_empty() {
        table.document().error(table.at.clone(), "`near` is missing".to_owned(), None);
    }
    table.finish(false);
    Some(Hint { name: name.value, near, fallback: fallback.value })
}

fn headers(table: &Table<'_, '_>, context: &[Hint], never_send: &[String]) -> Vec<Header> {
    let complain = |at: Range<usize>, message: String| table.document().error(at, message, None);
    let mut headers = Vec::new();
    let mut carries = false;
    for entry in table.entries("headers") {
        let lower = entry.name.to_ascii_lowercase();
        let token = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        if !lower.bytes().all(token) || lower.is_empty() {
            complain(entry.at.clone(), format!("`{}` is no name of a header", entry.name));
        }
        if RESERVED.contains(&lower.as_str()) {
            complain(entry.at.clone(), format!("the header `{}` is not for rules", entry.name));
        }
        if never_send.contains(&lower) {
            complain(entry.at.clone(), format!("`never_send` forbids `{}`", entry.name));
        }
        let Some(value) = texts(table, &entry).into_iter().next() else { continue };
        for name in placeholders(&value.value) {
            if name != "secret" && !context.iter().any(|c| c.name == name) {
                complain(value.at.clone(), format!("`{{{name}}}` stands for nothing"));
            }
        }
        carries |= value.value.contains("{secret}");
        headers.push(Header { name: entry.name, value: value.value });
    }
    if !carries {
        complain(table.at.clone(), "no header carries `{secret}`".to_owned());
    }
    headers
}

/// The names in braces.
fn placeholders(text: &str) -> Vec<&str> {
    let opened = text.split('{').skip(1);
    opened.filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
}

fn rate(table: &Table<'_, '_>, text: &Located<String>) -> Option<Rate> {
    let parsed = text.value.split_once('/').and_then(|(requests, seconds)| {
        let requests = requests.trim().parse().ok().filter(|n| *n > 0)?;
        let seconds = seconds.trim().strip_suffix('s')?.parse().ok().filter(|n| *n > 0)?;
        Some(Rate { requests, per: Duration::from_secs(seconds) })
    });
    if parsed.is_none() {
        let message = format!("`{}` is no rate", text.value);
        let hint = "write `60/60s` for sixty requests a minute".to_owned();
        table.document().error(text.at.clone(), message, Some(hint));
    }
    parsed
}

fn answer(table: &Table<'_, '_>, context: &[Hint]) -> Option<Answer> {
    let complain = |at: Range<usize>, message: String| table.document().error(at, message, None);
    let verdict = required(table, "verdict").is_some();
    let conclusion = if verdict { choice(table, "verdict", CONCLUSIONS) } else { None };
    let mut status = Vec::new();
    for number in table.numbers("status") {
        match u16::try_from(number.value) {
            Ok(code) if (100..600).contains(&code) => status.push(code),
            _ => complain(number.at, format!("{} is no status of HTTP", number.value)),
        }
    }
    if status.is_empty() {
        complain(table.at.clone(), "`status` is missing".to_owned());
    }
    let named = |key| {
        let names = table.strings(key);
        for name in names.iter().filter(|n| !context.iter().any(|c| c.name == n.value)) {
            complain(name.at.clone(), format!("no context value is called `{}`", name.value));
        }
        names.into_iter().map(|n| n.value).collect()
    };
    let (with, without) = (named("with"), named("without"));
    let refuses = table.boolean("refuses");
    let headers = pairs(table, "headers");
    let (equals, contains, kinds) = (equals(table), contains(table), kinds(table));
    let exists = pointers(table, "exists");
    let text = table.strings("text").into_iter().map(|t| t.value).collect();
    let reason = table.string("reason").map(|r| r.value);
    table.finish(false);
    let row = Answer {
        status,
        headers,
        equals,
        contains,
        kinds,
        exists,
        text,
        with,
        without,
        conclusion: conclusion?,
        reason,
        refuses: refuses.unwrap_or(conclusion == Some(Conclusion::Inactive)),
    };
    if row.refuses && row.conclusion == Conclusion::Active {
        complain(
            table.at.clone(),
            "an answer that refuses a made-up key proves no live one".into(),
        );
    }
    Some(row)
}

fn pairs(table: &Table<'_, '_>, key: &'static str) -> Vec<(String, String)> {
    let entries = table.entries(key);
    let of = |entry: &Entry| -> Vec<(String, String)> {
        let name = entry.name.to_ascii_lowercase();
        texts(table, entry).into_iter().map(|t| (name.clone(), t.value)).collect()
    };
    entries.iter().flat_map(of).collect()
}

fn equals(table: &Table<'_, '_>) -> Vec<(String, Vec<Scalar>)> {
    let scalar = |value: &Located<Plain>| match &value.value {
        Plain::Text(text) => Scalar::Text(text.clone()),
        Plain::Number(number) => Scalar::Number(*number),
        Plain::Flag(flag) => Scalar::Flag(*flag),
    };
    let entries = table.entries("equals");
    check_pointers(table, &entries);
    entries.into_iter().map(|e| (e.name, e.values.iter().map(scalar).collect())).collect()
}

fn contains(table: &Table<'_, '_>) -> Vec<(String, Vec<String>)> {
    let entries = table.entries("contains");
    check_pointers(table, &entries);
    let of = |e: &Entry| texts(table, e).into_iter().map(|t| t.value).collect();
    entries.iter().map(|e| (e.name.clone(), of(e))).collect()
}

fn kinds(table: &Table<'_, '_>) -> Vec<(String, JsonKind)> {
    let entries = table.entries("kinds");
    check_pointers(table, &entries);
    let mut all = Vec::new();
    for entry in &entries {
        for word in texts(table, entry) {
            match KINDS.iter().find(|(name, _)| *name == word.value) {
                Some((_, kind)) => all.push((entry.name.clone(), *kind)),
                None => {
                    let known: Vec<_> = KINDS.iter().map(|(name, _)| *name).collect();
                    let message = format!("`{}` is no kind of JSON value", word.value);
                    let hint = format!("one of: {}", known.join(", "));
                    table.document().error(word.at, message, Some(hint));
                }
            }
        }
    }
    all
}

fn pointers(table: &Table<'_, '_>, key: &'static str) -> Vec<String> {
    let all = table.strings(key);
    for pointer in &all {
        check_pointer(table, &pointer.value, &pointer.at);
    }
    all.into_iter().map(|p| p.value).collect()
}

fn check_pointers(table: &Table<'_, '_>, entries: &[Entry]) {
    for entry in entries {
        check_pointer(table, &entry.name, &entry.at);
    }
}

fn check_pointer(table: &Table<'_, '_>, pointer: &str, at: &Range<usize>) {
    if !pointer.starts_with('/') {
        let message = format!("`{pointer}` is no JSON pointer");
        let hint = Some("a pointer begins with a slash: `/error/code`".to_owned());
        table.document().error(at.clone(), message, hint);
    }
}

/// The values of an entry, which must be texts.
fn texts(table: &Table<'_, '_>, entry: &Entry) -> Vec<Located<String>> {
    let mut all = Vec::new();
    for value in &entry.values {
        match &value.value {
            Plain::Text(text) => all.push(Located { value: text.clone(), at: value.at.clone() }),
            _ => {
                let message = format!("`{}` is no text", entry.name);
                table.document().error(value.at.clone(), message, None);
            }
        }
    }
    all
}
