//! `keytrawl range` where an allowlist of the configuration holds at some paths: what is moved from
//! there to where none holds is told.
#![allow(clippy::unwrap_used)]

mod git_support;

use std::collections::BTreeSet;

use git_support::{Repo, git_command, lines, range, run_on, secret};
use proptest::prelude::*;

/// A configuration that allows what lies in the folder `ok`, for all rules or for one.
const ALLOWING: [&str; 2] = [
    "[[allowlists]]\nreason = \"x\"\npaths = ['^ok/']\n",
    "[[allowlists]]\nreason = \"x\"\npaths = ['^ok/']\nrules = [\"mega-api-key\"]\n",
];

#[test]
fn what_leaves_an_allowed_path_is_told_where_it_comes_to() {
    for allowing in ALLOWING {
        let repo = Repo::new(&[]);
        repo.write("keytrawl.toml", allowing);
        repo.write("ok/old.env", secret("old"));
        repo.write("shown.env", secret("shown"));
        repo.commit("start");
        repo.write("ok/new.env", secret("new"));
        repo.write("ok/stays.env", secret("stays"));
        repo.commit("add");
        repo.git(&["mv", "ok/new.env", "ok/renamed.env"]);
        repo.commit("rename");
        for (from, to) in
            [("ok/renamed.env", "new.env"), ("ok/old.env", "old.env"), ("shown.env", "moved.env")]
        {
            repo.git(&["mv", from, to]);
        }
        repo.commit("move");
        let told = ["new.env:1 move true", "old.env:1 move true"];
        assert_eq!(lines(&range(&repo, "HEAD~3..HEAD", &[])), told, "{allowing}");
        // What the base has only where it is allowed is as new.
        assert_eq!(lines(&range(&repo, "HEAD~1..HEAD", &[])), told, "{allowing}");
        let scan = repo.run(&["scan", ".", "--format", "json"]);
        assert_eq!(scan.paths(), ["moved.env", "new.env", "old.env"]);
    }
}

/// A comment of the base goes with its file out of there, too; one of the range counts nowhere.
#[test]
fn comments_count_at_allowed_paths_as_elsewhere() {
    let repo = Repo::new(&[]);
    repo.write("keytrawl.toml", ALLOWING[0]);
    repo.write("ok/old.env", format!("K={} # keytrawl:allow -- old\n", secret("old")));
    repo.commit("start");
    repo.write("ok/new.env", format!("K={} # keytrawl:allow -- new\n", secret("new")));
    repo.commit("add");
    repo.git(&["mv", "ok/old.env", "old.env"]);
    repo.git(&["mv", "ok/new.env", "new.env"]);
    repo.commit("move");
    repo.write("old.env", format!("K={} # keytrawl:allow -- old\n", secret("changed")));
    repo.commit("change");
    let run = range(&repo, "HEAD~3..HEAD", &[]);
    assert_eq!(lines(&run), ["new.env:1 move true"]);
    assert_eq!((&run.json()["stats"]["suppressed"], run.warnings().len()), (&2.into(), 1));
}

/// A way through an allowed path does not make old what is put into a file there.
#[test]
fn what_is_added_to_a_file_on_its_way_through_an_allowed_path_is_told() {
    let repo = Repo::new(&[]);
    repo.write("keytrawl.toml", ALLOWING[0]);
    repo.write("a.env", format!("K={}\n", secret("old")));
    repo.write("ok/x", "x\n");
    repo.commit("start");
    repo.git(&["mv", "a.env", "ok/a.env"]);
    repo.commit("in");
    repo.write("ok/a.env", format!("K={}\nL={}\n", secret("old"), secret("new")));
    repo.commit("add");
    repo.git(&["mv", "ok/a.env", "b.env"]);
    repo.commit("out");
    let run = range(&repo, "HEAD~3..HEAD", &[]);
    assert_eq!(lines(&run), ["b.env:2 out true"], "{}", run.stdout);
}

