//! What `assignment` promises: the names and the values that it reads out of texts.

use super::*;
use crate::token::{RUN, runs};

fn read(text: &str) -> Option<(String, String)> {
    let runs = runs::<RUN>(text.as_bytes());
    let run = runs.into_iter().find(|run| text[run.range()].contains("Q9"))?;
    let found = readings(text.as_bytes(), run.start).next()?;
    let part = |span: Span| text[span.range()].to_owned();
    Some((part(found.name), part(found.value)))
}

const VALUE: &str = "x7fQ9aab2kd83hsk2kdl";

#[test]
fn a_value_of_a_query_ends_where_the_next_one_begins() {
    for (lead, mark) in [("", ""), ("a ", "2"), ("GET /v1?", ""), ("\"", "2"), ("user=a&", "")] {
        let first = ["oauth_token=", "h7h5s93j4h", "didpo3xk2a"].concat();
        let text = format!("{lead}{first}&oauth{mark}_token_secret={VALUE}&page=2");
        for run in runs::<RUN>(text.as_bytes()) {
            for found in readings(text.as_bytes(), run.start) {
                let value = &text[found.value.range()];
                assert!(!value.starts_with("h7h5") || value.len() == 20, "{lead}: {value}");
            }
        }
        let last = runs::<RUN>(text.as_bytes()).pop().expect("a run");
        let found = readings(text.as_bytes(), last.start).next().expect("it is assigned");
        assert_eq!(text[found.name.range()], format!("oauth{mark}_token_secret"));
        assert_eq!(&text[found.value.range()], VALUE);
    }
}

#[test]
fn names_are_read_in_many_dresses() {
    for (text, name) in [
        ("API_KEY=@", "API_KEY"),
        ("export API_KEY=\"@\"", "API_KEY"),
        ("  api-key: @", "api-key"),
        ("\"apiKey\": \"@\",", "apiKey"),
        ("apiKey => '@',", "apiKey"),
        ("apiKey := `@`", "apiKey"),
        ("config['api_key'] = '@'", "api_key"),
        ("client.api_key = \"@\"", "client.api_key"),
        ("const apiKey: string = \"@\";", "apiKey"),
        ("String apiKey = \"@\";", "apiKey"),
        ("const apiKey string = \"@\"", "apiKey"),
        ("<apiKey>@</apiKey>", "apiKey"),
        ("<add key=\"ApiKey\" value=\"@\" />", "ApiKey"),
        ("- name: API_KEY\n  value: @\n", "API_KEY"),
        ("{\"name\": \"API_KEY\", \"value\": \"@\"}", "API_KEY"),
        ("tool --api-key @ run", "--api-key"),
        ("ENV API_KEY @", "API_KEY"),
        ("https://a.example/v1?api_key=@&x=1", "api_key"),
        ("Authorization: Bearer @", "Authorization"),
        ("-H 'X-Api-Key: @'", "X-Api-Key"),
        ("define('API_KEY', '@');", "API_KEY"),
        ("os.getenv(\"API_KEY\", \"@\")", "API_KEY"),
        ("setApiKey(\"@\")", "setApiKey"),
        ("\"API key\": \"@\"", "API key"),
        ("{\\\"apiKey\\\":\\\"@\\\"}", "apiKey"),
        ("api_key = b\"@\"", "api_key"),
        ("$apiKey .= \"@\"", "$apiKey"),
        ("API_KEY ::= \"@\"", "API_KEY"),
        ("<apiKey>\n    @\n</apiKey>", "apiKey"),
        ("const apiKey =\n  '@';", "apiKey"),
        ("api.key(\n  '@',", "api.key"),
        ("acme token - '@'", "token"),
        ("api_key <- \"@\"", "api_key"),
        ("key = os.environ.get(\"API_KEY\") or \"@\"", "API_KEY"),
        ("env[:api_key] or '@'", "api_key"),
        ("secret = config.jwt || '@'", "secret = config.jwt"),
        ("{ secret: env.JWT ?? '@' }", "secret: env.JWT"),
        ("api_key <<- '@'", "api_key"),
        ("Dim apiKey As String = \"@\"", "apiKey"),
        ("Const alias string = \"@\"", "alias"),
        ("{\"API_KEY\" : \" @ \"}", "API_KEY"),
        ("token = ' @ ',", "token"),
        ("a:1:{s:7:\"api_key\";s:20:\"@\";}", "api_key"),
        ("s:7:\\\"api_key\\\";s:20:\\\"@\\\";", "api_key"),
    ] {
        let found = read(&text.replace('@', VALUE));
        assert_eq!(found, Some((name.to_owned(), VALUE.to_owned())), "{text}");
    }
}

#[test]
fn values_are_whole() {
    for (text, value) in [
        ("k = \"ab.@==\"", "ab.@=="),
        ("k: @.", "@"),
        ("k=@==", "@=="),
        ("k = '@!x$y'", "@!x$y"),
        ("k = 'a]b@)c'", "a]b@)c"),
        ("${K:-@}", "@"),
        ("k:-@", "-@"),
    ] {
        let found = read(&text.replace('@', VALUE)).map(|(_, value)| value);
        assert_eq!(found, Some(value.replace('@', VALUE)), "{text}");
    }
}

#[test]
fn what_is_not_assigned_has_no_name() {
    for text in [
        "@",
        "\n@\n",
        "x;@",
        "'@'",
        "api_key=@{id}",
        "api_key=@...",
        "api_key=@\u{2026}",
        "key: ssh-rsa @",
    ] {
        assert_eq!(read(&text.replace('@', VALUE)), None, "{text}");
    }
}
