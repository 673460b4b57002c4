//! Proves rules by their own examples, through the whole scanner with all its filters.
//!
//! Not here: reading rule files, and how a proof looks on a screen.

use crate::blob::{Blob, Provenance};
use crate::finding::Confidence;
use crate::rule::{Rule, RuleSet, armed};
use crate::scanner::{Options, Scanner, Scratch};

/// An example that came out otherwise than its rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Id of the rule.
    pub rule: String,
    /// The example as it is written in the rule.
    pub example: String,
    /// What is wrong.
    pub reason: String,
}

/// Tries all examples and counter-examples of the rules of `rules` that `wanted` names.
pub fn failures(rules: &RuleSet, wanted: impl Fn(&Rule) -> bool) -> Vec<Failure> {
    let scanner = Scanner::new(rules, Options { explain: true, ..Options::default() });
    let mut scratch = Scratch::default();
    let mut failures = Vec::new();
    for rule in rules.rules.iter().filter(|r| wanted(r)) {
        let mut fail = |example: &String, reason: String| {
            let (rule, example) = (rule.id.to_string(), example.clone());
            failures.push(Failure { rule, example, reason });
        };
        for example in &rule.examples {
            if let Err(reason) = is_found(&scanner, &mut scratch, rule, &armed(example)) {
                fail(example, reason);
            }
        }
        for example in &rule.counter_examples {
            if is_found(&scanner, &mut scratch, rule, &armed(example)).is_ok() {
                fail(example, "it is reported, but must not be".to_owned());
            }
        }
    }
    failures
}

/// Whether the rule reports `text`, at the default confidence unless it is weak; else why not.
fn is_found(
    scanner: &Scanner<'_>,
    scratch: &mut Scratch,
    rule: &Rule,
    text: &str,
) -> Result<(), String> {
    let provenance = Provenance::named("example");
    let found =
        scanner.scan(&Blob::whole(text.as_bytes(), &provenance), scratch).unwrap_or_default();
    let own = |index: usize| scanner.rules().rules[index].id == rule.id;
    let mut sure = found.sightings.iter().filter(|s| own(s.rule)).map(|s| s.confidence);
    match sure.next() {
        Some(Confidence::Low) if !rule.is_weak() => {
            return Err("it is reported with low confidence only".to_owned());
        }
        Some(_) => return Ok(()),
        None => {}
    }
    let reason = found.rejections.iter().find(|r| r.rule == rule.id).map(|r| r.reason.clone());
    Err(reason.unwrap_or_else(|| no_literal(rule, text)))
}

fn no_literal(rule: &Rule, text: &str) -> String {
    let prefixes = rule.pattern.prefixes().unwrap_or_default();
    let held = |p: &Vec<u8>| memchr::memmem::find(text.as_bytes(), p).is_some();
    if !prefixes.is_empty() && !prefixes.iter().any(held) {
        return "it holds no literal that the rule begins with".to_owned();
    }
    "the rule does not match it".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{builtin, parse};

    #[test]
    fn every_built_in_rule_proves_itself_and_has_what_to_prove() {
        let rules = builtin();
        assert_eq!(failures(&rules, |_| true), []);
        for rule in &rules.rules {
            assert!(!rule.examples.is_empty() && !rule.counter_examples.is_empty(), "{}", rule.id);
        }
    }

    #[test]
    fn a_wrong_example_is_told_with_its_reason() {
        let mut rules = builtin();
        let text = r#"
            [[rules]]
            id = "one"
            regex = "(acme_live_[0-9a-f]{40})"
            examples = ["nothing", "acme_live_short"]
        "#;
        rules.add(parse("r.toml", text).expect("a rule file"));
        let reasons: Vec<String> =
            failures(&rules, |r| r.id == "one").into_iter().map(|f| f.reason).collect();
        assert_eq!(
            reasons,
            [
                "it holds no literal that the rule begins with",
                "what follows has not the form of a key"
            ]
        );
    }
}
