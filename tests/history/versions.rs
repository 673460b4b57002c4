//! What the versions of a file say of a secret, together.

use keytrawl::rule::armed;

use crate::{Repo, report};

/// Issuer and confidence of the one finding of a history of these versions of a file.
fn told(versions: &[&str], more: &[&str]) -> Option<(Option<String>, String)> {
    let repo = Repo::new(&[]);
    let key = armed("tg_live_{base62:48}");
    for (number, version) in versions.iter().enumerate() {
        repo.write("a.env", version.replace("KEY", &key));
        repo.commit(&format!("version {number}"));
    }
    let (_, found) = report(repo.path(), more);
    let findings = found["findings"].as_array().unwrap();
    assert!(findings.len() <= 1, "{found}");
    let finding = findings.first()?;
    assert_eq!(finding["occurrences"].as_array().unwrap().len(), 1);
    let text = |key: &str| finding[key].as_str().map(str::to_owned);
    Some((text("provider"), text("confidence").unwrap()))
}

#[test]
fn the_issuer_that_any_version_names_is_told() {
    let named = Some((Some("nateq".to_owned()), "high".to_owned()));
    let plain = "TOKEN=KEY\n";
    let telling = "NATEQ_API_KEY=KEY\n";
    for versions in [&[plain, telling][..], &[telling, plain], &[plain, telling, plain]] {
        for more in [&[][..], &["--exhaustive"], &["--confidence", "high"]] {
            assert_eq!(told(versions, more), named, "{versions:?} {more:?}");
        }
    }
    assert_eq!(told(&[plain, "# again\nTOKEN=KEY\n"], &["--confidence", "high"]), None);
}
