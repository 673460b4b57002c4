//! `keytrawl history` on repositories that git makes: each secret with its first commit, its last
//! commit and HEAD, whatever way it came into the history.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use keytrawl::finding::Confidence;
use keytrawl::rule::{armed, builtin};
use keytrawl::scanner::{self, Scanner};
use keytrawl::source::{Progress, history};
use serde_json::Value;

/// A made-up key; another one for each name.
fn secret(name: &str) -> String {
    let text = armed(&format!("{name} mega_{{hex:64}}"));
    text.split_once(' ').unwrap().1.to_owned()
}

struct Repo {
    folder: tempfile::TempDir,
    clock: std::cell::Cell<u64>,
}

impl Repo {
    fn new(arguments: &[&str]) -> Self {
        let clock = std::cell::Cell::new(1_700_000_000);
        let repo = Self { folder: tempfile::tempdir().unwrap(), clock };
        repo.git(&[&["init", "-q", "-b", "main"], arguments].concat());
        repo
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.path(), self.clock.get(), arguments)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Commits all that is there, a minute after the last commit; tells the id.
    fn commit(&self, message: &str) -> String {
        self.clock.set(self.clock.get() + 60);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.id("HEAD")
    }

    fn id(&self, name: &str) -> String {
        self.git(&["rev-parse", name]).trim().to_owned()
    }
}

