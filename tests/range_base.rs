//! `keytrawl range`, and who decides what is told: the base, and not whoever wrote the range.
#![allow(clippy::unwrap_used)]

mod git_support;

use git_support::{Repo, Run, lines, range, secret};
use serde_json::Value;

#[test]
fn a_range_does_not_allow_itself() {
    let repo = Repo::new(&[]);
    repo.write("kept.env", format!("A={} # keytrawl:allow -- a sample\n", secret("sample")));
    repo.write("block.py", "# secretlint-disable\nx = 1\n# secretlint-enable\n");
    repo.write("keytrawl.toml", "confidence = \"medium\"\n");
    repo.commit("start");
    // Every way to allow what comes along with it.
    repo.write("a.env", format!("A={} # gitleaks:allow\n", secret("a")));
    repo.write("b.env", format!("# keytrawl:allow-next-line -- fine\nB={}\n", secret("b")));
    repo.write("c.env", format!("C={}\n", secret("c")));
    repo.write(
        "keytrawl.toml",
        "confidence = \"high\"\ndisabled-rules = [\"mega-api-key\"]\n[[allowlists]]\nreason = \"x\"\npaths = ['.*']\n",
    );
    repo.write(".gitleaksignore", "c.env:mega-api-key:1\n");
    // A key that takes another one's place under a comment of the base is allowed; a copy is not.
    repo.write(
        "kept.env",
        format!(
            "Z=1\nA={} # keytrawl:allow -- a sample\nB={} # keytrawl:allow -- a sample\n",
            secret("rotated"),
            secret("copied")
        ),
    );
    repo.write(
        "block.py",
        format!("# secretlint-disable\nx = '{}'\n# secretlint-enable\n", secret("block")),
    );
    repo.commit("add and allow");
    let run = range(&repo, "HEAD^..HEAD", &[]);
    assert_eq!(
        (run.code, run.paths()),
        (1, ["a.env", "b.env", "c.env", "kept.env"].map(str::to_owned).to_vec())
    );
    assert!(run.stdout.contains(&secret("copied")) && !run.stdout.contains(&secret("rotated")));
    assert_eq!(run.json()["stats"]["suppressed"], 2);
    let warnings = run.warnings();
    let count = |kind: &str| warnings.iter().filter(|w| *w == kind).count();
    assert_eq!((count("allowed-by-range"), count("edited-configuration")), (3, 2), "{warnings:?}");
    // Once the base has them, they count; and on one's own machine they may count before.
    let run = range(&repo, "HEAD^..HEAD", &["--trust-head"]);
    assert_eq!((run.code, run.warnings().len()), (0, 0), "{}", run.stdout);
    repo.write("a.env", format!("Q=1\nA={} # gitleaks:allow\n", secret("a2")));
    repo.git(&["checkout", "-q", "HEAD", "--", "keytrawl.toml"]);
    repo.commit("later");
    assert_eq!(range(&repo, "HEAD^..HEAD", &["--no-config"]).code, 0);
}

