//! The text of the hooks: plain `sh`, without a path of this machine in it.

/// What tells keytrawl's hooks from all others.
pub(super) const MARK: &str = "# keytrawl: written by `keytrawl hook install`";

/// The hooks of a repository that a folder of hooks for all repositories would hide. Not among them is
/// `reference-transaction`, which git runs several times for every ref.
pub(super) const PASSED: [&str; 25] = [
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-push",
    "pre-receive",
    "update",
    "proc-receive",
    "post-receive",
    "post-update",
    "push-to-checkout",
    "pre-auto-gc",
    "post-rewrite",
    "sendemail-validate",
    "p4-changelist",
    "p4-prepare-changelist",
    "p4-post-changelist",
    "p4-pre-submit",
];

/// The hook that runs keytrawl. Before it runs what is chained to it or, if it is for all
/// repositories, what the repository has.
pub(super) fn guard(name: &str, global: bool) -> String {
    let other = if global {
        format!("\"$(git rev-parse --git-common-dir)/hooks/{name}\"")
    } else {
        format!("\"$(dirname -- \"$0\")/{name}.chained\"")
    };
    // What git writes to a pre-push hook is for both.
    let (keep, give, take) = if name == "pre-push" {
        ("refs=$(cat)\n", "printf '%s\\n' \"$refs\" | ", "printf '%s\\n' \"$refs\" | ")
    } else {
        ("", "", "exec ")
    };
    let what = if name == "pre-push" { "pushed" } else { "committed" };
    format!(
        "#!/bin/sh\n\
         {MARK}; `keytrawl hook uninstall` removes it.\n\
         {keep}\
         other={other}\n\
         if [ -x \"$other\" ]; then\n  \
           {give}\"$other\" \"$@\" || exit $?\n\
         fi\n\
         if ! command -v keytrawl >/dev/null 2>&1; then\n  \
           echo 'error: keytrawl is not in PATH: what is {what} is not checked for secrets' >&2\n  \
           echo \"hint: install it or put it into PATH; or remove this hook: $0\" >&2\n  \
           exit 1\n\
         fi\n\
         {take}keytrawl hook run {name} -- \"$@\"\n"
    )
}

/// A hook that only hands on to the repository's own.
pub(super) fn passing(name: &str) -> String {
    format!(
        "#!/bin/sh\n\
         {MARK}: hands on to the repository's own hook.\n\
         hook=\"$(git rev-parse --git-common-dir)/hooks/{name}\"\n\
         if [ -x \"$hook\" ]; then\n  \
           exec \"$hook\" \"$@\"\n\
         fi\n\
         exit 0\n"
    )
}