fn git(folder: &Path, clock: u64, arguments: &[&str]) -> String {
    let date = format!("{clock} +0130");
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Ann Author")
        .env("GIT_AUTHOR_EMAIL", "ann@acme.example")
        .env("GIT_COMMITTER_NAME", "Carl")
        .env("GIT_COMMITTER_EMAIL", "carl@acme.example")
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn keytrawl(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keytrawl"));
    command.arg("history").args(arguments).current_dir(folder);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command
}

fn report(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let shared = ["--format", "json", "--show-secrets", "--no-config"];
    let output = keytrawl(folder, &[&shared, arguments].concat());
    let json = serde_json::from_slice(&output.stdout);
    (output.status.code().unwrap(), json.unwrap_or_else(|_| panic!("{output:?}")))
}

/// Path, first commit, last commit and HEAD flag of each occurrence of a secret.
fn places(report: &Value, secret: &str) -> Vec<(String, String, String, Value)> {
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .filter(|finding| finding["secret"] == secret)
        .flat_map(|finding| finding["occurrences"].as_array().unwrap())
        .map(|place| {
            (
                text(&place["path"]),
                text(&place["commit"]["id"]),
                text(&place["last_commit"]["id"]),
                place["in_head"].clone(),
            )
        })
        .collect()
}

fn place(path: &str, first: &str, last: &str, in_head: bool) -> (String, String, String, Value) {
    (path.to_owned(), first.to_owned(), last.to_owned(), in_head.into())
}

/// A tree with these modes, names and objects, which may be one that git itself would not write.
fn forged(repo: &Repo, entries: &[(&str, &str, &str)]) -> String {
    let mut tree = Vec::new();
    for (mode, name, id) in entries {
        tree.extend(format!("{mode} {name}\0").bytes());
        let byte = |at: usize| u8::from_str_radix(&id[at..at + 2], 16).unwrap();
        tree.extend((0..id.len()).step_by(2).map(byte));
    }
    repo.write("tree", tree);
    let make = ["hash-object", "-t", "tree", "-w", "--literally", "tree"];
    repo.git(&make).trim().to_owned()
}

fn kinds(report: &Value) -> Vec<&str> {
    let warnings = report["warnings"].as_array().unwrap().iter();
    warnings.map(|warning| warning["kind"].as_str().unwrap()).collect()
}

#[test]
fn every_way_into_a_history_is_told_right() {
    let repo = Repo::new(&[]);
    let key = secret;
    repo.write("README", "a project\n");
    repo.write(".gitattributes", "*.lock -diff\n");
    let base = repo.commit("start");

    // Deleted, with a rename before it; another one comes back.
    repo.write("old/a.env", format!("KEY={}\n", key("renamed")));
    repo.write("back.env", format!("KEY={}\n", key("back")));
    let added = repo.commit("add");
    repo.git(&["mv", "old/a.env", "new.env"]);
    repo.git(&["rm", "-q", "back.env"]);
    let renamed = repo.commit("rename");
    repo.git(&["rm", "-q", "new.env"]);
    repo.write("back.env", format!("# again\nKEY={}\n", key("back")));
    repo.commit("remove, and return");

    // UTF-16, an attribute that hides differences, a key that two commits complete.
    let wide: Vec<u8> = format!("\u{feff}K={}\r\n", key("wide"))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    repo.write("wide.txt", wide);
    repo.write("yarn.lock", format!("x {}\n", key("lock")));
    let half = key("half");
    repo.write("half.env", format!("{}\n", &half[..30]));
    let odd = repo.commit("odd files");
    repo.write("half.env", format!("{half}\n"));
    let whole = repo.commit("complete");

    // A merge resolution, a branch that only a tag holds, a stash, a note, messages.
    repo.git(&["checkout", "-q", "-b", "side", &base]);
    repo.write("README", "the side\n");
    repo.commit("side");
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--no-commit", "side"]);
    repo.write("README", format!("{}\n", key("merge")));
    let merge = repo.commit("merge");
    repo.git(&["checkout", "-q", "--detach"]);
    repo.write("tagged.env", key("tag-only"));
    let tagged = repo.commit("for the tag");
    repo.git(&["tag", "-a", "v1", "-m", &format!("text {}", key("tag-text"))]);
    repo.git(&["checkout", "-q", "main"]);
    for name in ["older", "newer"] {
        repo.write("README", key(name));
        repo.git(&["stash", "-q"]);
    }
    let message = repo.commit(&format!("oops\n\nkey {}", key("message")));
    repo.git(&["notes", "add", "-m", &key("note")]);
    let note = repo.id("refs/notes/commits");
    let (newer, older) = (repo.id("stash@{0}"), repo.id("stash@{1}"));

    // What a force push leaves behind.
    repo.write("gone.env", key("gone"));
    repo.commit("gone");
    repo.git(&["reset", "-q", "--hard", "HEAD^"]);

    let check = |packed: &str| {
        let (code, found) = report(repo.path(), &[]);
        assert_eq!((code, &found["complete"]), (1, &true.into()), "{packed}: {found:#}");
        let cases = [
            (
                "renamed",
                vec![
                    place("new.env", &renamed, &renamed, false),
                    place("old/a.env", &added, &added, false),
                ],
            ),
            ("back", vec![place("back.env", &added, &message, true)]),
            ("wide", vec![place("wide.txt", &odd, &message, true)]),
            ("lock", vec![place("yarn.lock", &odd, &message, true)]),
            ("half", vec![place("half.env", &whole, &message, true)]),
            ("merge", vec![place("README", &merge, &message, true)]),
            ("tag-only", vec![place("tagged.env", &tagged, &tagged, false)]),
            ("tag-text", vec![place("(tag message)", &tagged, &tagged, false)]),
            ("older", vec![place("README", &older, &older, false)]),
            ("newer", vec![place("README", &newer, &newer, false)]),
            ("message", vec![place("(commit message)", &message, &message, true)]),
            ("gone", vec![]),
        ];
        for (name, expected) in cases {
            // Stashes and merges carry what HEAD holds: the last commit may be one of them.
            let mut real = places(&found, &key(name));
            for (real, wanted) in real.iter_mut().zip(&expected) {
                if wanted.2 == message && real.2 != message {
                    real.2.clone_from(&message);
                }
            }
            assert_eq!(real, expected, "{packed}: {name}");
        }
        let noted = places(&found, &key("note"));
        assert_eq!((noted.len(), &noted[0].1, &noted[0].2), (1, &note, &note), "{packed}");
        assert_eq!(kinds(&found), ["unreachable"], "{packed}");
        let (_, more) = report(repo.path(), &["--unreachable"]);
        assert_eq!(places(&more, &key("gone")), [place("gone.env", "", "", false)], "{packed}");
        assert_eq!(kinds(&more), [""; 0]);
        let (_, slow) = report(repo.path(), &["--exhaustive"]);
        assert_eq!(found, slow, "{packed}");
        let (_, other) = report(repo.path(), &["--threads", "3", "--memory", "1KB"]);
        assert_eq!(found, other, "{packed}");
        let (_, main) = report(repo.path(), &["--branch", "main"]);
        assert_eq!(places(&main, &key("tag-only")), []);
        assert_eq!(places(&main, &key("half")).len(), 1);
    };
    check("loose");
    repo.git(&["repack", "-q", "-a", "-d", "-k", "-f"]);
    check("packed");
    let since = report(repo.path(), &["--since", "2100-01-01"]);
    assert_eq!((since.0, since.1["findings"].as_array().unwrap().len()), (0, 0));
    let commit = report(repo.path(), &[]).1["findings"][0]["occurrences"][0]["commit"].clone();
    assert_eq!(
        (&commit["author"], &commit["email"]),
        (&"Ann Author".into(), &"ann@acme.example".into())
    );
    assert!(commit["date"].as_str().unwrap().ends_with("+01:30"), "{commit}");
}

/// What comes first must not stand for what comes second.
#[test]
fn a_tree_that_has_a_name_twice_hides_nothing() {
    let repo = Repo::new(&[]);
    let blob = |content: String| {
        repo.write("content", content);
        repo.git(&["hash-object", "-w", "content"]).trim().to_owned()
    };
    let allowed = blob(format!("k={} # keytrawl:allow\n", secret("allowed")));
    let key = blob(format!("k={}\n", secret("key")));
    let folder = forged(&repo, &[("100644", "k", &key)]);
    let empty = forged(&repo, &[("100644", "k", &allowed)]);
    let (file, tree) = ("100644", "40000");
    for (number, (entries, path)) in [
        ([(file, "f", &*allowed), (file, "f", &*key)], "f"),
        ([(file, "f", &*allowed), (tree, "f", &*folder)], "f/k"),
        ([(tree, "f", &*empty), (tree, "f", &*folder)], "f/k"),
        ([(file, "f/k", &*key), (tree, "f", &*empty)], "f/k"),
    ]
    .into_iter()
    .enumerate()
    {
        let tree = forged(&repo, &entries);
        let commit = repo.git(&["commit-tree", "-m", "forged", &tree]).trim().to_owned();
        repo.git(&["update-ref", "refs/heads/main", &commit]);
        for arguments in [&[][..], &["--unreachable"], &["--exhaustive"]] {
            let (code, found) = report(repo.path(), arguments);
            let expected = [place(path, &commit, &commit, true)];
            assert_eq!(code, 1, "{number} {arguments:?}: {found:#}");
            assert_eq!(places(&found, &secret("key")), expected, "{number} {arguments:?}");
        }
    }
}

/// One key at 65,536 places: who does not wait until each is told gets the key all the same.
#[test]
fn a_run_that_is_ended_tells_what_was_found_so_far() {
    let repo = Repo::new(&[]);
    repo.write("content", secret("key"));
    let key = repo.git(&["hash-object", "-w", "content"]).trim().to_owned();
    let names: Vec<String> = (0..256).map(|number| format!("{number:02x}")).collect();
    let full = |mode: &str, id: &str| {
        let entries: Vec<_> = names.iter().map(|name| (mode, name.as_str(), id)).collect();
        forged(&repo, &entries)
    };
    let tree = full("40000", &full("100644", &key));
    let commit = repo.git(&["commit-tree", "-m", "many", &tree]).trim().to_owned();
    repo.git(&["update-ref", "refs/heads/main", &commit]);

    let rules = builtin();
    let scanner = Scanner::new(&rules, scanner::Options::default());
    let options = history::Options {
        since: None,
        branches: Vec::new(),
        unreachable: false,
        submodules: false,
        allow_missing: false,
        exhaustive: false,
        threads: 2,
        memory: None,
        archives: None,
        cache: None,
        least: Confidence::Low,
    };
    let path = repo.path();
    let scan = |progress: &Progress| history::history(path, &scanner, &options, progress).unwrap();
    let whole = scan(&Progress::default());
    assert_eq!(whole.sightings.len(), 1 << 16);
    for wait in [0, 3, 10, 30, 100, 300] {
        let progress = &Progress::default();
        let ended = std::thread::scope(|scope| {
            let run = scope.spawn(move || scan(progress));
            while progress.files.load(Relaxed) < whole.stats.files {
                std::thread::yield_now();
            }
            // All is searched: what is left is to place it.
            std::thread::sleep(Duration::from_millis(wait));
            progress.cancelled.store(true, Relaxed);
            run.join().unwrap()
        });
        let mut secrets: Vec<&[u8]> = ended.sightings.iter().map(|s| s.secret.expose()).collect();
        secrets.dedup();
        assert_eq!(secrets, [secret("key").as_bytes()], "after {wait} ms");
    }
}

#[test]
fn dates_choose_what_was_introduced_since() {
    let repo = Repo::new(&[]);
    repo.write("a", secret("a"));
    repo.commit("a");
    repo.clock.set(1_800_000_000);
    repo.write("b", secret("b"));
    let second = repo.commit("b");
    let (code, found) = report(repo.path(), &["--since", "2027-01-01"]);
    assert_eq!(code, 1);
    assert_eq!(places(&found, &secret("a")), []);
    assert_eq!(places(&found, &secret("b")), [place("b", &second, &second, true)]);
}

#[test]
fn repositories_of_all_kinds_are_read() {
    let repo = Repo::new(&[]);
    repo.write("sub/a.env", secret("a"));
    let first = repo.commit("a");
    let expected = [place("sub/a.env", &first, &first, true)];
    let outside = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { outside.path().join(name) };
    let source = repo.path().to_str().unwrap();
    git(outside.path(), 1_700_000_000, &["clone", "-q", "--bare", source, "bare.git"]);
    git(outside.path(), 1_700_000_000, &["clone", "-q", "--shared", source, "shared"]);
    repo.git(&["worktree", "add", "-q", "--detach", at("tree").to_str().unwrap()]);
    for folder in [repo.path().join("sub"), at("bare.git"), at("tree"), at("shared")] {
        let (code, found) = report(&folder, &[]);
        assert_eq!((code, &found["complete"]), (1, &true.into()), "{folder:?}: {found:#}");
        assert_eq!(places(&found, &secret("a")), expected, "{folder:?}");
    }
}

#[test]
fn the_refs_that_reach_a_secret_are_named() {
    let repo = Repo::new(&[]);
    repo.write("a", "one\n");
    repo.commit("start");
    repo.git(&["branch", "before"]);
    repo.write("a", secret("a"));
    repo.commit("add");
    repo.git(&["tag", "-a", "-m", "x", "v1"]);
    repo.git(&["branch", "after"]);
    repo.git(&["update-ref", "refs/remotes/o/main", "HEAD"]);
    repo.git(&["checkout", "-q", "before"]);
    repo.write("b", secret("b"));
    repo.commit("elsewhere");
    let (_, found) = report(repo.path(), &[]);
    let refs = |name: &str| {
        let mut findings = found["findings"].as_array().unwrap().iter();
        let found = findings.find(|finding| finding["secret"] == secret(name)).unwrap();
        found["occurrences"][0]["refs"].clone()
    };
    let main = ["refs/heads/after", "refs/heads/main", "refs/tags/v1", "refs/remotes/o/main"];
    assert_eq!(refs("a"), serde_json::json!(main));
    assert_eq!(refs("b"), serde_json::json!(["refs/heads/before", "HEAD"]));
    let text = keytrawl(repo.path(), &["--no-config"]).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("reached by after, main, tag v1, 1 more"), "{text}");
}

