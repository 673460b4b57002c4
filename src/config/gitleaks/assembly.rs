//! From what the files say to one set of rules: a file changes the rules of those that it extends.

use super::draft::{Draft, check_group};
use super::{Configuration, Level};
use crate::config::Error;
use crate::document::Problem;
use crate::rule::{Allowlist, Foreign, Listed, Pattern, Rule, RuleSet};

/// The rules that a configuration comes to.
#[derive(Debug, Default)]
pub struct Assembled {
    /// The rules.
    pub set: RuleSet,
    /// How many rules are the files' own.
    pub own: usize,
    /// Ids of built-in rules that are changed.
    pub changed: Vec<String>,
    /// Ids of rules that are not wanted.
    pub disabled: Vec<String>,
    /// Whether the built-in rules are extended.
    pub extends_default: bool,
    /// Oddities that do no harm.
    pub notices: Vec<Problem>,
    /// What is not applied as it is written.
    pub unapplied: Vec<Problem>,
}

enum Item {
    /// A built-in rule, and what files change of it.
    Builtin(Box<Listed>, Vec<Draft>),
    Own(Box<Draft>),
}

impl Item {
    fn is_called(&self, id: &str) -> bool {
        match self {
            Item::Builtin(rule, _) => rule.is_called(id),
            Item::Own(draft) => draft.id == id,
        }
    }

    /// Whether a file that says this of a rule `draft.id` says it of this one. Another expression
    /// makes another rule, unless it takes the place of the very id.
    fn is_meant_by(&self, draft: &Draft) -> bool {
        match self {
            Item::Builtin(rule, _) if draft.regex.is_some() => rule.id == draft.id,
            _ => !draft.id.is_empty() && self.is_called(&draft.id),
        }
    }
}

impl Configuration {
    /// Puts the rules together; `builtin` are those that `useDefault` means.
    ///
    /// # Errors
    /// All mistakes that show when the files are one.
    pub fn assemble(mut self, builtin: RuleSet) -> Result<Assembled, Error> {
        let RuleSet { rules, providers } = builtin;
        let mut all = Assembled {
            extends_default: self.levels.iter().any(|level| level.extends_default),
            notices: std::mem::take(&mut self.notices),
            unapplied: std::mem::take(&mut self.unapplied),
            ..Assembled::default()
        };
        all.set.providers = providers;
        let mut items: Vec<Item> = Vec::new();
        if all.extends_default {
            items.extend(rules.into_iter().map(|rule| Item::Builtin(Box::new(rule), Vec::new())));
        }
        for level in std::mem::take(&mut self.levels).into_iter().rev() {
            all.level(level, &mut items);
        }
        let mut mistakes = Vec::new();
        for item in items {
            match all.finished(item) {
                Ok(Some(rule)) => all.set.rules.push(rule),
                Ok(None) => {}
                Err(problem) => mistakes.push(problem),
            }
        }
        all.check_names(&self, &mut mistakes);
        if let Some(path) = &self.itself {
            all.leave_out(path);
        }
        mistakes.sort_by_key(|problem| (problem.line, problem.column));
        if mistakes.is_empty() { Ok(all) } else { Err(Error::Wrong(mistakes)) }
    }
}

impl Assembled {
    /// Applies one file to what it extends.
    fn level(&mut self, level: Level, items: &mut Vec<Item>) {
        for named in level.disabled {
            let before = items.len();
            items.retain(|item| !item.is_called(&named.id));
            if items.len() == before {
                let message = format!("`disabledRules` names `{}`, which is not there", named.id);
                self.notices.push(named.at.problem(message, "", true));
            } else {
                self.disabled.push(named.id);
            }
        }
        for draft in level.drafts {
            let mut known = false;
            for item in items.iter_mut().filter(|item| item.is_meant_by(&draft)) {
                known = true;
                match item {
                    Item::Builtin(_, changes) => changes.push(draft.clone()),
                    Item::Own(base) => base.change(draft.clone()),
                }
            }
            if !known {
                items.push(Item::Own(Box::new(draft)));
            }
        }
    }

