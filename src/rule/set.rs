//! All rules and providers of one run.

use std::collections::HashMap;

use super::listed::{self, Listed, ListedProvider};
use super::load::RuleFile;
use super::provider::Provider;
use super::{Issuer, Rule, drawn};

/// Rules and providers that belong together.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// The rules, in the order of their files.
    pub rules: Vec<Listed>,
    /// The providers that rules name.
    pub providers: Vec<ListedProvider>,
}

impl RuleSet {
    /// Adds what a file holds; a rule of an id that is there already takes its place.
    pub fn add(&mut self, file: RuleFile) {
        if let Some(provider) = file.provider {
            self.providers.retain(|p| p.id != provider.id);
            self.providers.push(provider.into());
        }
        if file.rules.is_empty() {
            return;
        }
        let known =
            self.rules.iter().enumerate().map(|(number, rule)| (rule.id.to_string(), number));
        let mut known: HashMap<String, usize> = known.collect();
        for rule in file.rules {
            let number = *known.entry(rule.id.clone()).or_insert(self.rules.len());
            match self.rules.get_mut(number) {
                Some(old) => *old = rule.into(),
                None => self.rules.push(rule.into()),
            }
        }
    }

    /// The provider of an id.
    pub fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|p| p.id == id).map(|p| &**p)
    }

    /// The rule of an id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.id == id).map(|r| &**r)
    }

    /// Drops the rules that are not wanted.
    pub fn disable(&mut self, ids: &[String]) {
        self.rules.retain(|r| !ids.iter().any(|id| r.is_called(id)));
    }

    /// Drops the rules about what anyone guesses, all of whose findings are of low confidence.
    pub fn disable_weak(&mut self) {
        self.rules.retain(|rule| !rule.is_weak());
    }

    /// Keeps only the rules of these ids, and those of these providers; all, if none is given. Gives
    /// the first id that means nothing.
    pub fn keep<'i>(&mut self, ids: &'i [String]) -> Option<&'i String> {
        if ids.is_empty() {
            return None;
        }
        let (mut kept, mut unknown) = (vec![false; self.rules.len()], None);
        for id in ids {
            let of: Vec<&ListedProvider> = self.providers.iter().filter(|p| p.id == *id).collect();
            let mut means = false;
            for (rule, kept) in self.rules.iter().zip(&mut kept) {
                let wanted = rule.is_called(id) || rule.is_of(id, &of);
                *kept |= wanted;
                means |= wanted;
            }
            unknown = unknown.or((!means).then_some(id));
        }
        let mut kept = kept.into_iter();
        self.rules.retain(|_| kept.next().unwrap_or(false));
        unknown
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

/// The rules that are part of the program. Each is read when it is first asked for.
pub fn builtin() -> RuleSet {
    let (rules, providers) = listed::all();
    RuleSet { rules, providers }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_fit_together() {
        let set = builtin();
        let mut ids: Vec<&str> = set.rules.iter().map(|r| &*r.id).collect();
        ids.sort_unstable();
        let twice: Vec<_> = ids.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
        assert_eq!(set.inconsistencies(), [""; 0]);
    }
}