/// What no branch holds is held by a tag, or by nothing that anybody fetches: two things to do.
#[test]
fn what_no_commit_of_a_ref_holds_is_told_apart() {
    let repo = Repo::new(&[]);
    repo.write("d/k", secret("tree"));
    repo.git(&["add", "d"]);
    let tree = repo.git(&["write-tree"]).trim().to_owned();
    repo.git(&["update-ref", "refs/tags/tree", &tree]);
    repo.git(&["tag", "-a", "-m", &format!("of {}", secret("text")), "annotated", &tree]);
    repo.write("k", secret("blob"));
    let blob = repo.git(&["hash-object", "-w", "k"]).trim().to_owned();
    repo.git(&["update-ref", "refs/tags/blob", &blob]);
    repo.git(&["rm", "-q", "-r", "--cached", "d"]);
    std::fs::remove_dir_all(repo.path().join("d")).unwrap();
    repo.write("k", "x");
    repo.commit("start");
    repo.write("gone", secret("gone"));
    repo.commit(&format!("with {}", secret("message")));
    repo.git(&["reset", "-q", "--hard", "HEAD^"]);

    let (_, found) = report(repo.path(), &["--unreachable"]);
    let holders = |name: &str| {
        let mut findings = found["findings"].as_array().unwrap().iter();
        let finding = findings.find(|finding| finding["secret"] == secret(name)).unwrap();
        let place = &finding["occurrences"][0];
        assert_eq!((&place["commit"], &place["in_head"]), (&Value::Null, &false.into()));
        (place["path"].clone(), place["refs"].clone(), place["unreachable"].clone())
    };
    let tags = serde_json::json!(["refs/tags/annotated", "refs/tags/tree"]);
    assert_eq!(holders("tree"), ("d/k".into(), tags.clone(), Value::Null));
    assert_eq!(holders("text"), ("(tag message)".into(), tags, Value::Null));
    let tags = serde_json::json!(["refs/tags/blob"]);
    assert_eq!(holders("blob"), ("refs/tags/blob".into(), tags, Value::Null));
    assert_eq!(holders("gone"), ("gone".into(), Value::Null, true.into()));
    assert_eq!(holders("message"), ("(commit message)".into(), Value::Null, true.into()));

    let told = |format: &str| {
        let arguments = ["--unreachable", "--no-config", "--format", format];
        String::from_utf8(keytrawl(repo.path(), &arguments).stdout).unwrap()
    };
    let text = told("human");
    assert_eq!(text.matches("    only in unreachable objects\n").count(), 2, "{text}");
    assert!(text.contains("    not in HEAD, reached by tag annotated, tag tree\n"), "{text}");
    assert!(text.contains("    not in HEAD, reached by tag blob\n"), "{text}");
    for format in ["junit", "gitlab", "sarif", "markdown"] {
        let text = told(format);
        let leftovers = "only in unreachable objects: no ref leads to it";
        assert_eq!(text.matches(leftovers).count(), 2, "{format}: {text}");
        assert_eq!(text.matches("not in HEAD; refs/tags/").count(), 3, "{format}: {text}");
        assert!(!text.contains("history holds it"), "{format}: {text}");
        assert!(!text.contains("the history does"), "{format}: {text}");
    }
    assert_eq!(told("html").matches("<small>only in unreachable objects</small>").count(), 2);
}

