//! Configurations for gitleaks, through the program: they load as they do there, and their rules find
//! what they find there. `scripts/gitleaks-differential.py` asks gitleaks itself.

mod git_support;
mod harness;

use git_support::Repo;
use harness::{Place, Run};
use keytrawl::rule::armed;

const WIDGET: &str = r#"
title = "of a team"
[[Rules]]
ID = "widget-token"
description = "Widget token"
regex = '''(?i)widget[a-z_ .-]{0,20}(?:=|:)\s*["']?([0-9a-z]{24})\b'''
keywords = ["WIDGET"]
somethingElse = true
[[Rules]]
id = "gadget-token"
regex = '''gdgt_[0-9a-z]{24}'''
"#;

fn scanned(place: &Place, arguments: &[&str]) -> Run {
    place.run(&[&["--format", "json"][..], arguments].concat())
}

fn with_config(config: &str, files: &[(&str, String)]) -> Place {
    let place = Place::with(files);
    place.file(".gitleaks.toml", config);
    place
}

#[test]
fn a_configuration_of_the_folder_brings_its_own_rules_and_no_others() {
    let (widget, gadget, mega) = (armed("{base36:24}"), armed("{base36:24}"), armed("{hex:64}"));
    let place = with_config(
        WIDGET,
        &[
            ("src/a.py", format!("x = 1\nWIDGET_TOKEN = \"{widget}\"\n")),
            ("src/b.py", format!("y = \"gdgt_{gadget}\"\nz = \"mega_{mega}\"\n")),
        ],
    );
    let run = scanned(&place, &[]);
    assert_eq!(
        run.places(),
        ["src/a.py:2:17 widget-token - plain", "src/b.py:1:6 gadget-token - plain"]
    );
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    let run = scanned(&place, &["--no-config"]);
    // Without it, the built-in rules: of the widget nothing is known but its name.
    assert_eq!(
        run.places(),
        ["src/a.py:2:17 generic-api-key - plain", "src/b.py:2:6 mega-api-key mega plain"]
    );
}

#[test]
fn words_and_weak_bodies_are_found_as_there() {
    let place = with_config(
        WIDGET,
        &[
            ("a.txt", "gdgt_your_key_here\ngdgt_aaaaaaaaaaaaaaaaaaaaaaaa\n".to_owned()),
            ("b.txt", "cargdgt_listfixturedependencytwo\n".to_owned()),
        ],
    );
    let run = scanned(&place, &[]);
    assert_eq!(run.places(), ["a.txt:2:1 gadget-token - plain", "b.txt:1:4 gadget-token - plain"]);
}

#[test]
fn what_is_encoded_is_found_decoded_and_once() {
    let widget = armed("WIDGET_TOKEN = \"{base36:24}\" # end");
    let hex: String = widget.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent = widget.replace(' ', "%20").replace('"', "%22").replace('=', "%3d");
    let place = with_config(
        WIDGET,
        &[("a.hex", format!("x {hex} y\n")), ("b.url", format!("x {percent} y\n"))],
    );
    let run = scanned(&place, &[]);
    let places = run.places();
    assert_eq!(places.len(), 2, "{places:?}");
    assert!(places[0].starts_with("a.hex:1:") && places[0].ends_with("widget-token - hex"));
    assert!(places[1].starts_with("b.url:1:") && places[1].contains("widget-token - "));
}

#[test]
fn paths_alone_are_findings_without_a_secret() {
    let config =
        "[[rules]]\nid = \"key-file\"\ndescription = \"A key file\"\npath = '''\\.p12$'''\n";
    let place =
        with_config(config, &[("certs/a.p12", "x\n".to_owned()), ("b.txt", "x\n".to_owned())]);
    let run = scanned(&place, &[]);
    assert_eq!((run.code, run.places()), (1, vec!["certs/a.p12:1:1 key-file - plain".to_owned()]));
    assert!(run.stdout.contains("\"secret\": \"\""));
    let human = place.run(&["--color", "never"]);
    assert!(human.stdout.contains("the file itself"), "{}", human.stdout);
    place.file(".gitleaksignore", "certs/a.p12:key-file:0\n");
    assert_eq!(scanned(&place, &[]).code, 0);
}

