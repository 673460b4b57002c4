//! The allowlists of rules and configuration: paths, expressions, words and fingerprints.
//!
//! In gitleaks' sense of them. Not here: comments in the content.

use super::expression;
use crate::finding::Confidence;
use crate::rule::{Allowlist, Rule, Target};
use crate::span::Span;
use crate::visible::visible;

/// What an allowlist looks at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The path in the repository.
    pub path: &'a str,
    /// The secret.
    pub secret: &'a [u8],
    /// All that the expression matched.
    pub matched: &'a [u8],
    /// The lines that hold the match, as they stand in the content.
    pub line: &'a [u8],
    /// The fingerprint of the secret at this path.
    pub fingerprint: &'a str,
    /// The text that the match was found in, and where it is there, as far as that is at hand.
    pub around: Option<(&'a [u8], Span)>,
}

/// Whether `list` allows `subject`.
pub fn allows(list: &Allowlist, subject: &Subject<'_>) -> bool {
    let mut present = checks(list, subject).into_iter().flatten();
    let by_commit = check(&list.commits, |_| false);
    is_about(list, subject)
        && if list.all {
            by_commit.is_none() && present.all(|holds| holds)
        } else {
            present.any(|holds| holds)
        }
}

/// The commits in which `list` allows `subject`: what else it checks is so, or does not matter.
pub fn allowing_commits<'l>(list: &'l Allowlist, subject: &Subject<'_>) -> &'l [String] {
    let none = list.commits.is_empty()
        || !is_about(list, subject)
        || (list.all && checks(list, subject).into_iter().flatten().any(|holds| !holds));
    if none { &[] } else { &list.commits }
}

/// How sure a finding is, where an expression of one of `lists` says that; the last one counts.
pub fn confidence<'l>(
    lists: impl Iterator<Item = &'l Allowlist>,
    subject: &Subject<'_>,
) -> Option<Confidence> {
    let said = lists
        .filter(|list| is_about(list, subject))
        .filter_map(|list| list.expression.as_ref())
        .filter(|expression| expression.sets_confidence())
        .filter_map(|expression| expression::outcome(expression, subject).confidence);
    said.last()
}

fn is_about(list: &Allowlist, subject: &Subject<'_>) -> bool {
    list.rules.is_empty() || list.rules.iter().any(|id| subject.rule.is_called(id))
}

/// What each kind of check says that is there, commits left out.
fn checks(list: &Allowlist, subject: &Subject<'_>) -> [Option<bool>; 5] {
    let target = match list.target {
        Target::Secret => subject.secret,
        Target::Match => subject.matched,
        Target::Line => subject.line,
    };
    let lower = || String::from_utf8_lossy(subject.secret).to_lowercase();
    [
        check(&list.paths, |p| p.is_match(subject.path.as_bytes())),
        check(&list.regexes, |r| r.is_match(target)),
        (!list.stopwords.is_empty()).then(|| {
            let secret = lower();
            list.stopwords.iter().any(|w| !w.is_empty() && secret.contains(w.as_str()))
        }),
        check(&list.fingerprints, |f| is_fingerprint(f, subject.fingerprint)),
        list.expression.as_ref().map(|one| expression::outcome(one, subject).drops),
    ]
}

/// Whether it matters to `list` where something is: at which path, in which commit.
pub fn asks_for_place(list: &Allowlist) -> bool {
    !list.paths.is_empty()
        || !list.fingerprints.is_empty()
        || !list.commits.is_empty()
        || list.expression.is_some()
}

/// Whether content at `path` is allowed whatever is in it, so that it need not be read.
pub fn allows_path(list: &Allowlist, path: &str) -> bool {
    let alone =
        list.regexes.is_empty() && list.stopwords.is_empty() && list.fingerprints.is_empty();
    let only_paths = !list.all || (alone && list.commits.is_empty());
    let by_expression =
        || list.expression.as_ref().is_some_and(|one| expression::drops_path(one, path));
    let by_path = || only_paths && list.paths.iter().any(|p| p.is_match(path.as_bytes()));
    list.rules.is_empty() && (by_path() || by_expression())
}

/// A fingerprint of a configuration may leave out the path: then it is about every place. Reports for
/// people show what is hidden in a path, and those are copied from, too.
fn is_fingerprint(listed: &str, found: &str) -> bool {
    if listed == found || listed == visible(found) {
        return true;
    }
    let Some((rule, rest)) = found.split_once(':') else { return false };
    let hash = rest.rsplit(':').next().unwrap_or_default();
    listed.split_once(':').is_some_and(|(r, h)| r == rule && h == hash)
}

fn check<T>(items: &[T], holds: impl Fn(&T) -> bool) -> Option<bool> {
    (!items.is_empty()).then(|| items.iter().any(holds))
}
