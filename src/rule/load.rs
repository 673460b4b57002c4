//! Reading one rule file: text in, rules and complaints out.

use std::collections::HashSet;

use super::provider::Provider;
use super::{Rule, syntax, verify};
use crate::document::{Document, Problem};

/// A rule file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}", summary(.0))]
pub struct LoadError(
    /// What is wrong, in the order of the file; never empty.
    pub Vec<Problem>,
);

/// An oddity that does not keep a file from being used.
pub type Notice = Problem;

/// What a rule file holds.
#[derive(Debug, Default)]
pub struct RuleFile {
    /// The provider that it is about.
    pub provider: Option<Provider>,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// Oddities, such as unknown keys.
    pub notices: Vec<Notice>,
}

/// Reads the rule file `text`, called `name` in complaints.
///
/// # Errors
/// Every mistake with its line and column: syntax, wrong types, a wrong expression, an id used
/// twice.
pub fn parse(name: &str, text: &str) -> Result<RuleFile, LoadError> {
    let document = Document::new(name, text);
    let mut file = RuleFile::default();
    if let Some(parsed) = document.parse() {
        let root = document.root(&parsed);
        file.provider = root.table("provider").and_then(|p| syntax::provider(&p));
        let mut ids = HashSet::new();
        for table in root.tables("rules") {
            let Some(rule) = syntax::rule(&table) else { continue };
            if !ids.insert(rule.id.clone()) {
                let message = format!("the id `{}` is used twice", rule.id);
                document.error(table.place("id").unwrap_or(0..0), message, None);
            }
            file.rules.push(rule);
        }
        verify::settle(&mut file.rules, &document);
        for ignored in ["title", "description", "minVersion"] {
            let _ = root.place(ignored);
        }
        root.finish(true);
    }
    let (notices, mistakes) = document.into_problems().into_iter().partition(|p| p.harmless);
    file.notices = notices;
    if mistakes.is_empty() { Ok(file) } else { Err(LoadError(mistakes)) }
}

fn summary(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_with_their_place() {
        let text = r#"
[[rules]]
id = "one"
regex = '''abcd(ef'''

[[rules]]
id = "two"
severity = "grave"
regex = "wxyz[0-9]+"
secretGroup = 3

[[rules]]
id = "two"
regex = "wxyz"
"#;
        let error = parse("r.toml", text).expect_err("three mistakes");
        let shown = error.to_string();
        assert_eq!(
            shown,
            "r.toml:4:16: the regular expression is wrong: unclosed group\n\
             r.toml:8:12: `grave` is no severity\n\
             r.toml:10:15: `secretGroup` is 3, but the regex has 0 groups\n\
             r.toml:13:6: the id `two` is used twice"
        );
    }

    #[test]
    fn mistakes_of_a_live_check_are_told_with_their_place() {
        let text = r#"
[[rules]]
id = "one"
provider = "acme"
regex = "(acme_[a-z]{8,})"
[rules.verify]
url = "http://acme.example/me"
headers = { Host = "x", X-Id = "{customer}", Authorisation = "Bearer", X-Never = "{secret}" }
never_send = ["x-never"]
control = "acme_abcdefgh"
rate = "60/min"
answers = [
  { status = 99, verdict = "active" },
  { status = 200, verdikt = "active" },
  { status = 403, equals = { "error" = 1 }, with = "nobody", verdict = "maybe" },
  { status = 402, verdict = "active", refuses = true },
]

[[rules]]
id = "two"
regex = "(beta_[a-z]{8,})"
[rules.verify]
like = "won"
control = "beta_{base36:9}"

[[rules]]
id = "three"
provider = "acme"
regex = "(gamma_[a-z]{8,})"
[rules.verify]
like = "won"
control = "gamma_{base36:9}"
"#;
        let error = parse("r.toml", text).expect_err("mistakes");
        let shown = error.to_string();
        assert_eq!(
            shown,
            "r.toml:7:7: secrets are sent over https only\n\
             r.toml:8:13: the header `Host` is not for rules\n\
             r.toml:8:32: `{customer}` stands for nothing\n\
             r.toml:8:72: `never_send` forbids `X-Never`\n\
             r.toml:10:11: nothing of this made-up key is drawn at random\n\
             r.toml:11:8: `60/min` is no rate\n\
             r.toml:13:3: `status` is missing\n\
             r.toml:13:14: 99 is no status of HTTP\n\
             r.toml:14:3: `verdict` is missing\n\
             r.toml:14:19: unknown key `verdikt`\n\
             r.toml:15:30: `error` is no JSON pointer\n\
             r.toml:15:52: no context value is called `nobody`\n\
             r.toml:15:72: `maybe` is no verdict\n\
             r.toml:16:3: an answer that refuses a made-up key proves no live one\n\
             r.toml:22:1: `provider` is missing: it says who is asked\n\
             r.toml:31:8: no rule `won` of this file has a `verify` table of its own for `acme`"
        );
    }
}
