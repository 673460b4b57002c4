//! Reports in files and in every format, through the program: what is written where, and that no
//! secret is in it.
//!
//! Not here: how each format looks; see the tests below `src/report/`.

mod harness;

use std::fs;

use harness::{Place, base64};
use keytrawl::report::Format;
use keytrawl::rule::armed;

fn key() -> String {
    armed("mega_{hex:64}")
}

fn other() -> String {
    armed("sk_live_{base62:40}")
}

/// Two keys on one line, one of them again in base64.
fn tree() -> Place {
    let encoded = base64(format!("{}\n", other()).as_bytes(), false);
    Place::with(&[
        ("app/.env", format!("A={} B={}\n", key(), other())),
        ("deploy/secret.yaml", format!("data:\n  key: {encoded}\n")),
    ])
}

/// A `--report` for each format, the format's name being the file's.
fn every_format() -> Vec<String> {
    Format::ALL.iter().map(|format| format!("--report={format}=../home/{format}")).collect()
}

#[test]
fn no_format_holds_a_secret_without_being_asked() {
    let place = tree();
    let encoded = base64(other().as_bytes(), false);
    for asked in [false, true] {
        let mut arguments = every_format();
        if asked {
            arguments.push("--show-secrets".to_owned());
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = place.run(&arguments);
        assert_eq!((run.code, run.stderr.as_str()), (1, ""));
        for format in Format::ALL {
            let path = place.root().join("../home").join(format.as_str());
            let text = fs::read_to_string(path).expect("a report");
            for secret in [key(), other()] {
                assert_eq!(text.contains(&secret), asked, "{format}");
                assert_eq!(text.contains(&secret[secret.len() - 8..]), asked, "{format}");
            }
            // As it stands in the file, but for the end, which other letters may follow.
            assert!(!text.contains(&encoded[..encoded.len() - 6]), "{format}");
        }
    }
}

#[test]
fn messages_and_names_of_a_history_hold_no_secret_either() {
    let place = tree();
    place.git(&["init", "-q", "-b", "main"]);
    place.git(&["add", "-A"]);
    let author = format!("user.name=Ann {}", other());
    let config = ["-c", author.as_str(), "-c", "user.email=ann@acme.example"];
    let message = format!("Use {} and {}", key(), other());
    place.git(&[&config[..], &["commit", "-q", "-m", &message]].concat());
    let mut arguments = vec!["history".to_owned()];
    arguments.extend(every_format());
    let run = place.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    for format in Format::ALL {
        let path = place.root().join("../home").join(format.as_str());
        let text = fs::read_to_string(path).expect("a report");
        for secret in [key(), other()] {
            assert!(!text.contains(&secret[8..]), "{format}");
        }
        assert!(format == Format::Html || text.contains("****"), "{format}");
    }
    assert!(run.stdout.contains("Use mega_****"), "{}", run.stdout);
}

#[test]
fn replacements_hold_every_form_of_a_secret() {
    let place = tree();
    let run = place.run(&["--quiet", "--replacements", "../home/r.txt"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let path = place.root().join("../home/r.txt");
    let text = fs::read_to_string(&path).expect("the file");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines.iter().all(|l| l.starts_with("literal:") && l.ends_with("==>***REMOVED***")));
    for secret in [key(), other()] {
        assert!(lines.contains(&format!("literal:{secret}==>***REMOVED***").as_str()));
        assert!(!run.stdout.contains(&secret));
    }
    let encoded = base64(format!("{}\n", other()).as_bytes(), false);
    assert!(lines.iter().any(|l| encoded.contains(l[8..].split("==>").next().expect("a text"))));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn files_are_written_whole_and_for_their_owner() {
    let place = tree();
    place.file(
        "old.json",
        "what was there before, which is longer than any report of this test".repeat(90),
    );
    let run =
        place.run(&["--report", "json=old.json", "--report", "human=new.txt", "app", "deploy"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let text = fs::read_to_string(place.root().join("old.json")).expect("a report");
    assert!(text.starts_with("{\n") && text.ends_with("}\n"), "{text}");
    let human = fs::read_to_string(place.root().join("new.txt")).expect("a report");
    assert_eq!(human, run.stdout);
    let names: Vec<_> = fs::read_dir(place.root()).expect("a folder").flatten().collect();
    assert_eq!(names.len(), 4, "{names:?}");
    #[cfg(unix)]
    for name in ["old.json", "new.txt"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(place.root().join(name)).expect("a report").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_the_work() {
    let place = tree();
    for (report, said) in [
        ("json=missing/r.json", "error: the report `missing/r.json` has no folder"),
        ("json=app", "error: the report `app` is a folder"),
        ("yaml=r", "`yaml` is no format"),
        ("json", "write `FORMAT=FILE`"),
        ("json=-", "name a file"),
    ] {
        let run = place.run(&["--report", report]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{report}");
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    let run = place.run(&["--report", "json=r", "--report", "sarif=r"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("two reports go to `r`"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_written_through() {
    let place = tree();
    place.file("real.json", "");
    std::os::unix::fs::symlink("real.json", place.root().join("link.json")).expect("a link");
    let run = place.run(&[
        "--quiet",
        "--report",
        "json=link.json",
        "--report",
        "jsonl=/dev/stdout",
        "app",
    ]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains("{\"type\":\"summary\""), "{}", run.stdout);
    let link = fs::symlink_metadata(place.root().join("link.json")).expect("a link");
    assert!(link.is_symlink());
    assert!(fs::read_to_string(place.root().join("real.json")).expect("a report").len() > 100);
}
