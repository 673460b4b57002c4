//! The inputs of the Action, as the environment has them: `KEYTRAWL_MODE`, or `INPUT_MODE` as GitHub
//! itself names them. An input that is empty is one that is not set.

use std::env;
use std::path::PathBuf;

use crate::cli::args::FailOnArg;
use crate::cli::message::Failure;

/// What is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// What the event is about.
    Auto,
    /// The commits between `base` and `head`, or of the event.
    Range,
    /// The whole history.
    History,
    /// Files and folders.
    Files,
}

/// What the user of the Action has asked for.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) mode: Mode,
    /// What is scanned in mode `files`; else the first one is the repository.
    pub(super) paths: Vec<String>,
    pub(super) base: Option<String>,
    pub(super) head: Option<String>,
    pub(super) folder: Option<PathBuf>,
    pub(super) annotations: bool,
    pub(super) summary: bool,
    pub(super) sarif: Option<PathBuf>,
    pub(super) fail_on: FailOnArg,
    config: Option<String>,
    baseline: Option<String>,
    confidence: Option<String>,
    verify: bool,
    args: Vec<String>,
}

impl Inputs {
    pub(super) fn read() -> Result<Self, Failure> {
        let mode = choice(
            "mode",
            &[
                ("auto", Mode::Auto),
                ("range", Mode::Range),
                ("history", Mode::History),
                ("files", Mode::Files),
            ],
        )?;
        let fail_on = choice(
            "fail-on",
            &[
                ("findings", FailOnArg::Findings),
                ("active", FailOnArg::Active),
                ("never", FailOnArg::Never),
            ],
        )?;
        let args = words(&value("args").unwrap_or_default())?;
        if let Some(bad) = args.iter().find(|word| word.starts_with("--show-secrets")) {
            return Err(Failure::new(format!("`args` holds `{bad}`: a log is read by many"))
                .hint("run keytrawl on your own machine to see a secret"));
        }
        let paths = value("path").unwrap_or_default();
        let paths = paths.lines().map(str::trim).filter(|line| !line.is_empty());
        let paths: Vec<String> = paths.map(str::to_owned).collect();
        if let ([_, second, ..], false) = (paths.as_slice(), mode == Mode::Files) {
            return Err(Failure::new(format!("the input `path` has a second line, `{second}`"))
                .hint("name one repository, or set `mode: files` to scan several paths"));
        }
        Ok(Self {
            mode,
            paths,
            base: value("base"),
            head: value("head"),
            folder: value("working-directory").map(PathBuf::from),
            annotations: flag("annotations", true)?,
            summary: wants_summary()?,
            sarif: value("sarif").map(PathBuf::from),
            fail_on,
            config: value("config"),
            baseline: value("baseline"),
            confidence: value("min-confidence"),
            verify: flag("verify", false)?,
            args,
        })
    }

    /// Whether providers are asked.
    pub(super) fn verifies(&self) -> bool {
        self.verify || self.args.iter().any(|word| word == "--verify")
    }

    /// The folder of the repository.
    pub(super) fn repository(&self) -> PathBuf {
        let first = self.paths.first().filter(|_| self.mode != Mode::Files);
        PathBuf::from(first.map_or(".", String::as_str))
    }

    /// The inputs as options of the command line.
    pub(super) fn options(&self) -> Vec<String> {
        let mut all = Vec::new();
        let named = [
            ("--config", &self.config),
            ("--baseline", &self.baseline),
            ("--confidence", &self.confidence),
        ];
        for (option, value) in named {
            if let Some(value) = value {
                all.push(format!("{option}={value}"));
            }
        }
        if self.verify {
            all.push("--verify".to_owned());
        }
        all.extend(self.args.iter().cloned());
        all
    }
}

/// Whether the summary of the job is written.
pub(super) fn wants_summary() -> Result<bool, Failure> {
    flag("summary", true)
}

/// The value of an input; none if it is not set.
pub(super) fn value(name: &str) -> Option<String> {
    let upper = name.to_uppercase();
    let under = upper.replace('-', "_");
    let names = [format!("KEYTRAWL_{under}"), format!("INPUT_{upper}"), format!("INPUT_{under}")];
    let mut found = names.iter().filter_map(|name| env::var(name).ok());
    found.find(|value| !value.trim().is_empty()).map(|value| value.trim().to_owned())
}

fn flag(name: &str, usual: bool) -> Result<bool, Failure> {
    match value(name).map(|value| value.to_lowercase()).as_deref() {
        None => Ok(usual),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(other) => Err(Failure::new(format!("the input `{name}` is `{other}`"))
            .hint("write `true` or `false`")),
    }
}

/// One of some words; the first one, if the input is not set.
fn choice<T: Copy>(name: &str, all: &[(&str, T)]) -> Result<T, Failure> {
    let names = || all.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    let word = value(name);
    let wrong = || {
        Failure::new(format!("the input `{name}` is `{}`", word.as_deref().unwrap_or_default()))
            .hint(format!("write one of: {}", names()))
    };
    let found = match &word {
        None => all.first(),
        Some(word) => all.iter().find(|(known, _)| known == word),
    };
    found.map(|(_, meaning)| *meaning).ok_or_else(wrong)
}

/// Splits a text as a shell does: spaces, quotes of both kinds, backslashes. Nothing is expanded.
fn words(text: &str) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(chars.next()),
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => all.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(Failure::new("a quote in the input `args` is not closed").hint("close it"));
    }
    all.extend(word);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_split_as_a_shell_does() {
        let split = |text: &str| words(text).ok();
        let expected = ["--rules", "a b.toml", "", "c'd", "$HOME"].map(str::to_owned).to_vec();
        assert_eq!(split("--rules 'a b.toml'  '' \"c'd\" $HOME\n"), Some(expected));
        assert_eq!(split(r#"a\ b "c\"d""#), Some(vec!["a b".to_owned(), "c\"d".to_owned()]));
        assert_eq!(split(" "), Some(Vec::new()));
        assert_eq!(split("'a"), None);
    }
}