#[test]
fn rules_require_others_and_generic_ones_yield() {
    let config = r#"
[[rules]]
id = "pair"
regex = '''pass="([^"]+)"'''
[[rules.required]]
id = "user"
withinLines = 1
[[rules]]
id = "user"
regex = '''user="([^"]+)"'''
skipReport = true
[[rules]]
id = "generic-key"
regex = '''key=([a-z0-9]+)'''
[[rules]]
id = "shop-key"
regex = '''key=(shop[a-z0-9]+)'''
"#;
    let text = "user=\"ann\"\npass=\"one\"\n\npass=\"two\"\nkey=shop12345\nkey=other6789\n";
    let place = with_config(config, &[("a.txt", text.to_owned())]);
    assert_eq!(
        scanned(&place, &[]).places(),
        ["a.txt:2:7 pair - plain", "a.txt:5:5 shop-key - plain", "a.txt:6:5 generic-key - plain",]
    );
}

#[test]
fn a_generic_rule_yields_to_findings_and_not_to_what_is_refused() {
    let config = r#"
[[rules]]
id = "widget"
regex = '''widget=([a-z0-9]{20})'''
path = '''^other'''
[[rules]]
id = "generic-widget"
regex = '''widget=([a-z0-9]{20})'''
"#;
    let token = armed("{base36:20}");
    let text = format!("x widget={token}\n");
    let place = with_config(config, &[("a.txt", text.clone()), ("other.txt", text)]);
    assert_eq!(
        scanned(&place, &[]).places(),
        ["a.txt:1:10 generic-widget - plain", "other.txt:1:10 widget - plain"]
    );
}

#[test]
fn signs_of_a_prefix_may_be_escaped_where_rules_share_a_part_of_it() {
    let config = r#"
[[rules]]
id = "widget"
regex = '''\x60widget1\s[a-z0-9]{24}\x60'''
[[rules]]
id = "gadget"
regex = '''<gadget4>[a-z0-9]{24}</gadget4>'''
"#;
    let token = armed("{base36:24}");
    let place = with_config(
        config,
        &[
            ("a.txt", format!("x %60widget1%20{token}%60 y\n")),
            ("b.txt", format!("x \\u003cgadget4\\u003e{token}\\u003c/gadget4\\u003e y\n")),
        ],
    );
    let run = scanned(&place, &[]);
    assert_eq!(run.places().len(), 2, "{:?}", run.places());
}

#[test]
fn an_allowlist_about_lines_sees_the_decoded_line_and_none_of_a_path() {
    let config = r#"
[[rules]]
id = "gadget"
regex = '''gdgt_[g-z]{24}'''
[[rules]]
id = "keys"
path = '''\.pem$'''
[[allowlists]]
regexTarget = "line"
regexes = ['''[0-9]{3}|delta''']
"#;
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let token = format!(
        "gdgt_{}",
        &armed("{base36:60}").replace(|c: char| !('g'..='z').contains(&c), "")[..24]
    );
    let place = with_config(
        config,
        &[
            ("a.txt", format!("x {} y\n", hex(&token))),
            ("b.txt", format!("delta {} y\n", hex(&token))),
            ("c.pem", "delta 123\n".to_owned()),
        ],
    );
    let run = scanned(&place, &[]);
    let rules: Vec<String> = run.places().iter().map(|p| p.split(' ').take(2).collect()).collect();
    assert_eq!(rules, ["a.txt:1:3gadget", "c.pem:1:1keys"]);
}