/// A history in which files move, each with a secret of its own: where each is after each commit.
struct Drawn(Vec<[At; SECRETS]>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Unborn,
    Path(usize),
    Gone,
}

const SECRETS: usize = 4;
/// The first ones are allowed.
const PATHS: [&str; 6] = ["ok/a", "ok/b", "ok/c", "d", "e", "f"];
const ALLOWED: usize = 3;

impl Drawn {
    /// Each commit picks files and the paths where they go; one path too many is none.
    fn new(picks: &[Vec<(usize, usize)>]) -> Self {
        let (mut all, mut now) = (Vec::new(), [At::Unborn; SECRETS]);
        for picks in picks {
            let old = now;
            for (file, path) in picks {
                // A file that another one takes the place of does not move.
                let is_free = ![old, now].concat().contains(&At::Path(*path));
                now[*file] = match now[*file] {
                    At::Path(_) if *path == PATHS.len() => At::Gone,
                    At::Unborn | At::Path(_) if is_free && *path < PATHS.len() => At::Path(*path),
                    same => same,
                };
            }
            all.push(now);
        }
        Self(all)
    }

    /// As `git fast-import` reads it; commit `n` is the branch `c<n>`.
    fn stream(&self) -> String {
        let mut text = String::new();
        let inline = |path: &str, content: &str| {
            format!("M 644 inline {path}\ndata {}\n{content}\n", content.len())
        };
        for (number, files) in self.0.iter().enumerate() {
            text += &format!("commit refs/heads/c{number}\nmark :{}\n", number + 1);
            text += &format!("committer A <a@acme.example> {} +0000\ndata 2\nc\n\n", number * 60);
            if number > 0 {
                text += &format!("from :{number}\n");
            }
            text += "deleteall\n";
            text += &inline("keytrawl.toml", ALLOWING[0]);
            for (file, at) in files.iter().enumerate() {
                if let At::Path(path) = at {
                    text += &inline(PATHS[*path], &format!("K={}\n", secret(&file.to_string())));
                }
            }
        }
        text
    }

    /// Where the commits after `base` show what that does not.
    fn told(&self, base: usize) -> BTreeSet<String> {
        let shown = |at: At| match at {
            At::Path(path) if path >= ALLOWED => Some(PATHS[path]),
            _ => None,
        };
        let (old, new) = (self.0[base], &self.0[base + 1..]);
        let hidden = (0..SECRETS).filter(|file| shown(old[*file]).is_none());
        let all = hidden.flat_map(|file| {
            let paths = new.iter().filter_map(move |files| shown(files[file]));
            paths.map(move |path| format!("{path} {file}"))
        });
        all.collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..Default::default() })]
    #[test]
    fn a_range_tells_what_it_shows_and_the_base_does_not(
        picks in prop::collection::vec(
            prop::collection::vec((0..SECRETS, 0..=PATHS.len()), 1..4),
            3..14,
        )
    ) {
        let drawn = Drawn::new(&picks);
        let repo = Repo::new(&[]);
        let mut import = git_command(&repo.path(), 1_700_000_000, &["fast-import", "--quiet"]);
        let done = run_on(&mut import, &drawn.stream());
        prop_assert_eq!(done.code, 0, "{}", done.stderr);
        let last = picks.len() - 1;
        for base in 0..last.min(4) {
            let run = range(&repo, &format!("c{base}..c{last}"), &[]);
            let mut found = BTreeSet::new();
            for finding in run.json()["findings"].as_array().unwrap() {
                let is_it = |file: &usize| finding["secret"] == secret(&file.to_string()).as_str();
                let file = (0..SECRETS).find(is_it).unwrap();
                for place in finding["occurrences"].as_array().unwrap() {
                    found.insert(format!("{} {file}", place["path"].as_str().unwrap()));
                }
            }
            prop_assert_eq!(found, drawn.told(base), "from {}", base);
        }
    }
}
