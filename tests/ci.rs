//! `keytrawl ci`: every event of a GitHub workflow, with the environment and the payload that GitHub
//! gives, on checkouts as actions/checkout makes them.
#![allow(clippy::unwrap_used)]

mod git_support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use git_support::{Repo, Run, command, secret};
use serde_json::{Value, json};

/// What a step left behind.
struct Step {
    run: Run,
    outputs: BTreeMap<String, String>,
    summary: String,
    folder: tempfile::TempDir,
}

impl Step {
    /// The paths of the JSON report, sorted.
    fn paths(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.outputs["json"]).unwrap();
        Run { stdout: text, stderr: String::new(), code: 0 }.paths()
    }

    /// Exit code, state, findings and paths.
    fn told(&self) -> (i32, &str, &str, Vec<String>) {
        let code = self.run.code;
        assert_eq!(self.outputs["exit-code"], code.to_string(), "{}", self.run.stderr);
        (code, &self.outputs["state"], &self.outputs["findings"], self.paths())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn step(checkout: &Path, event: &str, payload: &Value, more: &[(&str, &str)]) -> Step {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("event.json"), payload.to_string()).unwrap();
    let mut step = command(checkout, &["ci"]);
    step.env("GITHUB_EVENT_NAME", event)
        .env("GITHUB_EVENT_PATH", file("event.json"))
        .env("GITHUB_OUTPUT", file("output"))
        .env("GITHUB_STEP_SUMMARY", file("summary"))
        .env("RUNNER_TEMP", folder.path())
        .env("GITHUB_SERVER_URL", "https://forge.example")
        .env("GITHUB_REPOSITORY", "acme/shop")
        .envs(more.iter().copied());
    let run = Run::of(&step.output().unwrap());
    let text = |name: &str| std::fs::read_to_string(file(name)).unwrap_or_default();
    let lines = text("output");
    let outputs = lines.lines().filter_map(|line| line.split_once('='));
    let outputs = outputs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    Step { run, outputs, summary: text("summary"), folder }
}

/// A repository on a forge with an old secret on its default branch, and a branch that adds another
/// one, takes it out again and adds a third.
struct Forge {
    origin: Repo,
    base: String,
    head: String,
}

impl Forge {
    fn new() -> Self {
        let origin = Repo::new(&[]);
        origin.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        origin.write("old.env", format!("OLD={}\n", secret("old")));
        origin.commit("start");
        origin.write("README.md", "a shop\n");
        let base = origin.commit("readme");
        origin.git(&["checkout", "-q", "-b", "feature"]);
        origin.write("gone.env", format!("A={}\n", secret("gone")));
        origin.commit("oops");
        origin.git(&["rm", "-q", "gone.env"]);
        origin.write("src/kept.py", format!("KEY = \"{}\"\n", secret("kept")));
        let head = origin.commit("better");
        origin.git(&["update-ref", "refs/pull/7/head", &head]);
        origin.git(&["checkout", "-q", "main"]);
        Self { origin, base, head }
    }

    fn push(&self, before: &str, after: &str, branch: &str) -> Value {
        json!({
            "ref": format!("refs/heads/{branch}"), "before": before, "after": after,
            "created": before == ZEROS, "deleted": after == ZEROS, "forced": false,
            "repository": {"default_branch": "main"}
        })
    }

    fn pull_request(&self) -> Value {
        json!({
            "number": 7,
            "pull_request": {"number": 7, "base": {"sha": self.base, "ref": "main"},
                             "head": {"sha": self.head, "ref": "feature"}},
            "repository": {"default_branch": "main"}
        })
    }
}

#[test]
fn a_ref_that_is_deleted_is_named_without_a_key() {
    let forge = Forge::new();
    let payload = forge.push(&forge.head, ZEROS, &secret("ref"));
    let step = step(&forge.origin.path(), "push", &payload, &[]);
    let shown = format!("{}{}{}", step.run.stdout, step.run.stderr, step.summary);
    assert!(shown.contains("was deleted") && !shown.contains(&secret("ref")), "{shown}");
}

const ZEROS: &str = "0000000000000000000000000000000000000000";

fn both() -> Vec<String> {
    ["gone.env", "src/kept.py"].map(str::to_owned).to_vec()
}

