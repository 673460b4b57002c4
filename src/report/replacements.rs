//! What `git filter-repo --replace-text` is to replace: each secret, as it is and as it is encoded.
//!
//! This is the one output that holds secrets without being asked to show them: that is its purpose.
//! Whoever writes it to a file must see that nobody else reads it.

use std::collections::BTreeSet;
use std::io;

use crate::finding::{Finding, Occurrence, Outcome};

const REPLACEMENT: &str = "***REMOVED***";

/// Writes a line for each form of each secret, the longest first: a key that begins another one must
/// not cut it.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn io::Write, outcome: &Outcome) -> io::Result<()> {
    // A file that is a finding by its path has no text to replace.
    let forms = outcome.findings.iter().flat_map(forms).filter(|form| !form.is_empty());
    let forms: BTreeSet<&[u8]> = forms.collect();
    let mut forms: Vec<&[u8]> = forms.into_iter().collect();
    forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    for form in forms {
        line(out, form)?;
    }
    Ok(())
}

/// The bytes of a secret in all its places.
fn forms(finding: &Finding) -> impl Iterator<Item = &[u8]> {
    let encoded = finding.occurrences.iter().filter_map(|place| place.encoded.as_ref());
    std::iter::once(&finding.secret).chain(encoded).map(crate::finding::Secret::expose)
}

/// Paths of what `--replace-text` leaves alone because it is binary: archives, UTF-16.
pub fn untouched(outcome: &Outcome) -> BTreeSet<&str> {
    let places = outcome.findings.iter().flat_map(|finding| &finding.occurrences);
    let binary = places.filter(|place| {
        place.inner > 0 || place.encoding.split('+').any(|layer| layer.starts_with("utf-16"))
    });
    binary.map(Occurrence::file).collect()
}

/// A form in the language of the file: one line, so that what is wrapped becomes an expression.
fn line(out: &mut dyn io::Write, form: &[u8]) -> io::Result<()> {
    if form.contains(&b'\n') || form.contains(&b'\r') {
        let text = String::from_utf8_lossy(form);
        let parts: Vec<String> = text.split(['\r', '\n']).map(regex_text).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|p| !p.is_empty()).collect();
        return writeln!(out, "regex:{}==>{REPLACEMENT}", parts.join("[\\r\\n]+"));
    }
    out.write_all(b"literal:")?;
    out.write_all(form)?;
    writeln!(out, "==>{REPLACEMENT}")
}

/// Text that means itself in an expression.
fn regex_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_alphanumeric() && !matches!(c, '_' | ' ' | '/' | '=' | '%') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Secret;
    use crate::report::sample;

    fn written(outcome: &Outcome) -> String {
        let mut out = Vec::new();
        write(&mut out, outcome).expect("memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn every_form_once_and_the_longest_first() {
        let mut outcome = sample::outcome();
        let secret = String::from_utf8_lossy(outcome.findings[0].secret.expose()).into_owned();
        let wrapped = "QUJD+0VG\r\n  R0hJ";
        outcome.findings[0].occurrences[1].encoded = Some(Secret::new(wrapped.as_bytes(), 0));
        let longer = outcome.findings[0].clone();
        outcome.findings.push(longer);
        outcome.findings[2].secret = Secret::new(format!("{secret}x").into_bytes(), 0);
        let text = written(&outcome);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], format!("literal:{secret}x==>***REMOVED***"));
        assert_eq!(lines[1], format!("literal:{secret}==>***REMOVED***"));
        assert_eq!(lines[3], "regex:QUJD\\+0VG[\\r\\n]+  R0hJ==>***REMOVED***");
        assert_eq!(lines.len(), 4);
        assert_eq!(written(&Outcome::default()), "");
    }

    #[test]
    fn what_is_binary_is_named() {
        let mut outcome = sample::outcome();
        outcome.findings[0].occurrences[0].path = "a!b.zip!b/c.env".to_owned();
        outcome.findings[0].occurrences[0].inner = "!b/c.env".len();
        outcome.findings[0].occurrences[1].encoding = "utf-16le".to_owned();
        let paths: Vec<&str> = untouched(&outcome).into_iter().collect();
        assert_eq!(paths, ["a!b.zip", "deploy/secret.yaml"]);
    }
}