#[test]
fn configuration_and_rules_are_those_of_the_base() {
    let repo = Repo::new(&[]);
    repo.write(
        "keytrawl.toml",
        "rules = [\"ci/own.toml\"]\n[[allowlists]]\nreason = \"x\"\npaths = ['^ok/']\n",
    );
    repo.write(
        "ci/own.toml",
        "[[rules]]\nid = \"acme\"\ndescription = \"Acme\"\nregex = '''(acme_live_[0-9a-f]{40})'''\nkeywords = [\"acme_live_\"]\n",
    );
    repo.commit("start");
    let key = ["acme_live_", &secret("acme")[5..45]].concat();
    repo.write("ok/a.env", secret("allowed"));
    repo.write("x.env", &key);
    repo.git(&["rm", "-q", "keytrawl.toml", "ci/own.toml"]);
    repo.commit("add");
    let run = range(&repo, "HEAD^..HEAD", &[]);
    assert_eq!((run.code, run.paths()), (1, vec!["x.env".to_owned()]), "{}", run.stdout);
    let run = range(&repo, "HEAD^..HEAD", &["--no-config"]);
    assert_eq!(run.paths(), ["ok/a.env"]);
    // A configuration that the user names is the user's word.
    repo.write("mine.toml", "[[allowlists]]\nreason = \"x\"\npaths = ['^x']\n");
    let run = range(&repo, "HEAD^..HEAD", &["--config", "mine.toml"]);
    assert_eq!(run.paths(), ["ok/a.env"]);
    // What is wrong with the base's is told with its place.
    repo.write("keytrawl.toml", "confidense = 1\n");
    repo.commit("wrong");
    let run = repo.run(&["range", "HEAD..HEAD"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("keytrawl.toml (of the base)"), "{}", run.stderr);
}

/// A configuration that allows what lies at `path`.
fn allowing(path: &str) -> String {
    format!(
        "[extend]\nuseDefault = true\n[[allowlists]]\ndescription = \"x\"\npaths = ['^{path}$']\n"
    )
}

/// However a file of the repository comes to be in force: the range has no say in it.
#[test]
fn what_the_user_names_of_the_repository_is_the_bases_too() {
    let repo = Repo::new(&[]);
    repo.write(".gitleaks.toml", allowing("old.env"));
    repo.write("ci/known", "");
    repo.write("ci/rules.toml", "# no rule yet\n");
    repo.write("x", "x\n");
    repo.commit("start");
    repo.write("k.env", secret("k"));
    repo.write("l.env", secret("l"));
    repo.write(".gitleaks.toml", allowing("k.env"));
    repo.write("ci/known", "k.env:mega-api-key:1\n");
    repo.write("new.toml", allowing("k.env"));
    repo.commit("add and allow");
    let named = |name: &str| {
        let mut command = git_support::command(
            &repo.path(),
            &["range", "HEAD^..HEAD", "--format", "json", "--show-secrets"],
        );
        Run::of(&command.env("GITLEAKS_CONFIG", name).output().unwrap())
    };
    let told = |run: &Run| {
        let all = run.json()["warnings"].clone();
        let all = all.as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        all.map(|one| format!("{} {}", text(&one["path"]), text(&one["message"])))
            .collect::<Vec<_>>()
    };
    let here = repo.path().join(".gitleaks.toml").display().to_string();
    let both = ["k.env", "l.env"];
    let in_force = "is edited by the range; what the base has of it is in force";
    for name in [".gitleaks.toml", "./x/../.gitleaks.toml", &here] {
        for run in [named(name), range(&repo, "HEAD^..HEAD", &["--config", name])] {
            assert_eq!((run.code, run.paths()), (1, both.map(str::to_owned).to_vec()), "{name}");
            assert_eq!(told(&run), [format!(".gitleaks.toml {in_force}")]);
        }
    }
    let run = range(&repo, "HEAD^..HEAD", &["--baseline", "ci/known"]);
    assert_eq!(run.paths(), both);
    assert!(told(&run).contains(&format!("ci/known {in_force}")), "{:?}", told(&run));
    let run = range(&repo, "HEAD^..HEAD", &["--no-config"]);
    assert_eq!(told(&run), [".gitleaks.toml is edited by the range; the edit is not in force"]);
    // What the base has not cannot be in force, whatever the work tree has.
    for option in ["--config", "--baseline", "--rules"] {
        let run = repo.run(&["range", "HEAD^..HEAD", option, "new.toml"]);
        assert_eq!(run.code, 2);
        let missing = "the base of the range has no file `new.toml`";
        assert!(run.stderr.contains(missing), "{option}: {}", run.stderr);
        assert!(run.stderr.contains("--trust-head"), "{option}: {}", run.stderr);
    }
    let run = range(&repo, "HEAD^..HEAD", &["--config", "new.toml", "--trust-head"]);
    assert_eq!(run.paths(), ["l.env"]);
    // What is no file of the repository is the user's word, wherever it lies.
    repo.write("mine.toml", allowing("k.env"));
    for run in [named("mine.toml"), range(&repo, "HEAD^..HEAD", &["--config", "mine.toml"])] {
        assert_eq!(run.paths(), ["l.env"]);
    }
    // What a configuration of the user's extends is the base's all the same.
    let text = "[extend]\npath = \".gitleaks.toml\"\n";
    let mut inline = git_support::command(
        &repo.path(),
        &["range", "HEAD^..HEAD", "--format", "json", "--show-secrets"],
    );
    let run = Run::of(&inline.env("GITLEAKS_CONFIG_TOML", text).output().unwrap());
    assert_eq!(run.paths(), both, "{}", run.stderr);
    // A rule that the range edits is the one that the base has.
    repo.write("ci/rules.toml", "no rule at all");
    repo.commit("break");
    let run = range(&repo, "HEAD^..HEAD", &["--rules", "ci/rules.toml"]);
    assert_eq!((run.code, told(&run)), (0, vec![format!("ci/rules.toml {in_force}")]));
}

#[cfg(unix)]
#[test]
fn links_are_followed_within_the_base() {
    use std::os::unix::fs::symlink;
    let repo = Repo::new(&[]);
    let at = |name: &str| repo.path().join(name);
    repo.write("shared/real.toml", "[[allowlists]]\nreason = \"x\"\npaths = ['^ok/']\n");
    symlink("shared", at("folder")).unwrap();
    symlink("./folder/../folder/real.toml", at("keytrawl.toml")).unwrap();
    repo.commit("start");
    repo.write("ok/a.env", secret("a"));
    repo.write("b.env", secret("b"));
    repo.write("shared/real.toml", "confidence = \"high\"\n");
    repo.commit("add");
    let run = range(&repo, "HEAD^..HEAD", &[]);
    assert_eq!((run.code, run.paths()), (1, vec!["b.env".to_owned()]), "{}", run.stderr);
    assert_eq!(run.warnings(), ["edited-configuration"]);
    // Of one that leads nowhere, out of the tree or around in it nobody knows what it allows or finds.
    for target in ["../x.toml", "/etc/hostname", "keytrawl.toml", "gone.toml"] {
        std::fs::remove_file(at("keytrawl.toml")).unwrap();
        symlink(target, at("keytrawl.toml")).unwrap();
        repo.commit(target);
        repo.write("b.env", secret(target));
        repo.commit("add");
        let run = repo.run(&["range", "HEAD^..HEAD", "--format", "json"]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{target}");
        let told = "`keytrawl.toml` of the base is a link that leads to no file of the base";
        assert!(run.stderr.contains(told), "{}", run.stderr);
        assert_eq!(range(&repo, "HEAD^..HEAD", &["--no-config"]).code, 1);
    }
}

/// A comment of the base goes where the range moves its file, whatever key stands under it then.
#[test]
fn comments_of_the_base_follow_the_files_that_the_range_moves() {
    let repo = Repo::new(&[]);
    let file = |key: &str, why: &str| {
        format!("K={} # keytrawl:allow -- {why}\n# a\n# b\n# c\n", secret(key))
    };
    repo.write("x", file("x", "of x"));
    repo.write("p", file("p", "of p"));
    repo.write("q", file("q", "of q"));
    repo.commit("start");
    // One moves and is copied, and two change places.
    repo.git(&["mv", "x", "y"]);
    repo.write("zcopy", file("x", "of x"));
    repo.git(&["mv", "p", "r"]);
    repo.commit("move");
    repo.git(&["mv", "q", "p"]);
    repo.commit("move on");
    repo.git(&["mv", "r", "q"]);
    repo.commit("change places");
    repo.write("y", file("x2", "of x") + "K=1\n");
    repo.write("zcopy", file("copied", "of x"));
    repo.write("p", file("q2", "of q"));
    repo.write("q", file("p2", "of p"));
    repo.commit("change");
    repo.git(&["mv", "y", "z"]);
    repo.commit("move again");
    let more = format!("K={} # keytrawl:allow -- of x\n", secret("second"));
    repo.write("z", file("x3", "of x") + "K=1\n" + &more);
    repo.commit("change and add");
    let run = range(&repo, "HEAD~6..HEAD", &[]);
    let told = ["z:6 change and add true", "zcopy:1 change true", "zcopy:1 move false"];
    assert_eq!(lines(&run), told, "{}", run.stdout);
    assert_eq!(run.warnings(), ["allowed-by-range"; 2]);
}

/// Whatever configuration names a rule file of the repository: the range has no say in it.
#[test]
fn rule_files_that_a_configuration_of_the_user_names_are_the_bases() {
    let rule = |id: &str, prefix: &str| {
        format!(
            "[[rules]]\nid = \"{id}\"\ndescription = \"x\"\nregex = '''({prefix}[0-9a-f]{{40}})'''\n\
             keywords = [\"{prefix}\"]\n"
        )
    };
    let repo = Repo::new(&[]);
    repo.write("ci/own.toml", rule("acme", "acme_live_"));
    repo.commit("start");
    let key = |prefix: &str| [prefix, &secret(prefix)[5..45]].concat();
    repo.write("ci/own.toml", rule("acme", "nobody_live_"));
    repo.write("ci/new.toml", rule("new", "nobody_live_"));
    repo.write("a.env", key("acme_live_"));
    repo.write("b.env", key("mine_live_"));
    repo.commit("add");
    // Nobody has these in git: they are the user's.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.toml"), rule("acme", "mine_live_")).unwrap();
    let configuration = |rules: &[&str]| {
        let path = folder.path().join("configuration.toml");
        std::fs::write(&path, format!("rules = {rules:?}\n")).unwrap();
        path.display().to_string()
    };
    let inner = |name: &str| repo.path().join(name).display().to_string();
    let (own, new) = (inner("ci/own.toml"), inner("ci/new.toml"));
    let named = |rules: &[&str], more: &[&str]| {
        let configuration = configuration(rules);
        repo.run(
            &[&["range", "HEAD^..HEAD", "--format", "json", "--config", &configuration], more]
                .concat(),
        )
    };
    let run = named(&[&own], &[]);
    assert_eq!((run.code, run.paths()), (1, vec!["a.env".to_owned()]), "{}", run.stderr);
    let warning = &run.json()["warnings"][0];
    assert_eq!(warning["path"], "ci/own.toml");
    assert_eq!(warning["message"], "is edited by the range; what the base has of it is in force");
    assert_eq!(named(&[&own], &["--trust-head"]).code, 0);
    // Of two with the same rule, the last one counts, whosever it is.
    assert_eq!(named(&[&own, "mine.toml"], &[]).paths(), ["b.env"]);
    assert_eq!(named(&["mine.toml", &own], &[]).paths(), ["a.env"]);
    // One that the user names as well is not read twice.
    assert_eq!(named(&[&own, "mine.toml"], &["--rules", "ci/own.toml"]).paths(), ["a.env"]);
    let run = named(&[&new], &[]);
    assert_eq!(run.code, 2);
    let missing = "the base of the range has no file `ci/new.toml`";
    assert!(run.stderr.contains(missing) && run.stderr.contains("--trust-head"), "{}", run.stderr);
}
