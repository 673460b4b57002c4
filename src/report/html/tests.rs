//! The page: what is on it, and that nothing from outside is markup.

use crate::finding::Outcome;
use crate::report::sample::{self, render};
use crate::report::{Format, Options};

fn html(outcome: &Outcome) -> String {
    render(Format::Html, outcome, &sample::rules(), &Options::default())
}

/// The page without its style and its script.
fn content(outcome: &Outcome) -> String {
    let page = html(outcome).replace(env!("CARGO_PKG_VERSION"), "VERSION");
    page.replace(super::STYLE, "").replace(super::SCRIPT, "")
}

#[test]
fn the_whole_report() {
    let mut outcome = sample::outcome();
    outcome.findings[1].occurrences.truncate(1);
    let page = content(&outcome);
    assert!(!page.contains("\\x0a"), "{page}");
    insta::assert_snapshot!(page);
    insta::assert_snapshot!(content(&Outcome { complete: true, ..Outcome::default() }));
}

#[test]
fn nothing_from_outside_is_markup() {
    let hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&owned";
    let page = content(&sample::hostile(hostile));
    assert!(page.contains("owned"));
    assert!(!page.contains("<img") && !page.contains("alert(1)</script>"), "{page}");
    assert_eq!(page.matches("<script").count(), 1);
    // Quotes in attributes are the page's own: none ends early.
    assert!(!page.contains("\"'&owned"));
}

#[test]
fn the_policy_lets_in_what_the_page_has_and_nothing_else() {
    let page = html(&sample::outcome());
    for text in [super::STYLE, super::SCRIPT] {
        assert!(page.contains(&format!("'sha256-{}'", super::digest(text))));
        assert!(page.contains(&format!(">{text}</")));
    }
    assert!(page.contains("default-src 'none'"));
    for asks in [" src=", "@import", "url(", " style=", " onclick"] {
        assert!(!page.contains(asks), "{asks}");
    }
}

#[test]
fn links_lead_to_pages_only() {
    let mut rules = sample::rules();
    let provider = rules.providers.iter_mut().find(|p| p.id == "acme").expect("the sample");
    let revocation = provider.revocation.as_mut().expect("the sample");
    revocation.url = Some("javascript:alert(1)".to_owned());
    let outcome = sample::outcome();
    let page = render(Format::Html, &outcome, &rules, &Options::default());
    assert!(!page.contains("href=\"javascript"));
    assert!(page.contains("(javascript:alert(1))"));
}
