//! Tests of `rule::expression`: what is read, what is named, and that nothing breaks.

use super::*;

fn needs(source: &str) -> Vec<String> {
    let expression = Expression::new(source).expect("an expression");
    expression.needs().iter().map(|need| format!("{}:{}", need.at, need.what)).collect()
}

fn mistake(source: &str) -> String {
    let mistake = Expression::new(source).expect_err("a mistake");
    format!("{}:{}", mistake.at, mistake.message)
}

#[test]
fn what_there_is_asks_for_nothing() {
    for source in [
        "entropy(finding[\"secret\"]) <= 3.5 || matchesAny(finding.secret, [`^a`, 'b$',])",
        "filter.containsAny(finding[\"line\"], [\"x\"]) && !(attributes?.path matches \"y\")",
        "get(attributes, \"path\", \"\") not in [\"a\", \"b\"] // a comment",
        "let a = /* one */ 1; let b = a ** 2 ^ 3; (let c = b; c - -a > 0x1f) ? true : a == 1_0.5e1",
        "finding[\"fragment_raw\"][max(0, 1):][:-1] | lower() contains \"x\"",
        "split(\"a\", \"b\")[-1] ?? nil == nil;",
        "finding[\"secret\"].contains(\"x\")",
    ] {
        assert_eq!(needs(source), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn what_there_is_not_is_named_once_with_its_place() {
    for (source, named) in [
        ("tokenRatio(finding[\"secret\"]) > 2 || tokenRatio(\"x\") > 3", "0:`tokenRatio()`"),
        ("true && http.get(\"x\").status == 200", "8:`http.get()` 21:`.status`"),
        ("attributes[\"git.sha\"] in []", "0:`attributes[\"git.sha\"]`"),
        ("finding[\"zip\"] == nil", "0:`finding[\"zip\"]`"),
        ("any([1], # > 0)", "0:`any()`"),
        ("any([1], {# > b})", "9:a map 0:`any()`"),
        ("{\"a\": b, c: 1}", "0:a map"),
        ("captures[\"x\"] == zip", "0:`captures` 17:`zip`"),
        ("split(\"a\", \"b\", 3) == []", "0:`split()` with 3 arguments"),
        ("1 < 2 < 3", "6:comparisons in a row"),
        ("1 in 1..3", "6:a range"),
        (
            "matchesAny(\"a\", finding)",
            "16:`finding` as a value 0:`matchesAny()` with a list that is not written out",
        ),
        ("matchesAny(\"a\", [finding.secret])", "0:a list of texts that are not written out"),
        ("containsAny(\"a\", [\"\"])", "0:an empty word"),
        ("finding[attributes.path] == 1", "0:an entry of `finding` that is not written out"),
        ("\"a\" matches \"(\"", "4:a regular expression that is wrong (unclosed group)"),
    ] {
        assert_eq!(needs(source).join(" "), named, "{source}");
    }
}

#[test]
fn mistakes_have_their_place() {
    for (source, told) in [
        ("", "0:the expression breaks off"),
        ("a b", "2:`b` is not expected here"),
        ("1 +", "3:the expression breaks off"),
        ("(true", "5:the expression breaks off"),
        ("[1, 2", "5:the expression breaks off"),
        ("finding[\"secret\" == 1", "21:the expression breaks off"),
        ("\"abc", "0:this text does not end"),
        ("`abc", "0:this text does not end"),
        ("/* abc", "0:this comment does not end"),
        ("\"\\q\"", "1:this escape means nothing"),
        ("12ab", "0:this is no number"),
        ("a § b", "2:`\\u{a7}` means nothing here"),
        ("let a 1; a", "6:a value is not expected here"),
        ("if true { true } else { false }", "0:`if` with braces is not read"),
        ("a ? b", "5:the expression breaks off"),
    ] {
        assert_eq!(mistake(source), told, "{source}");
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |open: &str, close: &str| open.repeat(20_000) + "1" + &close.repeat(20_000);
    for source in [
        nested("(", ")"),
        nested("!", ""),
        nested("-", ""),
        nested("[", "]"),
        nested("true ? true : ", ""),
        nested("", "[0]"),
        nested("", "?.a"),
        nested("", " + 1"),
        nested("", " | f()"),
        nested("2 ** ", ""),
        nested("let a = 1; (", ")"),
    ] {
        assert!(mistake(&source).contains("too deep"), "{}", &source[..20]);
    }
    assert!(mistake(&"x".repeat(LONG)).contains("too long"));
    let wide = "true || ".repeat(20_000) + "false";
    assert_eq!(needs(&wide), Vec::<String>::new());
}

const LONG: usize = 600 << 10;

#[test]
fn broken_expressions_break_nothing() {
    let whole = "let a = {\"x\": [1, 2.5, 'é']}; finding[\"secret\"][1:-2] ?? a?.b | f(\"\\u00e9\") /* c */ \
                 not in [nil] ? `r` + \"\\x41\" : -1 ** 2 // end";
    for start in (0..whole.len()).filter(|at| whole.is_char_boundary(*at)) {
        for end in (start..=whole.len()).filter(|at| whole.is_char_boundary(*at)) {
            let _ = Expression::new(&whole[start..end]);
        }
    }
    let marks = [
        "(", ")", "[", "]", "?", ":", "a", "1", "\"x\"", "||", "!", "not", "let", "=", ";", ".",
        "{", "}", ",", "#", "|",
    ];
    let mut state = 7u64;
    for _ in 0..20_000 {
        let mut source = String::new();
        for _ in 0..12 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            source += marks[(state >> 33) as usize % marks.len()];
            source.push(' ');
        }
        let _ = Expression::new(&source);
    }
}
