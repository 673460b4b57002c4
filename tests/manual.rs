//! What the program tells of itself: help with examples, manual pages, completions.

mod harness;

use std::fs;

use harness::Place;

const COMMANDS: [&str; 19] = [
    "",
    "scan",
    "history",
    "staged",
    "range",
    "ci",
    "hook",
    "hook install",
    "hook uninstall",
    "verify",
    "baseline create",
    "baseline update",
    "baseline prune",
    "baseline import",
    "suppressions",
    "completions",
    "man",
    "rules",
    "rules list",
];

#[test]
fn every_help_text_has_examples() {
    let place = Place::new();
    for command in COMMANDS.iter().chain(&["baseline", "rules show", "rules check"]) {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let run = place.run(&arguments);
        assert_eq!(run.code, 0, "{command}");
        let (_, examples) = run.stdout.split_once("\nExamples:\n  ").unwrap_or_default();
        assert!(examples.contains("keytrawl"), "{command}: {}", run.stdout);
    }
}

/// A key is sent to nobody of whom the manual does not say so.
#[test]
fn the_readme_names_everybody_who_is_asked() {
    let text = fs::read_to_string(harness::repository("README.md")).expect("the file");
    let begin = text.find("\n## Live checks\n").expect("the section");
    let section = text[begin..].split("\n### ").next().unwrap_or_default();
    let section = section.split_whitespace().collect::<Vec<_>>().join(" ");
    let rules = keytrawl::rule::builtin();
    for verify in rules.rules.iter().flat_map(|rule| &rule.verify) {
        let provider = rules.provider(&verify.provider).expect("its file");
        assert!(section.contains(&provider.name), "{}", provider.name);
    }
}

#[test]
fn every_command_has_a_page() {
    let place = Place::new();
    for command in COMMANDS {
        let arguments: Vec<&str> = ["man"].into_iter().chain(command.split_whitespace()).collect();
        let run = place.run(&arguments);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{command}");
        let title = ["keytrawl"].into_iter().chain(command.split_whitespace());
        let title = title.collect::<Vec<_>>().join("-").to_uppercase();
        assert!(run.stdout.contains(&format!(".TH {title} 1")), "{command}: {}", run.stdout);
    }
    fs::create_dir(place.root().join("man")).expect("a folder");
    assert_eq!(place.run(&["man", "--all", "man"]).code, 0);
    for command in COMMANDS {
        let name = ["keytrawl"].into_iter().chain(command.split_whitespace());
        let name = format!("man/{}.1", name.collect::<Vec<_>>().join("-"));
        assert!(place.root().join(&name).is_file(), "{name}");
    }
    let run = place.run(&["man", "nonsense"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`nonsense` is no command"), "{}", run.stderr);
}

#[test]
fn shells_can_complete_every_command() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = place.run(&["completions", shell]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{shell}");
        for word in ["history", "baseline", "suppressions", "replacements", "no-baseline"] {
            assert!(run.stdout.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(place.run(&["completions", "tcsh"]).code, 2);
}

/// Whoever asks gets the help, or is told that there is none.
#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let place = Place::new();
    for words in [&["--help"][..], &["--version"], &["scan", "--help"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
        let output = place.command("", words).stdout(full).output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(said.starts_with("error: the help could not be written: "), "{said}");
    }
    assert_eq!(place.run(&["--version"]).code, 0);
}
