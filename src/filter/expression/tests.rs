//! Tests of `filter::expression`. What is true and what is not was asked of betterleaks 2.0.0-rc.4.

use super::*;

const TEXT: &[u8] = b"xx\nlet abc123 = \xc3\xa9 \"foo\"\nzz\n";

fn evaluated(source: &str) -> (Option<bool>, Option<Confidence>) {
    let expression = Expression::new(source).unwrap_or_else(|e| panic!("{source}: {e:?}"));
    let finding = Finding {
        secret: b"abc123",
        matched: b"abc123",
        line: b"let abc123 = \xc3\xa9 \"foo\"",
        rule: "a",
        description: "",
        around: Some((TEXT, Span::new(7, 13))),
    };
    let facts = Facts { path: "t/a.txt", finding: Some(finding) };
    let mut evaluator = Evaluator::new(&facts);
    let value = match evaluator.value(expression.root()) {
        Ok(Value::Bool(yes)) => Some(yes),
        _ => None,
    };
    (value, evaluator.confidence)
}

#[test]
fn expressions_come_to_what_they_come_to_there() {
    for source in [
        "len(\"é\") == 1",
        "\"éab\"[0:2] == \"é\"",
        "\"abcdef\"[-2:] == \"ef\"",
        "\"abcdef\"[4:100] == \"ef\"",
        "\"abcdef\"[3:1] == \"\"",
        "finding[\"fragment_raw\"][finding[\"match_start_idx\"]:finding[\"match_end_idx\"]] == \"abc123\"",
        "finding[\"match_line_start_idx\"] == 3 && finding[\"match_line_end_idx\"] == 24",
        "attributes[\"path\"] == \"t/a.txt\"",
        "finding.rule_id == \"a\" && finding?.secret == \"abc123\"",
        "entropy(finding[\"secret\"]) > 2.5 && entropy(\"\") == 0",
        "containsAny(\"FOOBAR\", [\"OBA\"]) && !containsAny(\"FOOBAR\", [])",
        "not matchesAny(\"foo\", [])",
        "matchesAny(\"foo\", [\"x\", \"^f\"])",
        "findMatch(\"foobar\", \"o+b\") == \"oob\" && findMatch(\"a\", \"b\") == \"\"",
        "setConfidence(\"low\") == \"low\"",
        "7 / 2 == 3.5 && 7 % 2 == 1 && 2 ^ 3 == 8 && 2 ** 3 == 8",
        "max(1, 2.5) == 2.5 && max([1, 5]) == 5 && min(3, 2) == 2",
        "split(\"a,b,c\", \",\")[1] == \"b\" && split(\"a,b,c\", \",\")[-1] == \"c\"",
        "join([\"a\", \"b\"], \"-\") == \"a-b\" && join([\"a\", \"b\"]) == \"ab\"",
        "\"abc\" contains \"b\" && \"abc\" startsWith \"a\" && \"abc\" endsWith \"c\"",
        "\"abc\" matches \"^a.c$\" and \"abc\" not contains \"z\"",
        "(\"abc\" | upper()) == \"ABC\" && lower(\"ABC\") == \"abc\"",
        "int(\"5\") == 5 && string(5) == \"5\" && string(2.0) == \"2\" && string(0.1) == \"0.1\"",
        "indexOf(\"abc\", \"c\") == 2 && lastIndexOf(\"abca\", \"a\") == 3 && indexOf(\"a\", \"b\") == -1",
        "true || (let a = 1; a == 1)",
        "nil ?? true",
        "\"a\" in [\"a\", \"b\"] && \"z\" not in [\"a\"]",
        "-1 == 0 - 1 && !true == false && 1 == 1.0 && \"a\" < \"b\" && [1, 2] == [1, 2]",
        "1_000 == 1000 && 0x10 == 16 && 1e3 == 1000 && 'a' == \"a\"",
        "\"\\u00e9\" == \"é\" && \"\\x41\" == \"A\" && \"a\" + \"b\" == \"ab\"",
        "abs(-3) == 3 && trim(\"  a \") == \"a\" && replace(\"aXa\", \"X\", \"b\") == \"aba\"",
        "hasPrefix(\"abc\", \"a\") && trimPrefix(\"abc\", \"a\") == \"bc\" && trimSuffix(\"abc\", \"c\") == \"ab\"",
        "let a = 1; let b = a + 1; (let c = b; c == 2) && b == 2",
        "false || true && !false",
        "1.0 / 0 > 1",
    ] {
        assert_eq!(evaluated(source).0, Some(true), "{source}");
    }
}

