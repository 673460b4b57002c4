//! Reading one rule file: text in, rules and complaints out.

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
        for table in root.tables("rules") {
            let Some(rule) = syntax::rule(&table) else { continue };
            if file.rules.iter().any(|r| r.id == rule.id) {
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
}