    fn finished(&mut self, item: Item) -> Result<Option<Listed>, Problem> {
        match item {
            Item::Builtin(rule, changes) if changes.is_empty() => Ok(Some(*rule)),
            Item::Builtin(rule, changes) => {
                self.changed.push(rule.id.to_string());
                self.unapplied.extend(changes.iter().filter_map(kept));
                changed(rule.into_rule(), changes).map(|rule| Some(rule.into()))
            }
            Item::Own(draft) => {
                let empty = draft.regex.is_none() && draft.path.is_none();
                if empty && !draft.id.is_empty() && self.extends_default {
                    let message = format!(
                        "rule `{}` is no rule of keytrawl, and has no `regex`: there is nothing to change",
                        draft.id
                    );
                    self.notices.push(draft.at.problem(message, "", true));
                    return Ok(None);
                }
                self.own += 1;
                draft.finish().map(|rule| Some(rule.into()))
            }
        }
    }

    /// Rules that are named must be there. Of the built-in ones, keytrawl may lack what gitleaks has.
    fn check_names(&mut self, configuration: &Configuration, mistakes: &mut Vec<Problem>) {
        let rules = &self.set.rules;
        let is_there = |id: &str| rules.iter().any(|rule| rule.is_called(id));
        for named in configuration.targets.iter().filter(|named| !is_there(&named.id)) {
            let message = format!("`targetRules` names `{}`, which is no rule", named.id);
            let problem = named.at.problem(message, "", self.extends_default);
            if self.extends_default {
                self.notices.push(problem);
            } else {
                mistakes.push(problem);
            }
        }
        for rule in rules.iter().filter_map(Listed::own) {
            let required = rule.foreign.iter().flat_map(|foreign| &foreign.required);
            for missing in required.filter(|required| !is_there(&required.id)) {
                let message =
                    format!("rule `{}` requires `{}`, which is no rule", rule.id, missing.id);
                let places = &configuration.requirements;
                let at = places.iter().find(|named| named.id == missing.id);
                let at = at.map(|named| named.at.clone()).unwrap_or_default();
                mistakes.push(at.problem(message, "", false));
            }
        }
    }

    /// Keeps the file of the configuration, which names what it allows, out of the files' own rules.
    fn leave_out(&mut self, path: &str) {
        let source = format!("^{}$", regex::escape(path));
        let Ok(pattern) = Pattern::new(&source) else { return };
        let own = self.set.rules.iter_mut().filter_map(Listed::own_mut);
        for rule in own.filter(|rule| rule.foreign.is_some()) {
            rule.allowlists.push(Allowlist {
                description: "it is the configuration".to_owned(),
                paths: vec![pattern.clone()],
                ..Allowlist::default()
            });
        }
    }
}

/// What a file says of a built-in rule and keytrawl knows better, if it keeps the expression.
fn kept(change: &Draft) -> Option<Problem> {
    let key = match change {
        Draft { regex: Some(_), .. } => return None,
        Draft { components: Some(_), .. } => "components",
        Draft { foreign: Foreign { confidence: Some(_), .. }, .. } => "confidence",
        _ => return None,
    };
    let message = format!("`{key}` of the built-in rule `{}` is not applied", change.id);
    Some(change.at.problem(message, "keytrawl judges its own rules itself", true))
}

/// A built-in rule with what files change of it. One whose expression or group is another proves
/// nobody as the issuer, and is sent to nobody.
fn changed(mut rule: Rule, changes: Vec<Draft>) -> Result<Rule, Problem> {
    let mut all = Draft::default();
    for change in changes {
        if all.id.is_empty() {
            (all.id, all.at) = (change.id.clone(), change.at.clone());
        }
        all.change(change);
    }
    if all.regex.is_some() {
        let mut base = Draft {
            description: std::mem::take(&mut rule.description),
            severity: rule.severity,
            entropy: rule.entropy,
            keywords: std::mem::take(&mut rule.keywords),
            tags: std::mem::take(&mut rule.tags),
            allowlists: std::mem::take(&mut rule.allowlists),
            id: all.id.clone(),
            at: all.at.clone(),
            ..Draft::default()
        };
        base.change(all);
        return Ok(Rule { aliases: rule.aliases, ..base.finish()? });
    }
    check_group(all.group.as_ref(), &rule.pattern, false)?;
    if let Some((group, _)) = all.group {
        rule.secret_group = group;
        (rule.provider, rule.form) = (None, None);
        rule.issuers.clear();
        rule.verify.clear();
    }
    rule.allowlists.extend(all.take_allowlists());
    if !all.description.is_empty() {
        rule.description = all.description;
    }
    if let Some(path) = &all.path {
        rule.path = Pattern::foreign(path).ok();
    }
    rule.entropy = all.entropy.or(rule.entropy);
    rule.keywords.extend(all.keywords);
    rule.tags.extend(all.tags);
    Ok(rule)
}