#[test]
fn a_pull_request_is_annotated_summed_up_and_red() {
    let forge = Forge::new();
    let checkout = Repo::clone_of(&forge.origin, &[]);
    checkout.git(&["checkout", "-q", &forge.head]);
    let step = step(
        &checkout.path(),
        "pull_request",
        &forge.pull_request(),
        &[("KEYTRAWL_SARIF", "out.sarif")],
    );
    assert_eq!(step.told(), (1, "complete", "2", both()));
    assert_eq!(step.run.stderr, "");
    let hide = |text: &str| {
        let mut text = text.replace(&forge.head, "HEAD").replace(&forge.head[..12], "SHORT-HEAD");
        let gone = forge.origin.id("feature^");
        text = text.replace(&forge.base[..12], "SHORT-BASE");
        text = text.replace(&gone, "OOPS").replace(&gone[..12], "SHORT-OOPS");
        for name in ["gone", "kept"] {
            assert!(!text.contains(&secret(name)));
            text = text.replace(&secret(name)[65..], &name.to_uppercase());
        }
        let print = regex::Regex::new(":[0-9a-f]{20}").unwrap();
        print.replace_all(&text, ":PRINT").into_owned()
    };
    insta::assert_snapshot!("annotations", hide(&step.run.stdout));
    insta::assert_snapshot!("summary", hide(&step.summary));
    let outputs: Vec<&str> = step.outputs.keys().map(String::as_str).collect();
    assert_eq!(outputs, ["active", "exit-code", "findings", "json", "sarif", "state"]);
    assert_eq!(step.outputs["sarif"], "out.sarif");
    let sarif = std::fs::read_to_string(checkout.path().join("out.sarif")).unwrap();
    assert!(sarif.contains("2.1.0") && !sarif.contains(&secret("kept")));
}

#[test]
fn every_event_has_its_range() {
    let forge = Forge::new();
    let checkout = Repo::clone_of(&forge.origin, &[]);
    let ci = |event: &str, payload: &Value| step(&checkout.path(), event, payload, &[]);
    let red = (1, "complete", "2", both());
    let Forge { base, head, .. } = &forge;

    // push: to a branch, a first one, a forced one, one that deletes.
    assert_eq!(ci("push", &forge.push(base, head, "feature")).told(), red);
    assert_eq!(ci("push", &forge.push(ZEROS, head, "feature")).told(), red);
    let gone = "1".repeat(40);
    assert_eq!(ci("push", &forge.push(&gone, head, "feature")).told(), red);
    let only = forge.origin.id("feature^");
    let last = vec!["src/kept.py".to_owned()];
    assert_eq!(ci("push", &forge.push(&only, head, "feature")).told(), (1, "complete", "1", last));
    let deleted = ci("push", &forge.push(head, ZEROS, "feature"));
    assert_eq!((deleted.run.code, deleted.outputs["state"].as_str()), (0, "complete"));
    assert!(deleted.run.stdout.starts_with("::notice title=keytrawl::"), "{}", deleted.run.stdout);
    assert!(deleted.summary.contains("was deleted"), "{}", deleted.summary);
    // The first push of all, and a forced one, to the default branch: everything on it is new.
    let first = ci("push", &forge.push(ZEROS, base, "main"));
    assert_eq!(first.run.code, 0, "another branch has all of it: {}", first.run.stdout);
    let alone = Repo::clone_of(&forge.origin, &["--single-branch"]);
    let push = forge.push(ZEROS, base, "main");
    assert_eq!(step(&alone.path(), "push", &push, &[]).paths(), ["old.env"]);
    let forced = step(&alone.path(), "push", &forge.push(&gone, base, "main"), &[]);
    assert_eq!(forced.paths(), ["old.env"]);

    for event in ["pull_request", "pull_request_target"] {
        assert_eq!(ci(event, &forge.pull_request()).told(), red, "{event}");
    }
    let group = json!({"merge_group": {"base_sha": base, "head_sha": head}});
    assert_eq!(ci("merge_group", &group).told(), red);
    for event in ["workflow_dispatch", "schedule", "release"] {
        let step = ci(event, &json!({"repository": {"default_branch": "main"}}));
        let all = ["gone.env", "old.env", "src/kept.py"].map(str::to_owned).to_vec();
        assert_eq!(step.told(), (1, "complete", "3", all), "{event}");
    }
    // Nothing new.
    let none = ci("push", &forge.push(base, base, "main"));
    assert_eq!(none.told(), (0, "complete", "0", Vec::new()));
    assert!(
        none.run.stdout.contains("::notice title=keytrawl%3A empty-range::"),
        "{}",
        none.run.stdout
    );
}

