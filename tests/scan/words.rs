//! The order of the words of a command line: options, commands, paths.

use crate::harness::Place;
use crate::mega;

/// A repository in which a folder has the name of a command and holds nothing, and a key is staged.
fn repository() -> Place {
    let place = Place::with(&[("staged/x.txt", "x\n".to_owned()), ("a.env", mega())]);
    place.git(&["init", "-q"]);
    place.git(&["add", "-A"]);
    place
}

#[test]
fn options_before_a_command_are_those_of_the_command() {
    let place = repository();
    for before in [&["-q", "staged"][..], &["--format", "json", "staged"]] {
        let behind: Vec<&str> =
            before[before.len() - 1..].iter().chain(&before[..before.len() - 1]).copied().collect();
        let (one, other) = (place.run(before), place.run(&behind));
        assert_eq!((one.code, one.stdout), (1, other.stdout), "{before:?}");
    }
    // A path says that it is one.
    assert_eq!(place.run(&["-q", "./staged"]).code, 0);
    assert_eq!(place.run(&["-q", "--", "staged"]).code, 0);
    let run = place.run(&["--format", "json", "scan", "."]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    assert_eq!(run.places().len(), 1);
    let run = place.run(&["--no-config", "scan", "staged"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    // An option that the command has not is an error.
    assert_eq!(place.run(&["--format", "json", "hook", "install"]).code, 2);
}

#[test]
fn a_slip_in_a_command_is_told_whatever_follows() {
    let place = repository();
    for words in
        [&["scna"][..], &["scna", "."], &["-q", "scna", "."], &["--no-config", "scna", "."]]
    {
        let run = place.run(words);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{words:?}");
        assert_eq!(
            run.stderr,
            "error: `scna` could not be read: No such file or directory (os error 2)\n\
             hint: check the path; or did you mean `keytrawl scan`?\n"
        );
    }
    let typed = [
        ("histroy --since 2024-01-01", "history"),
        ("rnage a..b --trust-head", "range"),
        ("baselin create --reason x", "baseline"),
        ("suppresions --unused", "suppressions"),
        ("verfy --provider mega", "verify"),
        ("--quiet staegd --or-files x", "staged"),
        ("hlep", "help"),
    ];
    for (words, meant) in typed {
        let run = place.run(&words.split(' ').collect::<Vec<_>>());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{words:?}");
        assert!(
            run.stderr.contains(&format!("did you mean `keytrawl {meant}`?")),
            "{}",
            run.stderr
        );
    }
    // Of a name that is right, the options are what is wrong, and of a path that is there.
    for words in [&["history", "--trust-head"][..], &["staged/x.txt", "--trust-head"]] {
        let run = place.run(words);
        assert!(run.stderr.starts_with("error: unexpected argument '--trust-head'"), "{words:?}");
    }
    // What is there is a path, and so is what follows a command.
    place.file("scna/y.txt", "y\n");
    assert_eq!(place.run(&["scna", "staged"]).code, 0);
    let run = place.run(&["scan", "scann", "staged"]);
    assert!(run.stderr.starts_with("warning: `scann` could not be read"), "{}", run.stderr);
}
