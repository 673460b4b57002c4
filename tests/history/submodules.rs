//! The histories of submodules.

use std::path::Path;

use serde_json::Value;

use crate::{Repo, git, kinds, place, places, report, secret};

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