#[test]
fn a_shallow_checkout_is_deepened_or_the_job_fails_with_the_fix() {
    let forge = Forge::new();
    let red = (1, "complete", "2", both());
    // As actions/checkout leaves it: the merge of a pull request, one commit deep.
    let shallow = || {
        let repo = Repo::clone_of(&forge.origin, &["--depth", "1"]);
        repo.git(&["fetch", "-q", "--depth", "1", "origin", &forge.head]);
        repo.git(&["checkout", "-q", "FETCH_HEAD"]);
        repo
    };
    let repo = shallow();
    assert_eq!(step(&repo.path(), "pull_request", &forge.pull_request(), &[]).told(), red);
    let repo = shallow();
    let push = forge.push(ZEROS, &forge.head, "feature");
    assert_eq!(step(&repo.path(), "push", &push, &[]).told(), red);
    let repo = shallow();
    let push = forge.push(&"1".repeat(40), &forge.head, "feature");
    assert_eq!(step(&repo.path(), "push", &push, &[]).told(), red);
    let repo = shallow();
    assert_eq!(step(&repo.path(), "schedule", &json!({}), &[]).outputs["findings"], "3");
    // A fork: its commits are behind a ref of the pull request alone.
    forge.origin.git(&["branch", "-q", "-D", "feature"]);
    let full = Repo::clone_of(&forge.origin, &[]);
    let fork = step(&full.path(), "pull_request_target", &forge.pull_request(), &[]);
    assert_eq!(fork.told(), red);
    let one = Repo::clone_of(&forge.origin, &["--depth", "1"]);
    assert_eq!(step(&one.path(), "pull_request", &forge.pull_request(), &[]).told(), red);

    // Without the way to the rest, the job is red and says how to mend it.
    let cut = Repo::clone_of(&forge.origin, &["--depth", "1"]);
    cut.git(&["remote", "set-url", "origin", "file:///nowhere"]);
    let group = json!({"merge_group": {"base_sha": forge.base, "head_sha": forge.head}});
    let push = forge.push(&forge.base, &forge.head, "feature");
    let forced = forge.push(&"1".repeat(40), &forge.base, "main");
    let events = [
        ("pull_request", forge.pull_request()),
        ("merge_group", group),
        ("push", push),
        ("push", forced),
        ("push", forge.push(ZEROS, &forge.base, "main")),
        ("schedule", json!({})),
    ];
    for (event, payload) in events {
        let step = step(&cut.path(), event, &payload, &[]);
        assert_eq!((step.run.code, step.outputs["state"].as_str()), (2, "failed"), "{event}");
        for text in [&step.run.stderr, &step.run.stdout, &step.summary] {
            assert!(text.contains("fetch-depth: 0"), "{event}: {text}");
        }
    }
}

#[test]
fn a_pull_request_does_not_allow_itself() {
    let forge = Forge::new();
    let repo = &forge.origin;
    repo.git(&["checkout", "-q", "-b", "sly", "main"]);
    repo.write("a.py", format!("A = '{}'  # gitleaks:allow\n", secret("sly")));
    repo.write("keytrawl.toml", "[[allowlists]]\nreason = \"x\"\npaths = ['.*']\n");
    repo.write(".gitleaksignore", "a.py:mega-api-key:1\n");
    let head = repo.commit("add and allow");
    let mut event = forge.pull_request();
    event["pull_request"]["head"]["sha"] = json!(head);
    let checkout = Repo::clone_of(repo, &[]);
    checkout.git(&["checkout", "-q", &head]);
    let run = |more: &[(&str, &str)]| step(&checkout.path(), "pull_request", &event, more);
    let step = run(&[]);
    assert_eq!(step.told(), (1, "complete", "1", vec!["a.py".to_owned()]));
    assert!(step.summary.contains("came with the range"), "{}", step.summary);
    // A configuration that the workflow names is read from the base, too.
    let step = run(&[("KEYTRAWL_CONFIG", "keytrawl.toml")]);
    assert_eq!((step.run.code, step.outputs["state"].as_str()), (2, "failed"));
    assert!(step.run.stderr.contains("the base of the range has no file"), "{}", step.run.stderr);
    let step = run(&[("KEYTRAWL_BASELINE", ".gitleaksignore")]);
    assert_eq!(step.run.code, 2);
}

