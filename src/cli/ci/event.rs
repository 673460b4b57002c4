//! Which commits an event of a GitHub workflow is about.
//!
//! The event file is GitHub's webhook payload: "Webhook events and payloads". What it says of a pull
//! request is the words of a stranger, so nothing of it but ids and names of refs is used, and those
//! only as data. Not here: scanning.

use std::env;

use serde_json::Value;

use super::inputs::{Inputs, Mode, value};
use crate::cli::message::Failure;
use crate::cli::repository;
use crate::git::object::ObjectId;
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::source::range::is_zeros;

/// What an event asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing is to be scanned, and why.
    Nothing(String),
    /// The commits that `tips` reach and `old` does not.
    Range {
        tips: Vec<String>,
        old: Vec<String>,
        /// What to fetch if something is not there.
        wanted: Vec<String>,
    },
    /// Every commit.
    History,
    /// Whether a commit is there is to be asked again with the whole history at hand.
    Deepen {
        /// What to fetch.
        wanted: Vec<String>,
    },
}

/// An event.
#[derive(Debug)]
pub(super) struct Event {
    kind: String,
    payload: Value,
    /// The range that the inputs name.
    named: Option<(String, String)>,
}

impl Event {
    /// Reads the event that the environment names.
    pub(super) fn read(inputs: &Inputs) -> Result<Self, Failure> {
        let kind = env::var("GITHUB_EVENT_NAME").unwrap_or_default();
        let path = env::var_os("GITHUB_EVENT_PATH").filter(|path| !path.is_empty());
        let named = match (&inputs.base, &inputs.head) {
            (Some(base), head) => Some((base.clone(), head.clone().unwrap_or("HEAD".to_owned()))),
            (None, Some(_)) => {
                return Err(Failure::new("the input `head` is set, and `base` is not")
                    .hint("set `base`, too"));
            }
            (None, None) => None,
        };
        if named.is_some() {
            return Ok(Self { kind, payload: Value::Null, named });
        }
        if kind.is_empty() {
            return Err(Failure::new("there is no event: GITHUB_EVENT_NAME is not set").hint(
                "run `keytrawl ci` in a GitHub workflow, or set `base` (KEYTRAWL_BASE); elsewhere \
                 `keytrawl range` does the same",
            ));
        }
        let payload = match path {
            None => Value::Null,
            Some(path) => {
                let shown = path.to_string_lossy().into_owned();
                let fail = |problem: String| {
                    Failure::new(format!("the event file `{shown}` cannot be read: {problem}"))
                        .hint("GITHUB_EVENT_PATH names it")
                };
                let text = std::fs::read(&path).map_err(|e| fail(e.to_string()))?;
                serde_json::from_slice(&text).map_err(|e| fail(e.to_string()))?
            }
        };
        let event = Self { kind, payload, named };
        if inputs.mode == Mode::Range && event.is_whole() {
            let message = format!("the event `{}` is about no range of commits", event.kind);
            return Err(Failure::new(message).hint("set `base`, or another `mode`"));
        }
        Ok(event)
    }

    /// What the range is called.
    pub(super) fn name(&self) -> String {
        match &self.named {
            Some((base, head)) => format!("{base}..{head}"),
            None => format!("the event `{}`", self.kind),
        }
    }

    /// The commits to scan. `deepened`: the whole history is there by now, or cannot be had.
    pub(super) fn plan(
        &self,
        inputs: &Inputs,
        repository: &Repository,
        deepened: bool,
    ) -> Result<Plan, Failure> {
        if let Some((base, head)) = &self.named {
            let wanted = vec![base.clone(), head.clone()];
            return Ok(Plan::Range { tips: vec![head.clone()], old: vec![base.clone()], wanted });
        }
        if self.is_pull_request() {
            return self.pull_request();
        }
        match self.kind.as_str() {
            "push" => self.push(repository, deepened),
            "merge_group" => {
                let base = self.id(&["merge_group", "base_sha"])?;
                let head = self.id(&["merge_group", "head_sha"])?;
                let wanted = vec![base.clone(), head.clone()];
                Ok(Plan::Range { tips: vec![head], old: vec![base], wanted })
            }
            "delete" => Ok(Plan::Nothing("a branch or tag was deleted".to_owned())),
            _ => {
                debug_assert!(inputs.mode == Mode::Auto);
                Ok(Plan::History)
            }
        }
    }

    fn is_pull_request(&self) -> bool {
        self.payload.get("pull_request").is_some_and(Value::is_object)
            || self.kind.starts_with("pull_request")
    }

