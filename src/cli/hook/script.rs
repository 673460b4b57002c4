//! The text of the hooks: plain `sh`, without a path of this machine in it.

/// What tells keytrawl's hooks from all others.
pub(super) const MARK: &str = "# keytrawl: written by `keytrawl hook install`";

/// The hooks of a repository that a folder of hooks for all repositories would hide. Not among them are
/// `reference-transaction`, which git runs several times for every ref (a fetch of 500 took 70 times as
/// long), `post-index-change`, which it runs whenever it looks at the work tree, and
/// `fsmonitor-watchman`, which `core.fsmonitor` names by its path.
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

/// What a hook runs before keytrawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Before {
    /// The hook of the repository, which a folder for all repositories hides.
    pub(super) own: bool,
    /// The hook that was there before.
    pub(super) kept: bool,
}

impl Before {
    /// All that there is, to know the lines of any hook by.
    pub(super) const ALL: [Self; 4] = [
        Self { own: false, kept: false },
        Self { own: false, kept: true },
        Self { own: true, kept: false },
        Self { own: true, kept: true },
    ];
}

/// The hook that runs keytrawl, after what is to run before it.
pub(super) fn guard(name: &str, before: Before) -> String {
    // What git writes to a pre-push hook is for all of them.
    let shared = name == "pre-push" && (before.own || before.kept);
    let (keep, give, take) = match shared {
        true => ("refs=$(cat)\n", "printf '%s\\n' \"$refs\" | ", "printf '%s\\n' \"$refs\" | "),
        false => ("", "", "exec "),
    };
    let kept = if before.kept { run_kept(name, give) } else { String::new() };
    let own = if before.own { run_own(name, give) } else { String::new() };
    let what = if name == "pre-push" { "pushed" } else { "committed" };
    format!(
        "#!/bin/sh\n\
         {MARK}; `keytrawl hook uninstall` removes it.\n\
         {keep}{kept}{own}\
         if ! command -v keytrawl >/dev/null 2>&1; then\n  \
           echo 'error: keytrawl is not in PATH: what is {what} is not checked for secrets' >&2\n  \
           echo \"hint: install it or put it into PATH; or remove this hook: $0\" >&2\n  \
           exit 1\n\
         fi\n\
         {take}keytrawl hook run {name} -- \"$@\"\n"
    )
}

/// Where a hook that was kept is gone, that must not be passed over in silence; a link that leads
/// nowhere is no hook to git either.
fn run_kept(name: &str, give: &str) -> String {
    format!(
        "{}\n\
         if [ ! -e \"$kept\" ] && [ ! -L \"$kept\" ]; then\n  \
           echo \"error: the hook that runs before keytrawl's is gone: $kept\" >&2\n  \
           echo 'hint: put it back, or run `keytrawl hook uninstall` and install anew' >&2\n  \
           exit 1\n\
         fi\n\
         if [ -x \"$kept\" ]; then\n  \
           {give}\"$kept\" \"$@\" || exit $?\n\
         fi\n",
        kept_line(name)
    )
}

fn run_own(name: &str, give: &str) -> String {
    format!(
        "{}\n\
         if [ -x \"$other\" ]; then\n  \
           {give}\"$other\" \"$@\" || exit $?\n\
         fi\n",
        own_line(name)
    )
}

/// The line by which a hook for all repositories finds that of each.
pub(super) fn own_line(name: &str) -> String {
    format!("other=\"$(git rev-parse --git-common-dir)/hooks/{name}\"")
}

/// The line by which a hook says that another one is kept beside it.
pub(super) fn kept_line(name: &str) -> String {
    format!("kept=\"$(dirname -- \"$0\")/{name}.chained\"")
}

/// The line by which hooks of older versions say where another one may be kept.
pub(super) fn older_line(name: &str) -> String {
    format!("other=\"$(dirname -- \"$0\")/{name}.chained\"")
}

/// A hook that only hands on to the repository's own.
pub(super) fn passing(name: &str) -> String {
    let otherwise = if name == "push-to-checkout" { CHECKOUT } else { "" };
    format!(
        "#!/bin/sh\n\
         {MARK}: hands on to the repository's own hook.\n\
         hook=\"$(git rev-parse --git-common-dir)/hooks/{name}\"\n\
         if [ -x \"$hook\" ]; then\n  \
           exec \"$hook\" \"$@\"\n\
         fi\n\
         {otherwise}\
         exit 0\n"
    )
}

/// Where there is such a hook, git leaves its own work to it: this is that work.
const CHECKOUT: &str = "\
git update-index -q --ignore-submodules --refresh || exit 1
git diff-files --quiet --ignore-submodules -- || exit 1
head=$(git rev-parse -q --verify HEAD) || head=$(git hash-object -t tree /dev/null)
git diff-index --quiet --cached --ignore-submodules \"$head\" -- || exit 1
git read-tree -u -m \"$1\" || exit 1
";
