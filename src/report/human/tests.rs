//! Whole reports for people.

use crate::finding::{Outcome, Rejected, Stats, Verdict, Verification};
use crate::report::sample::{self, render};
use crate::report::{Format, Options};

const AT_80: Options = Options {
    show_secrets: false,
    show_suppressed: false,
    color: false,
    width: Some(80),
    warnings_elsewhere: false,
    brief: false,
    started: 0,
    finished: 0,
};

fn human(outcome: &Outcome, options: &Options) -> String {
    render(Format::Human, outcome, &sample::rules(), options)
}

#[test]
fn a_terminal_of_80_columns() {
    insta::assert_snapshot!(human(&sample::outcome(), &AT_80), @r#"
    CRITICAL  Acme API key: opens the whole workspace
      acme_sk_live_****q7q7  live key, confidence high
      issued by Acme: host `app.acme.example` on line 3
      config/prod.env:14:14
        | ACME_API_KEY=acme_sk_live_****q7q7
      deploy/secret.yaml:7:11  in base64
        | apiKey: YWNtZV****cTc=
        added 2024-03-01 by Ann Author <ann@acme.example> in cccccccccccc: Deploy
        the workers
        not in HEAD, last held 2024-05-06 by dddddddddddd
      fingerprint acme-api-key:config/prod.env:8002afc63bb4ad6da6b5

    LOW       Secret API key of a sandbox (sk_test_), issued by one of many vendors
      sk_test_****z4z4  sandbox key, confidence medium
      issuer unknown
      tests/client_1.rs:11:41
        | let client = Client::builder().key("sk_test_****z4z4").timeout(30).buil...
      tests/client_2.rs:12:41
        | let client = Client::builder().key("sk_test_****z4z4").timeout(30).buil...
      tests/client_3.rs:13:41
        | let client = Client::builder().key("sk_test_****z4z4").timeout(30).buil...
      tests/client_4.rs:14:41
        | let client = Client::builder().key("sk_test_****z4z4").timeout(30).buil...
      tests/client_5.rs:15:41
        | let client = Client::builder().key("sk_test_****z4z4").timeout(30).buil...
      and 2 more places (--format json lists all)
      fingerprint sk-test-key:tests/client_1.rs:f9b25cd2e9de7f703958

    What to do

      1. Revoke the key first, unless it never left this machine. Taking it out of
         the file does not take it back: copies, forks and the git history keep it.
         Acme  https://app.acme.example/keys
           Settings, API Keys: revoke the key (it stops working at once)
         sk-test-key: nothing proves who issued it. The code that uses the key shows
           which service it opens: revoke it there.
      2. Take it out of the file, and read the new key from the environment or from
         a secret store.
      3. Agree with everybody who has a clone, and merge or close what is open:
         every commit from the first secret on gets another name.
      4. Write down what is to be replaced. The file holds the secrets in clear:
         keep it out of the repository, and delete it afterwards.
           keytrawl history --replacements ../replacements.txt
      5. Rewrite a fresh clone, look whether anything is left, and push it over the
         old one.
           git clone --mirror URL rewritten.git
           cd rewritten.git
           git filter-repo --replace-text ../replacements.txt \
             --replace-message ../replacements.txt
           keytrawl history .
           git push --mirror --force URL
      6. What remains: forks, clones, pull requests and the server's own caches keep
         the old commits. Delete the forks, have everybody clone anew, and ask the
         host to remove the cached commits and pull request refs (refs/pull/*,
         refs/merge-requests/*).
      7. If it is no secret, say so in a comment on its line, with the reason:
           keytrawl:allow RULE -- REASON
         or list its fingerprint in a baseline (`keytrawl baseline update`) or an
         allowlist.

    Warnings

      private/key.pem: cannot be read: permission denied

    2 secrets found in 9 places: 1 critical, 1 low.
      scanned    4,821 files and 56 archive members, 56.3 MB
      left out   4 below the confidence asked for (--confidence low shows them)
                 3 suppressed by allow comments or allowlists
                 120 rejected as placeholders or other forms (--explain lists them)
      skipped    2 files: too large, allowed by path, or not regular
      complete   no: 1 warning says what was not read
    "#);
}

#[test]
fn a_pipe_and_secrets_in_clear() {
    let mut outcome = sample::outcome();
    outcome.findings.truncate(1);
    let options = Options { show_secrets: true, warnings_elsewhere: true, ..Options::default() };
    // The secret is cut out again: no committed file holds one.
    let secret = String::from_utf8_lossy(outcome.findings[0].secret.expose()).into_owned();
    let text = human(&outcome, &options).replace(&secret, "<SECRET>");
    insta::assert_snapshot!(text, @r"
    CRITICAL  Acme API key: opens the whole workspace
      <SECRET>  live key, confidence high
      issued by Acme: host `app.acme.example` on line 3
      config/prod.env:14:14
        | ACME_API_KEY=acme_sk_live_****q7q7
      deploy/secret.yaml:7:11  in base64
        | apiKey: YWNtZV****cTc=
        added 2024-03-01 by Ann Author <ann@acme.example> in cccccccccccc: Deploy the workers
        not in HEAD, last held 2024-05-06 by dddddddddddd
      fingerprint acme-api-key:config/prod.env:8002afc63bb4ad6da6b5

    What to do

      1. Revoke the key first, unless it never left this machine. Taking it out of the file does not take it back: copies, forks and the git history keep it.
         Acme  https://app.acme.example/keys
           Settings, API Keys: revoke the key (it stops working at once)
      2. Take it out of the file, and read the new key from the environment or from a secret store.
      3. Agree with everybody who has a clone, and merge or close what is open: every commit from the first secret on gets another name.
      4. Write down what is to be replaced. The file holds the secrets in clear: keep it out of the repository, and delete it afterwards.
           keytrawl history --replacements ../replacements.txt
      5. Rewrite a fresh clone, look whether anything is left, and push it over the old one.
           git clone --mirror URL rewritten.git
           cd rewritten.git
           git filter-repo --replace-text ../replacements.txt \
             --replace-message ../replacements.txt
           keytrawl history .
           git push --mirror --force URL
      6. What remains: forks, clones, pull requests and the server's own caches keep the old commits. Delete the forks, have everybody clone anew, and ask the host to remove the cached commits and pull request refs (refs/pull/*, refs/merge-requests/*).
      7. If it is no secret, say so in a comment on its line, with the reason:
           keytrawl:allow acme-api-key -- REASON
         or list its fingerprint in a baseline (`keytrawl baseline update`) or an allowlist.

    1 secret found in 2 places: 1 critical.
      scanned    4,821 files and 56 archive members, 56.3 MB
      left out   4 below the confidence asked for (--confidence low shows them)
                 3 suppressed by allow comments or allowlists
                 120 rejected as placeholders or other forms (--explain lists them)
      skipped    2 files: too large, allowed by path, or not regular
      complete   no: 1 warning says what was not read
    ");
}

#[test]
fn nothing_found() {
    let stats = Stats { files: 1, bytes: 12, ..Stats::default() };
    let mut outcome = Outcome { complete: true, stats, ..Outcome::default() };
    insta::assert_snapshot!(human(&outcome, &AT_80), @r#"
    No secrets found.
      scanned    1 file, 12 bytes
      complete   yes
    "#);
    outcome.complete = false;
    insta::assert_snapshot!(human(&outcome, &AT_80), @r#"
    No secrets found in what could be read.
      scanned    1 file, 12 bytes
      complete   no: not everything was read
    "#);
}

#[test]
fn rejections_are_explained_in_lines() {
    let rejected = |path: &str, text: &str, reason: &str| Rejected {
        path: path.to_owned(),
        line: 3,
        column: 12,
        rule: "sk-test-key".to_owned(),
        text: text.to_owned(),
        reason: reason.to_owned(),
    };
    let rejections = vec![
        rejected("README.md", "sk_test_****", "a placeholder: `your_key`"),
        rejected(
            "docs/a/long/way/down/the/tree/guide.md",
            "sk_test_****",
            "words, not random: -41 bits",
        ),
    ];
    let stats = Stats { files: 2, rejected: 2, bytes: 2_048, ..Stats::default() };
    let outcome = Outcome { rejections, complete: true, stats, ..Outcome::default() };
    insta::assert_snapshot!(human(&outcome, &AT_80), @r#"
    Not reported, and why

      README.md:3:12  sk-test-key sk_test_****: a placeholder: `your_key`
      docs/a/long/way/down/the/tree/guide.md:3:12  sk-test-key sk_test_****: words,
        not random: -41 bits

    No secrets found.
      scanned    2 files, 2.0 kB
      left out   2 rejected as placeholders or other forms
      complete   yes
    "#);
}

#[test]
fn live_checks_are_told_and_dead_keys_need_no_revoking() {
    let checked = |verdict, reason: &str| Verification {
        verdict,
        reason: Some(reason.to_owned()),
        checked_at: Some("2026-01-02T03:04:05Z".to_owned()),
        ..Verification::not_asked()
    };
    let mut outcome = sample::outcome();
    outcome.complete = true;
    outcome.warnings.clear();
    for finding in &mut outcome.findings {
        finding.occurrences.truncate(1);
    }
    outcome.findings[0].verification = checked(Verdict::Active, "GET /v1/me answered 200");
    outcome.findings[1].verification = checked(Verdict::Inactive, "GET /v1/me answered 401");
    insta::assert_snapshot!(human(&outcome, &AT_80), @r#"
    CRITICAL  Acme API key: opens the whole workspace
      acme_sk_live_****q7q7  live key, confidence high
      still active: GET /v1/me answered 200 (asked 2026-01-02T03:04:05Z)
      issued by Acme: host `app.acme.example` on line 3
      config/prod.env:14:14
        | ACME_API_KEY=acme_sk_live_****q7q7
      fingerprint acme-api-key:config/prod.env:8002afc63bb4ad6da6b5

    LOW       Secret API key of a sandbox (sk_test_), issued by one of many vendors
      sk_test_****z4z4  sandbox key, confidence medium
      no longer active: GET /v1/me answered 401 (asked 2026-01-02T03:04:05Z)
      issuer unknown
      tests/client_1.rs:11:41
        | let client = Client::builder().key("sk_test_****z4z4").timeout(30).buil...
      fingerprint sk-test-key:tests/client_1.rs:f9b25cd2e9de7f703958

    What to do

      1. Revoke at once what still works: whoever has read it can use it now. Taking
         it out of the file does not take it back.
         Acme  https://app.acme.example/keys
           Settings, API Keys: revoke the key (it stops working at once)
      2. Take it out of the file, and read the new key from the environment or from
         a secret store.
      3. If it is no secret, say so in a comment on its line, with the reason:
           keytrawl:allow RULE -- REASON
         or list its fingerprint in a baseline (`keytrawl baseline update`) or an
         allowlist.

    2 secrets found in 2 places: 1 critical, 1 low; 1 still active.
      scanned    4,821 files and 56 archive members, 56.3 MB
      left out   4 below the confidence asked for (--confidence low shows them)
                 3 suppressed by allow comments or allowlists
                 120 rejected as placeholders or other forms (--explain lists them)
      skipped    2 files: too large, allowed by path, or not regular
      complete   yes
    "#);
    let reason = Some("issuer unknown".to_owned());
    outcome.findings[0].verification = Verification { reason, ..Verification::not_asked() };
    let text = human(&outcome, &AT_80);
    assert!(text.contains("\n  not checked: issuer unknown\n"), "{text}");
    outcome.findings.remove(0);
    let text = human(&outcome, &AT_80);
    assert!(text.contains("keytrawl:allow sk-test-key -- REASON"), "{text}");
    assert!(!text.contains("Revoke"), "{text}");
}

#[test]
fn colour_changes_no_word() {
    let outcome = sample::outcome();
    let colored = human(&outcome, &Options { color: true, ..AT_80 });
    assert!(colored.contains("\x1b["));
    let mut plain = String::new();
    for (i, part) in colored.split('\x1b').enumerate() {
        plain += if i == 0 { part } else { part.split_once('m').expect("a colour").1 };
    }
    assert_eq!(plain, human(&outcome, &AT_80));
}

#[test]
fn lines_keep_to_the_width_except_what_is_copied() {
    let text = human(&sample::outcome(), &Options { width: Some(60), ..AT_80 });
    let long: Vec<_> = text.lines().filter(|l| l.len() > 60).collect();
    assert_eq!(
        long,
        [
            "  fingerprint acme-api-key:config/prod.env:8002afc63bb4ad6da6b5",
            "  fingerprint sk-test-key:tests/client_1.rs:f9b25cd2e9de7f703958"
        ]
    );
}
