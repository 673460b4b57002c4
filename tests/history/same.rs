//! Shorter ways that must come to the same: deltas, and what earlier runs know of packs.

use std::path::PathBuf;

use crate::{Repo, command, report, secret};

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