#[test]
fn a_file_extends_another_and_changes_its_rules() {
    let config = r#"
[extend]
path = "ci/base.toml"
disabledRules = ["gadget-token"]
[[rules]]
id = "widget-token"
description = "ours"
[[rules.allowlists]]
stopwords = ["FIXTURE"]
"#;
    let token = armed("{base36:24}");
    let fixture = format!("fixture{}", &token[7..]);
    let text = format!("widget: {token}\nwidget: {fixture}\ngdgt_{token}\n");
    let place = with_config(config, &[("a.yml", text), ("ci/base.toml", WIDGET.to_owned())]);
    let run = scanned(&place, &[]);
    assert_eq!(run.places(), ["a.yml:1:9 widget-token - plain"]);
    let check = place.run(&["rules", "check", ".gitleaks.toml"]);
    assert_eq!((check.code, check.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(check.stdout, @r"
    .gitleaks.toml: a configuration for gitleaks
      rules       1: 1 of its own, 0 built in (`useDefault` is not set)
      disabled    gadget-token
      allowlists  0 for all rules or some
      widget-token  sought in the whole content, plain and decoded
    note: ci/base.toml:8:1: unknown key `somethingElse`
    ");
}

#[test]
fn the_built_in_rules_are_extended_by_default_and_never_sent_elsewhere() {
    let config = r#"
[extend]
useDefault = true
disabledRules = ["sk-test-key"]
[[rules]]
id = "mega-api-key"
[[rules.allowlists]]
paths = ['''^old/''']
[[rules]]
id = "no-such-key"
[[allowlists]]
targetRules = ["no-such-key"]
regexes = ["x"]
"#;
    let key = armed("mega_{hex:64}");
    let place = with_config(config, &[("old/a", key.clone()), ("new/a", key)]);
    let run = scanned(&place, &[]);
    assert_eq!(run.places(), ["new/a:1:1 mega-api-key mega plain"]);
    let check = place.run(&["rules", "check", ".gitleaks.toml"]);
    let notes: Vec<&str> = check.stdout.lines().filter(|line| line.starts_with("note: ")).collect();
    assert_eq!(notes.len(), 2, "{}", check.stdout);
}

#[test]
fn mistakes_are_told_with_their_places() {
    let config = r#"
[extend]
path = "absent.toml"
[[rules]]
description = "no id"
regex = "a("
secretGroup = 2
[[rules]]
id = "two"
regex = '''(b)'''
[[rules.allowlists]]
condition = "xor"
regexes = ["c"]
"#;
    let place = with_config(config, &[("a.txt", String::new())]);
    let run = place.run(&["."]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @r"
    error: the configuration `[DIR]/.gitleaks.toml` is wrong
      [DIR]/.gitleaks.toml:3:8: `absent.toml` could not be read: No such file or directory (os error 2) (the path counts from this file, or from the current folder)
      [DIR]/.gitleaks.toml:6:11: the regular expression is wrong: unclosed group
      [DIR]/.gitleaks.toml:12:13: `xor` is no condition (one of: or, and)
    hint: mend the file, or scan with `--no-config`
    ");
    place.file(".gitleaks.toml", "[[rules]]\nid = \"a\"\n[[rules]]\nregex = 'b'\n[[rules]]\nid = \"c\"\nregex = 'c'\nsecretGroup = 1\n[[rules.required]]\nid = \"d\"\n[[allowlists]]\ntargetRules = [\"e\"]\nregexes = [\"f\"]\n");
    insta::assert_snapshot!(place.run(&["."]).stderr, @r"
    error: the configuration `[DIR]/.gitleaks.toml` is wrong
      [DIR]/.gitleaks.toml:2:6: rule `a` has neither `regex` nor `path`
      [DIR]/.gitleaks.toml:3:1: `id` is missing
      [DIR]/.gitleaks.toml:8:15: `secretGroup` is 1, but the regex has 0 groups
      [DIR]/.gitleaks.toml:12:16: `targetRules` names `e`, which is no rule
    hint: mend the file, or scan with `--no-config`
    ");
    place.file(".gitleaks.toml", "[allowlist]\nregexes = ['a']\n");
    insta::assert_snapshot!(place.run(&["."]).stderr, @r"
    error: no rule is left, so that nothing could be found
    hint: a configuration for gitleaks has only its own rules, unless it says `useDefault = true` in `[extend]`
    ");
}

#[test]
fn a_configuration_is_looked_for_in_order() {
    let token = armed("gdgt_{base36:24}");
    let place = Place::with(&[("a.txt", token.as_str()), ("own.toml", WIDGET)]);
    let found = |run: Run| run.places().len();
    assert_eq!(found(scanned(&place, &["a.txt"])), 0);
    assert_eq!(found(scanned(&place, &["--config", "own.toml", "a.txt"])), 1);
    let with = |name: &str, value: &str| {
        let mut command = place.command(".", &["--format", "json", "a.txt"]);
        place.finish(command.env(name, value), b"")
    };
    assert_eq!(found(with("GITLEAKS_CONFIG", "own.toml")), 1);
    assert_eq!(found(with("GITLEAKS_CONFIG_TOML", WIDGET)), 1);
    place.file(".gitleaks.toml", WIDGET);
    assert_eq!(found(scanned(&place, &["a.txt"])), 1);
    place.file("keytrawl.toml", "confidence = \"low\"\n");
    let run = scanned(&place, &["a.txt"]);
    assert!(run.stderr.contains("does not count"), "{}", run.stderr);
    assert_eq!(found(run), 0);
}

const BETTERLEAKS: &str = r##"
prefilter = '''
matchesAny(attributes["path"], [`\.lock$`]) // generated
'''
filter = '''containsAny(finding["secret"], ["fixture"])'''
[[rules]]
id = "widget"
regex = '''widget=([a-z0-9]+)'''
confidence = "high"
filter = '''
entropy(finding["secret"]) < 2.0 ||
(
  let before = finding["fragment_raw"][max(finding["match_start_idx"] - 9, finding["match_line_start_idx"]):finding["match_start_idx"]];
  let _ = setConfidence(before contains "old" ? "low" : "high");
  finding["line"] contains "# example" || (tokenRatio(finding["secret"]) > 2.5 && attributes["path"] endsWith ".md")
)
'''
validate = "http.get(1)"
"##;

#[test]
fn expressions_of_betterleaks_drop_what_they_drop_there() {
    let token = "w1x2y3z4a5b6";
    let text = format!(
        "widget={token}1\nold widget={token}2\nwidget=aabb\nwidget={token}3 # example\nwidget=fixture{token}\n"
    );
    let files = [("a.txt", text.clone()), ("b.lock", text), ("c.md", format!("widget={token}4\n"))];
    let place = with_config(BETTERLEAKS, &files);
    let run = scanned(&place, &["--confidence", "low"]);
    assert_eq!(
        run.places(),
        ["a.txt:1:8 widget - plain", "a.txt:2:12 widget - plain", "c.md:1:8 widget - plain"]
    );
    let json = run.json();
    let mut sure: Vec<String> = harness::array(&json["findings"])
        .iter()
        .map(|f| format!("{} {}", f["occurrences"][0]["path"], f["confidence"]).replace('"', ""))
        .collect();
    sure.sort();
    assert_eq!(sure, ["a.txt high", "a.txt low", "c.md high"]);
    insta::assert_snapshot!(run.stderr, @r##"
    warning: [DIR]/.gitleaks.toml:15:44: `filter` of rule `widget` asks for `tokenRatio()`, which keytrawl has not
    "##);
    let check = place.run(&["rules", "check", ".gitleaks.toml"]);
    insta::assert_snapshot!(check.stdout, @r##"
    .gitleaks.toml: a configuration for gitleaks
      rules       1: 1 of its own, 0 built in (`useDefault` is not set)
      allowlists  2 for all rules or some
      widget  begins with widget=, in every encoding
    note: .gitleaks.toml:15:44: `filter` of rule `widget` asks for `tokenRatio()`, which keytrawl has not (a finding that depends on it is reported)
    "##);
}

#[test]
fn an_expression_is_applied_to_decoded_text() {
    let config = r#"
[[rules]]
id = "pass"
regex = '''\bpass=([a-z0-9]+)'''
filter = '''finding["fragment_raw"][finding["match_line_start_idx"]:finding["match_start_idx"]] contains "demo" '''
[[rules]]
id = "gadget"
regex = '''gdgt_[0-9a-z]{24}'''
filter = '''finding["fragment_raw"][finding["match_line_start_idx"]:finding["match_start_idx"]] contains "demo" '''
"#;
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let token = armed("{base36:24}");
    let place = with_config(
        config,
        &[
            ("a.txt", format!("x {} y\n", hex("\ndemo pass=abcd1234 ; end of it"))),
            ("b.txt", format!("x {} y\n", hex("\nreal pass=abcd1234 ; end of it"))),
            ("c.txt", format!("x {} y\n", hex(&format!("\ndemo gdgt_{token} ; end of it")))),
            ("d.txt", format!("x {} y\n", hex(&format!("\nreal gdgt_{token} ; end of it")))),
        ],
    );
    let places = scanned(&place, &[]).places();
    assert_eq!(places.len(), 2, "{places:?}");
    assert!(places[0].starts_with("b.txt") && places[1].starts_with("d.txt"), "{places:?}");
}

#[test]
fn components_must_be_near_and_specific_rules_come_first() {
    let config = r#"
[[rules]]
id = "pair"
regex = '''pass="([^"]+)"'''
components = [
  { id = "user", within = "-2L,+1L" },
  { id = "hint", optional = true },
]
[[rules]]
id = "user"
regex = '''user="([^"]+)"'''
skipReport = true
[[rules]]
id = "hint"
regex = '''hint="([^"]+)"'''
[[rules]]
id = "any"
regex = '''key=([a-z0-9]+)'''
specificity = -10
[[rules]]
id = "shop"
regex = '''(key)=(shop[a-z0-9]+)'''
valueGroup = 2
"#;
    let text =
        "user=\"ann\"\npass=\"one\"\n\npass=\"two\"\nuser=\"bob\"\nkey=shop12345\nkey=other6789\n";
    let place = with_config(config, &[("a.txt", text.to_owned())]);
    let run = scanned(&place, &[]);
    assert_eq!(
        run.places(),
        ["a.txt:2:7 pair - plain", "a.txt:6:5 shop - plain", "a.txt:7:5 any - plain"]
    );
    assert_eq!(run.stderr, "");
}

#[test]
fn mistakes_in_keys_of_betterleaks_are_told_with_their_places() {
    let config = r#"
prefilter = '''finding["secret"] == "x"'''
filter = "true &&"
[[rules]]
id = "one"
regex = 'abcd[0-9]+'
tokenEfficiency = true
filter = '''
finding["secret"] -
  1 == 2 || attributes["git.sha"] == ""
'''
"#;
    let place = with_config(config, &[("a.txt", "abcd12\n".to_owned())]);
    let run = scanned(&place, &[]);
    assert_eq!(run.places(), ["a.txt:1:1 one - plain"]);
    insta::assert_snapshot!(run.stderr, @r##"
    warning: [DIR]/.gitleaks.toml:7:19: `tokenEfficiency` of rule `one` is not applied
    warning: [DIR]/.gitleaks.toml:10:13: `filter` of rule `one` asks for `attributes["git.sha"]`, which keytrawl has not
    warning: [DIR]/.gitleaks.toml:9:19: `filter` of rule `one` comes to nothing: this does not fit its values
    warning: [DIR]/.gitleaks.toml:2:13: `prefilter` of the configuration is not applied: findings are not known before the search
    warning: [DIR]/.gitleaks.toml:3:18: `filter` of the configuration is not applied: the expression breaks off
    "##);
    place.file(
        ".gitleaks.toml",
        "[[rules]]\nid = 'a'\nregex = 'b'\nconfidence = 'sure'\nspecificity = 0.5\ncomponents = [{ id = 'c', within = '5X' }, { id = 'd' }]\n",
    );
    insta::assert_snapshot!(place.run(&["."]).stderr, @r##"
    error: the configuration `[DIR]/.gitleaks.toml` is wrong
      [DIR]/.gitleaks.toml:4:14: `sure` is no confidence (one of: low, medium, high)
      [DIR]/.gitleaks.toml:5:15: `specificity` is no whole number
      [DIR]/.gitleaks.toml:6:36: `5X` is no distance (such as `5L` or `-2L,+4L,80C`)
    hint: mend the file, or scan with `--no-config`
    "##);
}

#[test]
fn a_file_has_its_own_expressions_instead_of_those_that_it_extends() {
    let base = "filter = 'finding.secret contains \"1\"'\n[[rules]]\nid = 'a'\nregex = 'abcd[0-9]'\nfilter = 'finding.secret endsWith \"3\"'\n";
    let config = "filter = 'finding.secret contains \"2\"'\n[extend]\npath = 'base.toml'\n[[rules]]\nid = 'a'\nfilter = 'finding.secret endsWith \"4\"'\n";
    let place = with_config(
        config,
        &[("x/a.txt", "abcd1 abcd2 abcd3 abcd4\n".to_owned()), ("base.toml", base.to_owned())],
    );
    assert_eq!(scanned(&place, &[]).places(), ["x/a.txt:1:1 a - plain", "x/a.txt:1:13 a - plain"]);
    place.file(".gitleaks.toml", base);
    assert_eq!(scanned(&place, &[]).places(), ["x/a.txt:1:19 a - plain", "x/a.txt:1:7 a - plain"]);
}

/// Rules and paths of what a run in a repository found.
fn places(run: &git_support::Run) -> Vec<String> {
    let mut all = Vec::new();
    for finding in harness::array(&run.json()["findings"]) {
        for place in harness::array(&finding["occurrences"]) {
            let [rule, path] = [&finding["rule"], &place["path"]].map(harness::text);
            all.push(format!("{path} {rule} {}", harness::text(&place["commit"]["summary"])));
        }
    }
    all.sort();
    all
}

#[test]
fn commits_are_allowed_in_histories_and_ranges() {
    let repo = Repo::new(&[]);
    repo.write("a.txt", armed("gdgt_{base36:24}"));
    let first = repo.commit("one");
    let token = armed("gdgt_{base36:24}");
    repo.write("b.txt", &token);
    let second = repo.commit("two");
    let id = second.to_uppercase();
    let config = format!("{WIDGET}[[Rules.allowlists]]\ncommits = [\"{id}\"]\n");
    let own = repo.path().with_file_name("own.toml");
    std::fs::write(&own, &config).expect("a file");
    let own = own.display().to_string();
    let history = ["history", "--config", &own, "--format", "json"];
    assert_eq!(places(&repo.run(&history)), ["a.txt gadget-token one"]);
    let range = format!("{first}..{second}");
    let run = repo.run(&["range", "--config", &own, "--format", "json", &range]);
    assert_eq!((run.code, places(&run).len()), (0, 0), "{}", run.stderr);
    // What another commit brings back is that one's.
    std::fs::remove_file(repo.path().join("b.txt")).expect("a file");
    repo.commit("three");
    repo.write("b.txt", &token);
    let last = repo.commit("four");
    let found = places(&repo.run(&history));
    assert_eq!(found, ["a.txt gadget-token one", "b.txt gadget-token four"]);
    let range = format!("{first}..{last}");
    let run = repo.run(&["range", "--config", &own, "--format", "json", &range]);
    assert_eq!(places(&run), ["b.txt gadget-token four"]);
}

#[test]
fn paths_alone_are_findings_in_histories_ranges_and_the_index() {
    let repo = Repo::new(&[]);
    repo.write(".gitleaks.toml", "[[rules]]\nid = \"key-file\"\npath = '\\.p12$'\n");
    repo.write("a.txt", "x\n");
    let first = repo.commit("one");
    repo.write("keys/b.p12", "y\n");
    let second = repo.commit("two");
    std::fs::remove_file(repo.path().join("keys/b.p12")).expect("a file");
    repo.commit("three");
    let history = repo.run(&["history", "--format", "json"]);
    assert_eq!(places(&history), ["keys/b.p12 key-file two"]);
    let range = repo.run(&["range", "--format", "json", &format!("{first}..{second}")]);
    assert_eq!(places(&range), ["keys/b.p12 key-file two"]);
    repo.write("c.p12", "z\n");
    repo.git(&["add", "c.p12"]);
    let staged = repo.run(&["staged", "--format", "json"]);
    assert_eq!(places(&staged), ["c.p12 key-file -"]);
}

#[test]
fn the_base_of_a_range_has_the_configuration_and_what_it_extends() {
    let repo = Repo::new(&[]);
    repo.write("ci/base.toml", WIDGET);
    repo.write(".gitleaks.toml", "[extend]\npath = \"ci/base.toml\"\n");
    let first = repo.commit("one");
    repo.write("b.txt", armed("gdgt_{base36:24}"));
    let other = "[[rules]]\nid = 'a'\nregex = 'zzzz'\n";
    repo.write("ci/base.toml", other);
    repo.write(".gitleaks.toml", other);
    let second = repo.commit("two");
    let run = repo.run(&["range", "--format", "json", &format!("{first}..{second}")]);
    assert_eq!(places(&run), ["b.txt gadget-token two"]);
    let warned = harness::array(&run.json()["warnings"]).to_vec();
    let edited = warned.iter().filter(|w| w["kind"] == "edited-configuration");
    assert_eq!(edited.count(), 2);
}
