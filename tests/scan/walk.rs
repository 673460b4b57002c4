//! Which files are read, whatever they are and however they are named; the exit codes.

use crate::harness::Place;
use crate::{JSON, mega, token};

#[test]
fn the_exit_code_is_0_if_all_was_read_and_nothing_found() {
    let run = Place::with(&[("a.txt", "nothing\n")]).run(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(run.stdout, @r"
    No secrets found.
      scanned    1 file, 8 bytes
      complete   yes
    ");
}

#[test]
fn the_exit_code_is_2_for_arguments_that_are_wrong() {
    let run = Place::new().run(&["--format", "yaml"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("invalid value 'yaml'"), "{}", run.stderr);
    assert_eq!(Place::new().run(&["--help"]).code, 0);
}

#[test]
fn a_path_that_is_not_there_ends_in_2_with_a_hint() {
    let run = Place::new().run(&["absent"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @r"
    error: `absent` could not be read: No such file or directory (os error 2)
    hint: check the path; `keytrawl --help` lists the commands
    ");
}

#[test]
fn a_path_that_is_not_there_beside_a_good_one_is_a_warning() {
    let place = Place::with(&[("good.txt", "nothing\n".to_owned()), ("bad.env", mega())]);
    let clean = place.run(&["good.txt", "absent"]);
    assert_eq!(clean.code, 2);
    assert!(clean.stderr.starts_with("warning: `absent` could not be read: "), "{}", clean.stderr);
    let found = place.run(&["bad.env", "absent", "--format", "json"]);
    assert_eq!(found.code, 1, "a finding wins");
    assert_eq!(found.json()["complete"], false);
    assert_eq!(found.places(), ["bad.env:1:1 mega-api-key mega plain"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_is_said_and_never_ends_in_0() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with(&[("a.txt", "nothing\n"), ("locked.txt", "?\n")]);
    let locked = place.root().join("locked.txt");
    let mode = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(&locked, mode).expect("permissions");
    if std::fs::read(&locked).is_ok() {
        return; // The superuser can read everything.
    }
    let run = place.run(&JSON);
    assert_eq!(run.code, 2);
    assert_eq!(run.warnings(), ["unreadable"]);
    assert!(run.stderr.starts_with("warning: `locked.txt` could not be read: "), "{}", run.stderr);
}

#[test]
fn standard_input_is_called_dash() {
    let place = Place::new();
    let run = place.run_on(format!("\r\nkey={}", mega()).as_bytes(), &["-", "--format", "json"]);
    assert_eq!(run.places(), ["-:2:5 mega-api-key mega plain"]);
    assert_eq!(run.code, 1);
    assert_eq!(place.run_on(b"nothing", &["-"]).code, 0);
    assert_eq!(place.run_on(b"", &["-"]).code, 0);
}

#[test]
fn a_file_named_on_the_command_line_is_read_whatever_hides_it() {
    let place = Place::with(&[(".gitignore", "*.env\n".to_owned()), ("a.env", mega())]);
    place.git(&["init", "-q"]);
    assert_eq!(place.run(&[]).code, 0);
    assert_eq!(place.run(&["a.env"]).code, 1);
}

#[test]
fn hidden_files_are_read_and_the_folder_of_git_is_not() {
    let place = Place::with(&[(".hidden/.npmrc", token(1)), (".git/stray.txt", token(2))]);
    let found = place.run(&JSON).places();
    assert_eq!(found, [".hidden/.npmrc:1:1 meetergo-personal-token meetergo plain"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_on_request_only_and_loops_end() {
    use std::os::unix::fs::symlink;
    let place = Place::with(&[("elsewhere/key.txt", token(1)), ("tree/a.txt", "-".to_owned())]);
    let root = place.root();
    symlink("../elsewhere", root.join("tree/link")).expect("a link");
    let run = place.run(&["tree", "--format", "json"]);
    assert_eq!((run.code, run.places()), (0, Vec::new()));
    assert_eq!(run.json()["stats"]["skipped"], 1);
    symlink("..", root.join("tree/loop")).expect("a link");
    let run = place.run(&["tree", "--follow", "--format", "json"]);
    assert!(run.warnings().contains(&"loop".to_owned()), "{}", run.stdout);
    assert!(run.places().iter().any(|p| p.starts_with("tree/link/key.txt:1:1 ")));
    assert_eq!(run.code, 1);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_no_failure() {
    let place = Place::with(&[("a.txt", "-")]);
    std::os::unix::fs::symlink("absent", place.root().join("dangling")).expect("a link");
    assert_eq!(place.run(&[]).code, 0);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_left_out_with_a_warning() {
    let place = Place::with(&[("a.txt", "-")]);
    let made = std::process::Command::new("mkfifo").arg(place.root().join("pipe")).status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    let run = place.run(&JSON);
    assert_eq!((run.code, run.warnings()), (0, vec!["special-file".to_owned()]));
    assert_eq!(run.stderr, "warning: `pipe` is no regular file and was left out\n");
    let named = place.run(&["pipe"]);
    assert_eq!(named.code, 2, "nobody writes to it");
    assert_eq!(named.stderr, "warning: `pipe` could not be read: nobody writes to this pipe\n");
}

#[cfg(unix)]
#[test]
fn a_pipe_that_is_named_is_read_as_standard_input_is() {
    let place = Place::with(&[("a.env", token(1))]);
    let shell = |script: &str| {
        let mut command = place.command("", &[]);
        let program = command.get_program().to_owned();
        command = std::process::Command::new("sh");
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.current_dir(place.root()).arg("-c").arg(script).arg("sh").arg(program);
        place.finish(&mut command, b"")
    };
    let rule = "meetergo-personal-token meetergo plain";
    let stdin = shell("cat a.env | \"$1\" --format json /dev/stdin");
    assert_eq!(stdin.places(), [format!("/dev/stdin:1:1 {rule}")], "{}", stdin.stderr);
    let by_dash = shell("cat a.env | \"$1\" --format json -");
    assert_eq!(stdin.fingerprints(), by_dash.fingerprints());
    // The writer comes after the reader.
    let made = shell(
        "mkfifo pipe; { sleep 0.2; cat a.env; } | { sleep 0.2; cat > pipe; } & \"$1\" --format json pipe",
    );
    assert_eq!(made.places(), [format!("pipe:1:1 {rule}")], "{}", made.stderr);
    let empty = shell(": | \"$1\" /dev/stdin");
    assert_eq!((empty.code, empty.stderr.as_str()), (0, ""), "{}", empty.stdout);
    assert_eq!(place.run(&["/dev/null"]).code, 0);
}

#[test]
fn what_is_named_twice_is_read_once() {
    let place = Place::with(&[
        (".gitignore", "*.env\n".to_owned()),
        ("d/a.txt", token(1)),
        ("d/hidden.env", token(2)),
    ]);
    place.git(&["init", "-q"]);
    let told = |paths: &[&str]| {
        let run = place.run(&[paths, &JSON].concat());
        let stats = run.json()["stats"].clone();
        let names =
            run.places().into_iter().map(|place| place.split(':').next().map(str::to_owned));
        (names.flatten().collect::<Vec<_>>(), stats["files"].clone(), stats["bytes"].clone())
    };
    let once = told(&["d/a.txt"]);
    assert_eq!(once, (vec!["d/a.txt".to_owned()], 1.into(), 36.into()));
    for more in [["d/a.txt", "d/a.txt"], ["d/a.txt", "./d//a.txt"], ["d/a.txt", "d"]] {
        assert_eq!(told(&more), once, "{more:?}");
    }
    assert_eq!(told(&["./d/a.txt", "d/a.txt"]).0, ["./d/a.txt"], "the first name is shown");
    assert_eq!(told(&["./d", "d/a.txt", "d/"]).0, ["./d/a.txt"]);
    // What a folder hides is read if it is named, before or after the folder.
    for both in [["d", "d/hidden.env"], ["d/hidden.env", "d"]] {
        assert_eq!(told(&both).0, ["d/a.txt", "d/hidden.env"], "{both:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_utf8_is_read_and_shown_with_escapes() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    place.file(std::ffi::OsStr::from_bytes(b"caf\xe9.env"), mega());
    let run = place.run(&JSON);
    assert_eq!(run.places(), ["caf\\xe9.env:1:1 mega-api-key mega plain"]);
    assert_eq!(run.warnings(), ["name"]);
    assert_eq!(run.code, 1);
}