    /// Whether the event is about all of the repository.
    fn is_whole(&self) -> bool {
        !self.is_pull_request() && !matches!(self.kind.as_str(), "push" | "merge_group" | "delete")
    }

    fn pull_request(&self) -> Result<Plan, Failure> {
        let base = self.id(&["pull_request", "base", "sha"])?;
        let head = self.id(&["pull_request", "head", "sha"])?;
        // A fork's commits are not on any branch of this repository: they have a ref of their own.
        let number = self.payload.get("number").or_else(|| self.at(&["pull_request", "number"]));
        let mut wanted = vec![base.clone(), head.clone()];
        if let Some(number) = number.and_then(Value::as_u64) {
            wanted.push(format!("refs/pull/{number}/head"));
        }
        Ok(Plan::Range { tips: vec![head], old: vec![base], wanted })
    }

    fn push(&self, repository: &Repository, deepened: bool) -> Result<Plan, Failure> {
        let after = self.id(&["after"])?;
        let reference = self.text(&["ref"]).unwrap_or_default().to_owned();
        if self.at(&["deleted"]).and_then(Value::as_bool) == Some(true) || is_zeros(&after) {
            return Ok(Plan::Nothing(format!("`{reference}` was deleted")));
        }
        let before = self.id(&["before"])?;
        let range = |old: Vec<String>| {
            let wanted = old.iter().chain([&after]).cloned().collect();
            Plan::Range { tips: vec![after.clone()], old, wanted }
        };
        if is_zeros(&before) {
            // What is new on a new branch or tag is what no other one has.
            if repository.is_shallow() && !deepened {
                return Ok(Plan::Deepen { wanted: vec![after] });
            }
            return Ok(range(self.others(repository, &reference)?));
        }
        let objects = Objects::new(repository.object_dirs(), repository.format());
        let is_there =
            |id: &str| ObjectId::from_hex(id.as_bytes()).is_some_and(|id| objects.contains(&id));
        if is_there(&before) {
            return Ok(range(vec![before]));
        }
        if !deepened {
            return Ok(Plan::Deepen { wanted: vec![before, after] });
        }
        if repository.is_shallow() {
            let message = format!("the commit `{before}`, where the push began, is not here");
            return Err(Failure::new(message)
                .hint("set `fetch-depth: 0` for actions/checkout, so that the commits are there"));
        }
        // A force push has left the old commits behind.
        Ok(range(self.default_branch(repository, &reference)?.into_iter().collect()))
    }

    /// The other branches that the checkout knows, the default one first.
    fn others(&self, repository: &Repository, reference: &str) -> Result<Vec<String>, Failure> {
        let own = reference.strip_prefix("refs/heads/").unwrap_or_default();
        let refs = repository.refs().map_err(repository::failure)?;
        let mut old: Vec<String> =
            self.default_branch(repository, reference)?.into_iter().collect();
        for one in refs {
            let Some(name) = one.name.strip_prefix("refs/remotes/") else { continue };
            let branch = name.split_once('/').map_or("", |(_, branch)| branch);
            // `origin/HEAD` is one of the others, or the branch itself.
            if branch != own && branch != "HEAD" && !branch.is_empty() {
                let id = one.target.to_string();
                if !old.contains(&id) {
                    old.push(id);
                }
            }
        }
        Ok(old)
    }

    /// The tip of the default branch, unless it is what was pushed.
    fn default_branch(
        &self,
        repository: &Repository,
        reference: &str,
    ) -> Result<Option<String>, Failure> {
        let name = self.text(&["repository", "default_branch"]).unwrap_or_default();
        if name.is_empty() || reference == format!("refs/heads/{name}") {
            return Ok(None);
        }
        let refs = repository.refs().map_err(repository::failure)?;
        let wanted = format!("refs/remotes/origin/{name}");
        Ok(refs.iter().find(|one| one.name == wanted).map(|one| one.target.to_string()))
    }

    fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.payload, |value, key| value.get(key))
    }

    fn text(&self, path: &[&str]) -> Option<&str> {
        self.at(path).and_then(Value::as_str)
    }

    /// An object id of the payload. Anything else would be a name that git might read another way.
    fn id(&self, path: &[&str]) -> Result<String, Failure> {
        let text = self.text(path).unwrap_or_default();
        match ObjectId::from_hex(text.as_bytes()) {
            Some(_) => Ok(text.to_ascii_lowercase()),
            None => {
                let message =
                    format!("the event `{}` has no commit in `{}`", self.kind, path.join("."));
                Err(Failure::new(message).hint(format!(
                    "set the inputs `base` and `head`{}",
                    if value("mode").is_none() { ", or `mode: history`" } else { "" }
                )))
            }
        }
    }
}