#[test]
fn the_unknown_never_drops_and_spoils_only_what_hangs_on_it() {
    for (source, value) in [
        ("tokenRatio(\"x\") > 2", None),
        ("!(tokenRatio(\"x\") > 2)", None),
        ("tokenRatio(\"x\") > 2 || true", Some(true)),
        ("tokenRatio(\"x\") > 2 || false", None),
        ("tokenRatio(\"x\") > 2 && false", Some(false)),
        ("tokenRatio(\"x\") > 2 ? true : true", None),
        ("attributes[\"git.sha\"] in [\"x\"]", None),
        ("len(split(zip, \",\")) == 1", None),
        ("\"x\"[zip:] == \"x\"", None),
        ("(zip ?? \"x\") == \"x\"", None),
        ("\"a\" in [zip, \"a\"]", None),
    ] {
        assert_eq!(evaluated(source).0, value, "{source}");
    }
}

#[test]
fn what_does_not_fit_comes_to_nothing() {
    for source in [
        "finding[\"secret\"] + 1 == \"x\"",
        "nil < 3",
        "1 % 0 == 1",
        "split(\"a\", \",\")[7] == \"c\"",
        "\"abc\"[1] == \"b\"",
        "1 ? true : false",
        "lower(1) == \"a\" || true",
        "1 + 1",
    ] {
        assert_eq!(evaluated(source).0, None, "{source}");
    }
    let told = |source: &str| trouble(&Expression::new(source).expect("an expression"));
    assert_eq!(told("true && \"a\" - 1 == 2"), Some(Trouble { at: 12, what: KIND }));
    assert_eq!(told("1 + 1").map(|t| t.at), Some(0));
    assert_eq!(told("split(finding.secret, \",\")[7] == \"c\""), None);
    assert_eq!(told("entropy(finding[\"secret\"]) < 3"), None);
}

#[test]
fn confidence_is_what_was_said_last_on_the_way() {
    for (source, value, said) in [
        ("let _ = setConfidence(\"high\"); false", false, Some(Confidence::High)),
        ("let _ = setConfidence(\"sure\"); false", false, None),
        ("true || setConfidence(\"low\") == \"low\"", true, None),
        ("setConfidence(true ? \"low\" : \"high\") == \"\"", false, Some(Confidence::Low)),
    ] {
        assert_eq!(evaluated(source), (Some(value), said), "{source}");
    }
}

#[test]
fn work_is_bounded() {
    let doubled: String = (0..60).map(|n| format!("let a{} = a{n} + a{n}; ", n + 1)).collect();
    let source = format!("let a0 = \"xxxxxxxxxxxxxxxx\"; {doubled} a60 == \"\"");
    assert_eq!(evaluated(&source).0, None);
    let replaced: String =
        (0..60).map(|n| format!("let b{} = replace(b{n}, \"x\", \"xxxx\"); ", n + 1)).collect();
    assert_eq!(evaluated(&format!("let b0 = \"xxxx\"; {replaced} b60 == \"\"")).0, None);
    let split = "let a = \"xxxxxxxx\"; ".to_owned()
        + &(0..18)
            .map(|n| {
                format!(
                    "let c{n} = {}; ",
                    if n == 0 { "a + a".to_owned() } else { format!("c{} + c{}", n - 1, n - 1) }
                )
            })
            .collect::<String>();
    assert_eq!(evaluated(&format!("{split} len(split(c17, \"x\")) > 3")).0, None);
    let wide = "false || ".repeat(50_000) + "true";
    assert_eq!(evaluated(&wide).0, Some(true));
}

#[test]
fn places_alone_are_told_from_findings() {
    let drops =
        |source: &str| drops_path(&Expression::new(source).expect("an expression"), "a/b.lock");
    assert!(drops("matchesAny(attributes[\"path\"], [`\\.lock$`])"));
    assert!(!drops("matchesAny(attributes[\"path\"], [`\\.txt$`])"));
    assert!(!drops("true || finding[\"secret\"] == \"\""));
    assert!(!drops("attributes[\"git.sha\"] == \"\""));
}