#[test]
fn inputs_do_what_they_say() {
    let forge = Forge::new();
    let checkout = Repo::clone_of(&forge.origin, &[]);
    checkout.write("sub/x.txt", "x\n");
    let ci =
        |more: &[(&str, &str)]| step(&checkout.path(), "pull_request", &forge.pull_request(), more);
    let quiet = ci(&[("KEYTRAWL_ANNOTATIONS", "false"), ("KEYTRAWL_SUMMARY", "false")]);
    let range = format!("{}..{}", &forge.base[..12], &forge.head[..12]);
    let line = format!("keytrawl: 2 secrets found in 2 commits, {range}\n");
    assert_eq!(quiet.run.stdout, line);
    assert_eq!((quiet.run.code, quiet.summary.as_str()), (1, ""));
    assert_eq!(ci(&[("KEYTRAWL_FAIL_ON", "never")]).told(), (0, "complete", "2", both()));
    assert_eq!(ci(&[("INPUT_FAIL-ON", "never")]).run.code, 0);
    assert!(ci(&[("KEYTRAWL_FAIL_ON", "active")]).run.stderr.contains("verify: true"));
    assert_eq!(ci(&[("KEYTRAWL_ARGS", "--no-archives --threads '1'")]).told().0, 1);
    assert_eq!(ci(&[("KEYTRAWL_MODE", "files")]).paths(), ["old.env"]);
    assert_eq!(ci(&[("KEYTRAWL_MODE", "files"), ("KEYTRAWL_PATH", "README.md\nsub")]).run.code, 0);
    assert_eq!(ci(&[("KEYTRAWL_MODE", "history")]).outputs["findings"], "3");
    let named = [("KEYTRAWL_BASE", "origin/feature^"), ("KEYTRAWL_HEAD", "origin/feature")];
    assert_eq!(ci(&named).paths(), ["src/kept.py"]);
    let inside = ci(&[("KEYTRAWL_WORKING_DIRECTORY", "sub"), ("KEYTRAWL_SARIF", "o.sarif")]);
    assert_eq!(inside.outputs["sarif"], "sub/o.sarif");
    assert_eq!(inside.told(), (1, "complete", "2", both()));
    let kept = inside.file("keytrawl.json");
    assert_eq!(Path::new(&inside.outputs["json"]), kept.as_path());

    for (input, hint) in [
        (("KEYTRAWL_MODE", "all"), "auto, range, history, files"),
        (("KEYTRAWL_VERIFY", "yes"), "`true` or `false`"),
        (("KEYTRAWL_ARGS", "--no-such-option"), "--no-such-option"),
        (("KEYTRAWL_ARGS", "'open"), "quote"),
        (("KEYTRAWL_ARGS", "--show-secrets"), "own machine"),
        (("KEYTRAWL_MIN_CONFIDENCE", "sure"), "sure"),
        (("KEYTRAWL_HEAD", "HEAD"), "`base`"),
        (("KEYTRAWL_BASE", "--output=x"), "names no commit"),
        (("KEYTRAWL_WORKING_DIRECTORY", "nowhere"), "folder"),
        (("KEYTRAWL_SARIF", "nowhere/s.sarif"), "make the folder `nowhere` first"),
        (("KEYTRAWL_PATH", ".\nsub"), "the input `path` has a second line, `sub`"),
    ] {
        let step = ci(&[input]);
        assert_eq!((step.run.code, step.outputs["state"].as_str()), (2, "failed"), "{input:?}");
        assert!(step.run.stderr.contains(hint), "{input:?}: {}", step.run.stderr);
        assert!(step.run.stdout.starts_with("::error title=keytrawl could not scan::"));
        assert_eq!(step.run.stdout.lines().count(), 1, "nothing was scanned: {}", step.run.stdout);
        assert!(step.summary.starts_with("### keytrawl: the scan failed"), "{}", step.summary);
        let step = ci(&[input, ("KEYTRAWL_SUMMARY", "false")]);
        assert_eq!((step.run.code, step.summary.as_str()), (2, ""), "{input:?}");
    }
    for (mode, command) in [("files", "scan"), ("history", "history"), ("range", "range")] {
        let step = ci(&[("KEYTRAWL_MODE", mode), ("KEYTRAWL_ARGS", "--no-such-option")]);
        let hint = format!("the options of `keytrawl {command} --help`");
        assert!(step.run.stderr.contains(&hint), "{}", step.run.stderr);
    }
    // Lines of `path` are names, whatever they look like.
    checkout.write("--only=stripe", "x\n");
    let files = [("KEYTRAWL_MODE", "files"), ("KEYTRAWL_PATH", "--only=stripe\nold.env")];
    assert_eq!(ci(&files).paths(), ["old.env"]);
    let history = [("KEYTRAWL_MODE", "history"), ("KEYTRAWL_PATH", "--branch=none")];
    assert_eq!(ci(&history).run.code, 2);
    // A payload without commits, no payload, no event.
    let odd = step(&checkout.path(), "pull_request", &json!({"pull_request": {}}), &[]);
    assert_eq!(odd.run.code, 2);
    let evil = json!({"ref": "refs/heads/x", "before": "--upload-pack=x", "after": "$(id)"});
    assert_eq!(step(&checkout.path(), "push", &evil, &[]).run.code, 2);
    assert_eq!(git_support::run(&checkout.path(), &["ci"]).code, 2);
}