/// Whoever pastes a key into one prompt pastes it into another.
#[test]
fn a_key_in_the_name_of_a_ref_is_masked() {
    let repo = Repo::new(&[]);
    let key = secret("key");
    let mask = format!("mega_****{}", &key[key.len() - 4..]);
    repo.write("k", &key);
    repo.commit("add");
    repo.git(&["branch", &key]);
    repo.git(&["tag", "-a", "-m", "x", &format!("v/{key}")]);
    let blob = repo.id("HEAD:k");
    repo.write("k", format!("{key}\n"));
    let other = repo.git(&["hash-object", "-w", "k"]).trim().to_owned();
    assert_ne!(blob, other);
    repo.git(&["update-ref", &format!("refs/keys/{key}"), &other]);
    for format in ["human", "json", "jsonl", "sarif", "gitlab", "junit", "csv", "markdown", "html"]
    {
        let output = keytrawl(repo.path(), &["--no-config", "--format", format]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains(&key) && text.contains(&mask), "{format}: {text}");
    }
    let output = keytrawl(repo.path(), &["--no-config", "--format", "json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let places = &found["findings"][0]["occurrences"];
    let (branch, tag) = (format!("refs/heads/{mask}"), format!("refs/tags/v/{mask}"));
    assert_eq!(places[0]["refs"], serde_json::json!(["refs/heads/main", branch, tag, "HEAD"]));
    assert_eq!(places[1]["path"], format!("refs/keys/{mask}"));
    assert_eq!(places[1]["refs"], serde_json::json!([format!("refs/keys/{mask}")]));
}

/// A message comes to HEAD by whatever commit: cherry-picked, rebased, or written twice.
#[test]
fn a_message_is_in_head_if_any_commit_of_head_has_it() {
    let repo = Repo::new(&[]);
    repo.write("f", "x\n");
    repo.commit("start");
    repo.git(&["checkout", "-q", "-b", "side"]);
    let first = repo.commit(&format!("uses {}", secret("picked")));
    let other = repo.commit(&format!("uses {}", secret("left")));
    repo.git(&["checkout", "-q", "main"]);
    repo.commit("meanwhile");
    let picked = repo.commit(&format!("uses {}", secret("picked")));
    let message = "(commit message)";
    for packed in [false, true] {
        if packed {
            repo.git(&["gc", "-q"]);
        }
        let (_, found) = report(repo.path(), &[]);
        let expected = [place(message, &first, &picked, true)];
        assert_eq!(places(&found, &secret("picked")), expected);
        assert_eq!(places(&found, &secret("left")), [place(message, &other, &other, false)]);
        // HEAD is where it is, whatever is looked at.
        let (_, found) = report(repo.path(), &["--branch", "side"]);
        assert_eq!(places(&found, &secret("picked")), [place(message, &first, &first, true)]);
        assert_eq!(places(&found, &secret("left")), [place(message, &other, &other, false)]);
        assert_eq!(found["stats"], report(repo.path(), &[]).1["stats"]);
    }
}

/// Versions with the same secrets are followed as one, unless what no ref reaches is asked for.
#[test]
fn versions_with_the_same_secrets_are_shown_as_they_were_when_they_came() {
    let repo = Repo::new(&[]);
    let placeholder = format!("mega_{}", "x".repeat(64));
    let mut state = 7u64;
    let mut draw = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for round in 0..40 {
        let path = ["a", "b/c", "b/d", "b/e/f"][draw(4) as usize];
        let mut lines = vec!["text".to_owned(); draw(9) as usize];
        lines.push(format!("round {round}"));
        let own = [secret("one"), secret("two"), placeholder.clone()];
        lines.extend(own.into_iter().filter(|_| draw(2) == 0));
        repo.write(path, lines.join("\n"));
        repo.commit("change");
    }
    repo.git(&["gc", "-q"]);
    let (_, found) = report(repo.path(), &[]);
    let (_, apart) = report(repo.path(), &["--unreachable", "--no-cache"]);
    assert_eq!(found, apart);
    assert_eq!(found["findings"].as_array().unwrap().len(), 2);
    let findings = found["findings"].as_array().unwrap().iter();
    for place in findings.flat_map(|finding| finding["occurrences"].as_array().unwrap()) {
        let (commit, path) = (&place["commit"]["id"], &place["path"]);
        let at = format!("{}:{}", commit.as_str().unwrap(), path.as_str().unwrap());
        assert_eq!(repo.id(&at), place["blob"].as_str().unwrap(), "{place:#}");
    }
}

#[test]
fn what_is_not_there_is_said() {
    let nowhere = tempfile::tempdir().unwrap();
    let output = keytrawl(nowhere.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("is not in a git repository") && text.contains("hint:"), "{text}");

    let repo = Repo::new(&[]);
    assert_eq!(report(repo.path(), &[]).0, 0, "no commit yet");
    repo.write("a", "one\n");
    repo.commit("a");
    repo.write("a", "two\n");
    repo.commit("b");
    assert_eq!(report(repo.path(), &[]).0, 0);
    assert_eq!(keytrawl(repo.path(), &["--branch", "nope"]).status.code(), Some(2));

    let outside = tempfile::tempdir().unwrap();
    let url = format!("file://{}", repo.path().display());
    git(outside.path(), 1_700_000_000, &["clone", "-q", "--depth", "1", &url, "shallow"]);
    let (code, found) = report(&outside.path().join("shallow"), &[]);
    assert_eq!((code, kinds(&found)), (2, vec!["shallow"]), "{found:#}");
    assert_eq!(found["complete"], false);

    let lost = repo.id("HEAD^:a");
    std::fs::remove_file(repo.path().join(".git/objects").join(&lost[..2]).join(&lost[2..]))
        .unwrap();
    let (code, found) = report(repo.path(), &[]);
    assert_eq!((code, kinds(&found)), (2, vec!["missing"]), "{found:#}");
    assert!(found["warnings"][0]["message"].as_str().unwrap().contains(&lost));
    assert_eq!(report(repo.path(), &["--allow-missing"]).0, 0);
}

/// Exit code and what was said of why nothing could be scanned.
fn refusal(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = keytrawl(folder, arguments);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_git_file_that_leads_nowhere_is_no_empty_repository() {
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().canonicalize().unwrap();
    let (main, tree) = (folder.join("main"), folder.join("tree"));
    git(&folder, 1_700_000_000, &["init", "-q", "-b", "main", "main"]);
    std::fs::write(main.join("a"), secret("a")).unwrap();
    git(&main, 1_700_000_000, &["add", "a"]);
    git(&main, 1_700_000_000, &["commit", "-q", "-m", "a"]);
    git(&main, 1_700_000_000, &["worktree", "add", "-q", "../tree"]);
    assert_eq!(report(&tree, &[]).0, 1);
    let astray = |file: &Path, target: &Path| {
        let text = format!(
            "error: {} says that the repository is at {}, and there is none: was it moved (then \
             `git worktree repair` in it helps), or is its disk not mounted?\n",
            file.display(),
            target.display()
        );
        (Some(2), text)
    };
    std::fs::rename(&main, folder.join("moved")).unwrap();
    let (dot, home) = (tree.join(".git"), main.join(".git/worktrees/tree"));
    assert_eq!(refusal(&tree, &[]), astray(&dot, &home));
    let mut staged = Command::new(env!("CARGO_BIN_EXE_keytrawl"));
    staged.arg("staged").current_dir(&tree).env_clear();
    let staged = staged.env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap();
    let text = String::from_utf8(staged.stderr).unwrap();
    assert_eq!((staged.status.code(), text), astray(&dot, &home));
    // What the work trees share is gone, or the file names nothing at all.
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(home.join("HEAD"), "ref: refs/heads/tree\n").unwrap();
    std::fs::write(home.join("commondir"), "../..\n").unwrap();
    assert_eq!(refusal(&tree, &[]), astray(&home.join("commondir"), &home.join("../..")));
    std::fs::write(&dot, "nothing\n").unwrap();
    let text = format!("error: {} is no git directory, and names none\n", dot.display());
    assert_eq!(refusal(&tree, &[]), (Some(2), text));

    // A submodule whose repository is gone.
    let repo = Repo::new(&[]);
    let source = folder.join("moved");
    let allow = ["-c", "protocol.file.allow=always", "submodule", "add", "-q"];
    repo.git(&[&allow[..], &[source.to_str().unwrap(), "lib"]].concat());
    repo.commit("with a submodule");
    std::fs::remove_dir_all(repo.path().join(".git/modules")).unwrap();
    let (code, found) = report(repo.path(), &["--submodules"]);
    assert_eq!((code, kinds(&found)), (2, vec!["submodule"]), "{found:#}");
    assert_eq!(found["warnings"][0]["path"], "lib");
}

/// Repositories with one commit that something else than a branch holds: its name, and the key in it.
fn detached() -> (Repo, String) {
    let repo = Repo::new(&[]);
    repo.write("a", "one\n");
    repo.commit("a");
    repo.git(&["checkout", "-q", "--detach"]);
    repo.write("b", secret("detached"));
    let id = repo.commit("detached");
    (repo, id)
}

#[test]
fn the_heads_of_all_work_trees_are_read_from_each_of_them() {
    let (repo, id) = detached();
    let outside = tempfile::tempdir().unwrap();
    let tree = outside.path().join("tree");
    repo.git(&["worktree", "add", "-q", tree.to_str().unwrap(), "main"]);
    for folder in [repo.path(), &tree] {
        let (code, found) = report(folder, &[]);
        assert_eq!((code, kinds(&found)), (1, vec![]), "{folder:?}");
        let in_head = folder == repo.path();
        assert_eq!(places(&found, &secret("detached")), [place("b", &id, &id, in_head)]);
    }
    let (_, found) = report(&tree, &[]);
    let refs = &found["findings"][0]["occurrences"][0]["refs"];
    assert_eq!(*refs, serde_json::json!(["main-worktree/HEAD"]));
}

#[test]
fn a_damaged_ref_is_said_and_not_passed_over() {
    let (repo, id) = detached();
    let outside = tempfile::tempdir().unwrap();
    let tree = outside.path().join("tree");
    repo.git(&["worktree", "add", "-q", "--detach", tree.to_str().unwrap()]);
    repo.git(&["pack-refs", "--all"]);
    let git_dir = repo.path().canonicalize().unwrap().join(".git");
    assert_eq!(report(repo.path(), &[]).0, 1);
    for name in ["HEAD", "worktrees/tree/HEAD", "refs/heads/x"] {
        let file = git_dir.join(name);
        let before = std::fs::read(&file).ok();
        let text = format!("error: {} is damaged: it names no object\n", file.display());
        for bad in ["", "garbage\n", &id[..20], "ref: elsewhere\n"] {
            if name == "refs/heads/x" && bad.starts_with("ref:") {
                continue;
            }
            std::fs::write(&file, bad).unwrap();
            assert_eq!(refusal(repo.path(), &[]), (Some(2), text.clone()), "{name}: {bad}");
        }
        match before {
            Some(before) => std::fs::write(&file, before).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
    }
    let file = git_dir.join("packed-refs");
    let packed = std::fs::read_to_string(&file).unwrap();
    let end = packed.len();
    let zeros = packed.replace(&repo.id("main")[..8], "zzzzzzzz");
    for bad in [&packed[..end - 1], &packed[..end - 30], &zeros, &format!("{packed}\n")] {
        std::fs::write(&file, bad).unwrap();
        let line = if bad.len() > end { 3 } else { 2 };
        let text = format!(
            "error: {} is damaged: line {line} names no ref, and which refs are lost cannot be told; \
             git cannot read it either\n",
            file.display()
        );
        assert_eq!(refusal(repo.path(), &[]), (Some(2), text), "{bad}");
    }
}

#[test]
#[cfg(unix)]
fn what_git_passes_over_among_refs_is_passed_over_and_links_are_followed() {
    let (repo, id) = detached();
    let expected = [place("b", &id, &id, false)];
    repo.git(&["update-ref", "refs/heads/x/y", "HEAD"]);
    repo.git(&["checkout", "-q", "main"]);
    let refs = repo.path().join(".git/refs");
    std::fs::write(refs.join("heads/.DS_Store"), "").unwrap();
    std::fs::write(refs.join("heads/main.lock"), "").unwrap();
    std::fs::create_dir_all(repo.path().join(".git/worktrees")).unwrap();
    std::fs::write(repo.path().join(".git/worktrees/.DS_Store"), "").unwrap();
    std::fs::rename(refs.join("heads/x"), repo.path().join("elsewhere")).unwrap();
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(target, refs.join(name)).unwrap();
    };
    link("../../../elsewhere", "heads/x");
    link("..", "heads/upwards");
    link("gone", "heads/nowhere");
    let (code, found) = report(repo.path(), &[]);
    assert_eq!((code, kinds(&found)), (1, vec![]), "{found:#}");
    assert_eq!(places(&found, &secret("detached")), expected);

    std::fs::remove_file(refs.join("heads/upwards")).unwrap();
    let pipe = refs.canonicalize().unwrap().join("heads/pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let text =
        format!("error: cannot read {}: it is no file\nhint: check the path\n", pipe.display());
    assert_eq!(refusal(repo.path(), &[]), (Some(2), text));
}

#[test]
fn all_stashes_are_read_however_refs_are_kept() {
    for arguments in [&[][..], &["--ref-format=reftable"]] {
        let repo = Repo::new(arguments);
        repo.write("a", "one\n");
        repo.commit("a");
        for name in ["oldest", "older", "newest"] {
            repo.write("a", secret(name));
            repo.git(&["stash", "-q"]);
        }
        let (code, found) = report(repo.path(), &[]);
        assert_eq!((code, kinds(&found)), (1, vec![]), "{arguments:?}: {found:#}");
        for (number, name) in ["newest", "older", "oldest"].iter().enumerate() {
            let id = repo.id(&format!("stash@{{{number}}}"));
            let expected = [place("a", &id, &id, false)];
            assert_eq!(places(&found, &secret(name)), expected, "{arguments:?}: {name}");
        }
    }
}

#[test]
fn tags_of_tags_are_followed_to_the_end() {
    let (repo, id) = detached();
    let (mut target, mut kind) = (id.clone(), "commit");
    let file = repo.path().join(".git/tag");
    for number in 0..70 {
        let text =
            format!("object {target}\ntype {kind}\ntag t{number}\ntagger A <a@b> 1 +0000\n\nm\n");
        std::fs::write(&file, text).unwrap();
        let made = repo.git(&["hash-object", "-t", "tag", "-w", ".git/tag"]);
        (target, kind) = (made.trim().to_owned(), "tag");
    }
    repo.git(&["update-ref", "refs/tags/deep", &target]);
    repo.git(&["checkout", "-q", "main"]);
    let (code, found) = report(repo.path(), &[]);
    assert_eq!((code, kinds(&found)), (1, vec![]), "{found:#}");
    assert_eq!(places(&found, &secret("detached")), [place("b", &id, &id, false)]);
}

#[test]
fn the_empty_tree_need_not_be_stored() {
    for format in ["sha1", "sha256"] {
        let repo = Repo::new(&[&format!("--object-format={format}")]);
        let tree = repo.git(&["hash-object", "-t", "tree", "/dev/null"]);
        let root = repo.git(&["commit-tree", tree.trim(), "-m", "root"]);
        repo.git(&["update-ref", "refs/heads/main", root.trim()]);
        repo.git(&["update-ref", "refs/trees/empty", tree.trim()]);
        let (code, found) = report(repo.path(), &[]);
        assert_eq!((code, kinds(&found)), (0, vec![]), "{found:#}");
        repo.write("a", "one\n");
        repo.commit("a");
        let (code, found) = report(repo.path(), &[]);
        assert_eq!((code, kinds(&found)), (0, vec![]), "{found:#}");
    }
}

#[test]
fn what_merged_tags_say_is_searched_and_old_encodings_are_read() {
    let repo = Repo::new(&[]);
    repo.commit("a");
    let header = repo.git(&["cat-file", "commit", "HEAD"]).replace("\n\na\n", "");
    let (head, tag) = (repo.id("HEAD"), secret("merged-tag"));
    let text = format!(
        "{}\nmergetag object {head}\n type commit\n tag v\n tagger A <a@b> 1 +0000\n \n key \
         {tag}\nencoding ISO-8859-1\n\ncaf\u{e9}\n",
        header.replace("Ann", "Jos\u{e9}")
    );
    let bytes: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
    std::fs::write(repo.path().join(".git/made"), bytes).unwrap();
    let id = repo.git(&["hash-object", "-t", "commit", "-w", ".git/made"]).trim().to_owned();
    repo.git(&["update-ref", "refs/heads/main", &id]);
    for arguments in [&[][..], &["-adq"]] {
        if !arguments.is_empty() {
            repo.git(&[&["repack"], arguments].concat());
        }
        let (code, found) = report(repo.path(), &[]);
        assert_eq!((code, kinds(&found)), (1, vec![]), "{found:#}");
        assert_eq!(places(&found, &tag), [place("(commit message)", &id, &id, true)]);
        let place = &found["findings"][0]["occurrences"][0];
        assert_eq!(place["commit"]["author"], "Jos\u{e9} Author");
        assert_eq!((&place["commit"]["summary"], &place["line"]), (&"caf\u{e9}".into(), &3.into()));
    }
}

#[test]
fn deltas_lead_to_what_a_search_of_every_byte_finds() {
    let repo = Repo::new(&[]);
    let filler: Vec<String> =
        (0..300).map(|line| format!("line {line} of {}", line * 7919 % 1009)).collect();
    for step in 0..24usize {
        let mut lines = filler.clone();
        // Keys move, end at seams, lose their left neighbour, and are cut in two.
        for number in 0..6 {
            let key = secret(&format!("key {}", (step + number) % 9));
            let glue = ["", " ", "x", "=", "\n"][(step * number) % 5];
            let cut = if step % 4 == number % 4 { 20 + step } else { key.len() };
            let at = (step * 37 + number * 41) % lines.len();
            lines.insert(
                at,
                format!("{glue}{}{}", &key[..cut], if step % 3 == 0 { "" } else { " end" }),
            );
        }
        lines.rotate_left(step * 11 % 300);
        repo.write(&format!("file{}.txt", step % 2), lines.join("\n"));
        repo.commit(&format!("step {step}"));
    }
    repo.git(&["repack", "-q", "-a", "-d", "-f", "--depth=20", "--window=30"]);
    let (code, quick) = report(repo.path(), &[]);
    let (_, slow) = report(repo.path(), &["--exhaustive"]);
    assert_eq!(code, 1);
    assert_eq!(quick, slow);
    assert!(quick["findings"].as_array().unwrap().len() >= 5);
}

#[test]
fn what_earlier_runs_know_of_packs_changes_no_report() {
    let caches = tempfile::tempdir().unwrap();
    let repo = Repo::new(&[]);
    let pack = || repo.git(&["repack", "-dq"]);
    let cached = |arguments: &[&str]| {
        let all = [&["--format", "json", "--no-config"], arguments].concat();
        let output = command(repo.path(), &all).env("XDG_CACHE_HOME", caches.path()).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let files = || -> Vec<PathBuf> {
        let all = std::fs::read_dir(caches.path().join("keytrawl")).into_iter().flatten();
        all.map(|file| file.unwrap().path()).collect()
    };
    let same = |code: i32| {
        let fresh = cached(&["--no-cache"]);
        assert_eq!(fresh.0, Some(code), "{}", fresh.1);
        for _ in 0..2 {
            assert_eq!(cached(&[]), fresh);
        }
    };
    repo.write("a", "one\n");
    repo.commit("clean");
    pack();
    assert_eq!(cached(&["--no-cache"]).0, Some(0));
    assert_eq!(files().len(), 0, "nothing was to be kept");
    same(0);
    assert_eq!(files().len(), 1);

    // In a pack that is new, in one that is known, in a message, and behind another pack.
    repo.write("b", secret("b"));
    repo.commit(&format!("a message with {}", secret("message")));
    pack();
    same(1);
    repo.write("c", secret("c"));
    repo.commit("loose");
    same(1);
    repo.git(&["tag", "-a", "-m", &secret("tag"), "one"]);
    pack();
    same(1);
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(["b", "message", "c", "tag"].iter().all(|name| !text.contains(&secret(name)[9..])));
        std::fs::write(file, &text[..text.len() / 2]).unwrap();
    }
    same(1);

    // Other rules ask anew; what is lost is seen by whoever knows the packs.
    repo.write("rules.toml", "[[rules]]\nid = \"clean\"\nregex = 'one_clean_line'\n");
    repo.write("a", "one_clean_line\n");
    repo.commit("clean");
    pack();
    same(1);
    let own = ["--rules", "rules.toml"];
    let fresh = cached(&[&own[..], &["--no-cache"]].concat());
    assert!(fresh.1.contains("\"clean\""), "{}", fresh.1);
    assert_eq!(cached(&own), fresh);
    repo.git(&["repack", "-adq"]);
    repo.write("d", "lost\n");
    repo.commit("d");
    same(1);
    let lost = repo.id("HEAD:d");
    std::fs::remove_file(repo.path().join(".git/objects").join(&lost[..2]).join(&lost[2..]))
        .unwrap();
    same(1);
    assert!(cached(&[]).1.contains(&lost));
}

#[test]
fn histories_of_submodules_are_read_when_asked() {
    let allow = ["-c", "protocol.file.allow=always"];
    let (inner, middle, outer) = (Repo::new(&[]), Repo::new(&[]), Repo::new(&[]));
    inner.write("a.env", secret("inner"));
    let first = inner.commit("add");
    inner.git(&["rm", "-q", "a.env"]);
    let last = inner.commit("remove");
    middle.write("b.env", secret("middle"));
    let add = |repo: &Repo, other: &Repo, path: &str| {
        let source = other.path().to_str().unwrap();
        repo.git(&[&allow[..], &["submodule", "add", "-q", source, path]].concat());
    };
    add(&middle, &inner, "deep/er");
    let second = middle.commit("with a submodule");
    outer.write("c", "nothing\n");
    add(&outer, &middle, "libs/middle");
    outer.commit("with a submodule");
    let init = ["submodule", "--quiet", "update", "--init", "--recursive"];
    outer.git(&[&allow[..], &init].concat());

    assert_eq!(report(outer.path(), &[]).0, 0, "nobody asked");
    let (code, found) = report(outer.path(), &["--submodules"]);
    assert_eq!((code, kinds(&found)), (1, vec![]), "{found:#}");
    let path = "libs/middle/deep/er/a.env";
    assert_eq!(places(&found, &secret("inner")), [place(path, &first, &first, false)]);
    assert_ne!(first, last);
    let path = "libs/middle/b.env";
    assert_eq!(places(&found, &secret("middle")), [place(path, &second, &second, true)]);

    // Taken out again, and never fetched.
    outer.git(&["rm", "-q", "libs/middle"]);
    outer.commit("without it");
    let (_, found) = report(outer.path(), &["--submodules"]);
    assert_eq!(places(&found, &secret("middle")).len(), 1, "{found:#}");
    let clones = tempfile::tempdir().unwrap();
    let source = middle.path().to_str().unwrap();
    git(clones.path(), 1_700_000_000, &["clone", "-q", source, "clone"]);
    let (code, found) = report(&clones.path().join("clone"), &["--submodules"]);
    assert_eq!((code, kinds(&found)), (1, vec!["submodule"]), "{found:#}");
    assert_eq!(found["complete"], false);
}

#[test]
fn submodules_that_are_not_found_are_said() {
    let allow = ["-c", "protocol.file.allow=always"];
    let (inner, outer) = (Repo::new(&[]), Repo::new(&[]));
    inner.write("a.env", secret("inner"));
    let id = inner.commit("add");
    let source = inner.path().to_str().unwrap();
    outer.git(&[&allow[..], &["submodule", "add", "-q", source, "lib"]].concat());
    outer.commit("with a submodule");
    let said = |folder: &Path| -> (i32, Vec<(String, String)>) {
        let (code, found) = report(folder, &["--submodules"]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let warnings = found["warnings"].as_array().unwrap().iter();
        let said = warnings.map(|one| (text(&one["path"]), text(&one["message"])));
        (code, said.collect())
    };
    let clones = tempfile::tempdir().unwrap();
    let at = |name: &str| clones.path().canonicalize().unwrap().join(name);
    let clone = |arguments: &[&str]| {
        let own = ["clone", "-q", outer.path().to_str().unwrap()];
        git(clones.path(), 1_700_000_000, &[&own[..], arguments].concat());
    };
    clone(&["--bare", "bare"]);
    let way = "scan its own repository, or a clone made with `--recurse-submodules`";
    let message = format!("is a submodule that is not here: {way}");
    assert_eq!(said(&at("bare")), (2, vec![("lib".to_owned(), message)]));

    // Without a `.gitmodules` that can be read.
    clone(&["broken"]);
    let file = at("broken").join(".gitmodules");
    std::fs::write(&file, "[submodule \"lib").unwrap();
    let (code, warnings) = said(&at("broken"));
    assert_eq!((code, warnings.len()), (2, 2), "{warnings:?}");
    assert_eq!(warnings[0].0, file.display().to_string());
    assert!(warnings[0].1.starts_with("cannot be read ("), "{warnings:?}");
    let message = "is a submodule that is not here: `git submodule update --init` gets it";
    assert_eq!(warnings[1], ("lib".to_owned(), message.to_owned()));

    // A repository in a folder, which `git add` made a submodule of.
    let plain = Repo::new(&[]);
    plain.git(&["clone", "-q", source, "deep/lib"]);
    plain.commit("a repository within");
    let (code, found) = report(plain.path(), &["--submodules"]);
    assert_eq!((code, kinds(&found)), (1, vec![]), "{found:#}");
    assert_eq!(places(&found, &secret("inner")), [place("deep/lib/a.env", &id, &id, true)]);
}
