//! All rules and providers of one run.

use super::load::{LoadError, Notice, RuleFile, parse};
use super::provider::Provider;
use super::{Issuer, Rule, drawn};
use crate::document::Problem;

/// The rule files that are part of the program. A test holds this list against the folder `rules/`.
const BUILTIN: &[(&str, &str)] = &[
    ("rules/apideck.toml", include_str!("../../rules/apideck.toml")),
    ("rules/clerk.toml", include_str!("../../rules/clerk.toml")),
    ("rules/elasticpay.toml", include_str!("../../rules/elasticpay.toml")),
    ("rules/euromail.toml", include_str!("../../rules/euromail.toml")),
    ("rules/highnote.toml", include_str!("../../rules/highnote.toml")),
    ("rules/jicoo.toml", include_str!("../../rules/jicoo.toml")),
    ("rules/kohortpay.toml", include_str!("../../rules/kohortpay.toml")),
    ("rules/leadey.toml", include_str!("../../rules/leadey.toml")),
    ("rules/leadterra.toml", include_str!("../../rules/leadterra.toml")),
    ("rules/meetergo.toml", include_str!("../../rules/meetergo.toml")),
    ("rules/mega.toml", include_str!("../../rules/mega.toml")),
    ("rules/moyasar.toml", include_str!("../../rules/moyasar.toml")),
    ("rules/nateq.toml", include_str!("../../rules/nateq.toml")),
    ("rules/paymongo.toml", include_str!("../../rules/paymongo.toml")),
    ("rules/paystack.toml", include_str!("../../rules/paystack.toml")),
    ("rules/picatic.toml", include_str!("../../rules/picatic.toml")),
    ("rules/recharge.toml", include_str!("../../rules/recharge.toml")),
    ("rules/sk.toml", include_str!("../../rules/sk.toml")),
    ("rules/stripe.toml", include_str!("../../rules/stripe.toml")),
    ("rules/tap.toml", include_str!("../../rules/tap.toml")),
    ("rules/taxguard.toml", include_str!("../../rules/taxguard.toml")),
    ("rules/tokenguard.toml", include_str!("../../rules/tokenguard.toml")),
    ("rules/tollgate.toml", include_str!("../../rules/tollgate.toml")),
    ("rules/trustgrid.toml", include_str!("../../rules/trustgrid.toml")),
    ("rules/uploadthing.toml", include_str!("../../rules/uploadthing.toml")),
    ("rules/workos.toml", include_str!("../../rules/workos.toml")),
    ("rules/yoco.toml", include_str!("../../rules/yoco.toml")),
];

/// Rules and providers that belong together.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// The rules, in the order of their files.
    pub rules: Vec<Rule>,
    /// The providers that rules name.
    pub providers: Vec<Provider>,
}

impl RuleSet {
    /// Adds what a file holds; a rule of an id that is there already takes its place.
    pub fn add(&mut self, file: RuleFile) {
        if let Some(provider) = file.provider {
            self.providers.retain(|p| p.id != provider.id);
            self.providers.push(provider);
        }
        for rule in file.rules {
            match self.rules.iter_mut().find(|r| r.id == rule.id) {
                Some(old) => *old = rule,
                None => self.rules.push(rule),
            }
        }
    }

    /// The provider of an id.
    pub fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|p| p.id == id)
    }

    /// The rule of an id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.id == id)
    }

    /// Drops the rules that are not wanted.
    pub fn disable(&mut self, ids: &[String]) {
        self.rules.retain(|r| !ids.iter().any(|id| r.is_called(id)));
    }

    /// What does not hold together: providers that no file describes, expressions too large.
    pub fn inconsistencies(&self) -> Vec<String> {
        let mut found = Vec::new();
        for rule in &self.rules {
            let named = rule.provider.iter().chain(rule.issuers.iter().map(issuer_id));
            for id in named.filter(|id| self.provider(id).is_none()) {
                found.push(format!("rule `{}` names provider `{id}`, which no file has", rule.id));
            }
            for verify in &rule.verify {
                if !rule.is_whole(drawn(&verify.control, 1).as_bytes()) {
                    let id = &rule.id;
                    found.push(format!("rule `{id}`: its `regex` does not match its `control`"));
                }
                if self.provider(&verify.provider).is_none() {
                    let (id, provider) = (&rule.id, &verify.provider);
                    found
                        .push(format!("rule `{id}` asks provider `{provider}`, which no file has"));
                }
            }
            if let Err(error) = rule.pattern.check() {
                found.push(format!("rule `{}`: {error}", rule.id));
            }
        }
        found
    }
}

fn issuer_id(issuer: &Issuer) -> &String {
    &issuer.provider
}

/// The rules that are part of the program.
///
/// # Errors
/// None in a program that passed its tests; a mistake in a built-in file is told like any other.
pub fn builtin() -> Result<(RuleSet, Vec<Notice>), LoadError> {
    let mut set = RuleSet::default();
    let mut notices = Vec::new();
    let mut mistakes: Vec<Problem> = Vec::new();
    for (name, text) in BUILTIN {
        match parse(name, text) {
            Ok(mut file) => {
                notices.append(&mut file.notices);
                set.add(file);
            }
            Err(LoadError(problems)) => mistakes.extend(problems),
        }
    }
    if mistakes.is_empty() { Ok((set, notices)) } else { Err(LoadError(mistakes)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_holds_every_file_of_the_folder_and_all_of_it_fits_together() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder of rules")
            .map(|entry| {
                format!("rules/{}", entry.expect("an entry").file_name().to_string_lossy())
            })
            .collect();
        files.sort();
        let listed: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, files);
        let (set, notices) = builtin().expect("built-in rules");
        assert_eq!(notices, []);
        assert_eq!(set.inconsistencies(), [""; 0]);
    }
}
