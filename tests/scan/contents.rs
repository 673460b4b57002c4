//! What files hold: archives, long lines, many keys, odd ends.

use std::io::Write;

use keytrawl::rule::armed;

use crate::harness::{Place, array, text};
use crate::{JSON, token};

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(*name, options).expect("a member");
        writer.write_all(bytes).expect("its bytes");
    }
    writer.finish().expect("an archive").into_inner()
}

fn tar_gz(members: &[(&str, &[u8])]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut writer = tar::Builder::new(gzip);
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        writer.append_data(&mut header, name, *bytes).expect("a member");
    }
    writer.into_inner().and_then(|gzip| gzip.finish()).expect("an archive")
}

#[test]
fn keys_in_archives_and_in_archives_within_them_are_found() {
    let (first, second) = (format!("\nk={}", token(1)), format!("k={}", token(2)));
    let inner = zip(&[("conf/.env", first.as_bytes())]);
    let place = Place::with(&[
        ("app.jar", inner.clone()),
        ("dist.tar.gz", tar_gz(&[("pkg/inner.zip", &inner), ("pkg/b.txt", second.as_bytes())])),
    ]);
    let run = place.run(&JSON);
    let rule = "meetergo-personal-token meetergo plain";
    assert_eq!(
        run.places(),
        [
            format!("app.jar!conf/.env:2:3 {rule}"),
            format!("dist.tar.gz!pkg/b.txt:1:3 {rule}"),
            format!("dist.tar.gz!pkg/inner.zip!conf/.env:2:3 {rule}"),
        ]
    );
    assert_eq!(place.run(&["--no-archives"]).code, 0);
    let shallow = place.run(&["--max-archive-depth", "1", "--format", "json"]);
    assert_eq!(shallow.places().len(), 2, "{}", shallow.stdout);
    assert_eq!(shallow.json()["complete"], false);
}

/// A gzip with a key in its comment.
fn noted_gzip(key: &str) -> Vec<u8> {
    let gzip = flate2::GzBuilder::new().comment(key);
    let mut writer = gzip.write(Vec::new(), flate2::Compression::default());
    writer.write_all(b"nothing\n").expect("its bytes");
    writer.finish().expect("a gzip")
}

#[test]
fn keys_in_archives_beside_their_members_are_found_where_they_stand() {
    let plain = [("a.txt", &b"nothing\n"[..])];
    let mut writer = zip::ZipWriter::new_append(std::io::Cursor::new(zip(&plain))).expect("a zip");
    writer.set_comment(token(1)).expect("a comment");
    let commented = writer.finish().expect("an archive").into_inner();
    let behind = [&zip(&plain)[..], b"\n", token(2).as_bytes()].concat();
    let named = zip(&[(&format!("d/{}", token(3)), b"nothing\n")]);
    let mut link = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    link.append_link(&mut header, "a link", token(4)).expect("a link");
    let place = Place::new();
    place.file("behind.zip", &behind);
    place.file("commented.zip", &commented);
    place.file("link.tar", link.into_inner().expect("an archive"));
    place.file("named.zip", &named);
    place.file("noted.gz", noted_gzip(&token(5)));
    let run = place.run(&JSON);
    assert_eq!((run.code, &run.json()["complete"]), (1, &true.into()));
    let findings = run.json();
    let mut places: Vec<_> = array(&findings["findings"])
        .iter()
        .flat_map(|finding| array(&finding["occurrences"]))
        .map(|place| (text(&place["path"]), place["start"].as_u64().unwrap_or(0)))
        .collect();
    places.sort_unstable();
    let within = |bytes: &[u8], n: usize| {
        let key = token(n);
        let at = bytes.windows(key.len()).rposition(|window| window == key.as_bytes());
        at.expect("the key") as u64
    };
    let expected = [
        ("behind.zip", within(&behind, 2)),
        ("commented.zip", within(&commented, 1)),
        ("link.tar", 157),
        ("named.zip", within(&named, 3)),
        ("noted.gz", 10),
    ];
    assert_eq!(places, expected);
    assert_eq!(findings["stats"]["members"], 4, "what is no member is not counted as one");
}

#[test]
fn a_wrong_checksum_ends_in_2_whatever_the_format() {
    let mut gzip = noted_gzip("-");
    let sum = gzip.len() - 8;
    gzip[sum] ^= 1;
    let mut zip = zip(&[("a.txt", b"nothing\n")]);
    let record = zip.windows(4).rposition(|w| w == b"PK\x01\x02").expect("a record");
    zip[record + 16] ^= 1;
    for (name, bytes) in [("a.gz", &gzip), ("a.zip", &zip)] {
        let run = Place::with(&[(name, bytes)]).run(&JSON);
        assert_eq!((run.code, run.warnings()), (2, vec!["archive".to_owned()]), "{name}");
        assert!(run.stderr.contains("does not match its checksum"), "{}", run.stderr);
    }
}

#[test]
fn a_key_in_a_line_of_megabytes_is_found_and_its_snippet_is_short() {
    let filler = "var a=function(b){return b+1};".repeat(50_000);
    let place = Place::with(&[("min.js", format!("{filler}k='{}';{filler}", token(1)))]);
    let run = place.run(&[]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.contains(&format!("min.js:1:{}\n", filler.len() + 4)), "{}", run.stdout);
    assert!(run.stdout.len() < 4000, "{} bytes", run.stdout.len());
}

#[test]
fn five_thousand_keys_on_one_line_are_found_in_linear_time() {
    let place = Place::with(&[("line.txt", armed(&"rgo-{base62:32},".repeat(5000)))]);
    let run = place.run(&JSON);
    let found = run.places();
    assert_eq!((run.code, found.len()), (1, 5000));
    assert!(text(&run.json()["findings"][4999]["occurrences"][0]["path"]) == "line.txt");
}

#[test]
fn a_file_larger_than_asked_for_is_left_out_and_said() {
    let place = Place::with(&[("a.txt", "x".repeat(3000))]);
    let run = place.run(&["--max-size", "2k", "--format", "json"]);
    assert_eq!(run.json()["stats"]["skipped"], 1);
    assert_eq!(run.warnings().len(), 1);
}

#[test]
fn content_without_a_last_newline_with_crlf_or_a_nul_is_read_to_its_end() {
    let key = token(1);
    let place = Place::with(&[
        ("crlf.ini", format!("[a]\r\nk = {key}\r\nx = 1\r\n").into_bytes()),
        ("end.txt", format!("a\nb {key}").into_bytes()),
        ("image.bin", [b"\x00\x01\xff\xfe\n\x00", key.as_bytes(), b"\x00\xff"].concat()),
    ]);
    let found = place.run(&JSON).places();
    let rule = "meetergo-personal-token meetergo plain";
    assert_eq!(
        found,
        [
            format!("crlf.ini:2:5 {rule}"),
            format!("end.txt:2:3 {rule}"),
            format!("image.bin:2:2 {rule}"),
        ]
    );
}

/// What is not read is said, wherever it is.
#[test]
fn utf_32_is_said_not_to_be_read() {
    let key = token(1);
    let wide = |mark: &[u8], unit: fn(u32) -> [u8; 4]| {
        [mark.to_vec(), key.chars().flat_map(|c| unit(u32::from(c))).collect()].concat()
    };
    let little = wide(&[0xff, 0xfe, 0, 0], u32::to_le_bytes);
    let big = wide(&[0, 0, 0xfe, 0xff], u32::to_be_bytes);
    for bytes in [little, big] {
        let place = Place::with(&[("a.txt", bytes.clone()), ("b.zip", zip(&[("c", &bytes)]))]);
        let run = place.run(&["--quiet", "--format", "json"]);
        assert_eq!((run.code, run.warnings()), (2, vec!["encoding".to_owned(); 2]));
        let paths: Vec<String> =
            array(&run.json()["warnings"]).iter().map(|w| text(&w["path"]).to_owned()).collect();
        assert_eq!(paths, ["a.txt", "b.zip!c"]);
        let piped = place.run_on(&bytes, &["-"]);
        assert_eq!(piped.code, 2);
        assert_eq!(
            piped.stderr,
            "warning: `-` is UTF-32, which is not read; convert it to UTF-8\n"
        );
        place.git(&["init", "-q", "-b", "main"]);
        let author = ["-c", "user.name=T", "-c", "user.email=t@t.example"];
        place.git(&[&author[..], &["commit", "-q", "--allow-empty", "-m", "x"]].concat());
        place.git(&["add", "-A"]);
        let expected = (2, vec!["encoding".to_owned(); 2]);
        let run = place.run(&["staged", "--format", "json"]);
        assert_eq!((run.code, run.warnings()), expected);
        place.git(&[&author[..], &["commit", "-q", "-m", "y"]].concat());
        for words in [&["history", "--no-cache"][..], &["range", "HEAD~1..HEAD"]] {
            let run = place.run(&[words, &JSON].concat());
            assert_eq!((run.code, run.warnings()), expected, "{words:?}");
        }
    }
    // A mark alone is no text.
    let place = Place::with(&[("a.txt", [0xff, 0xfe, 0, 0])]);
    assert_eq!(place.run(&[]).code, 0);
}

/// Only what was read out of an archive is inside of one.
#[test]
fn an_exclamation_mark_in_a_name_is_a_letter() {
    let key = format!("k={}", token(1));
    let place = Place::with(&[
        ("a!b.env", key.clone().into_bytes()),
        ("c!d.zip", zip(&[("e!f.env", token(2).as_bytes())])),
        ("(g).env", token(3).into_bytes()),
    ]);
    let run = place.run(&["--format", "github"]);
    let mut places: Vec<&str> =
        run.stdout.lines().filter_map(|line| line.split(",title=").next()).collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            "::error file=(g).env,line=1,col=1,endLine=1,endColumn=37",
            "::error file=a!b.env,line=1,col=3,endLine=1,endColumn=39",
            "::error file=c!d.zip",
        ]
    );
    assert!(run.stdout.contains(", in c!d.zip!e!f.env.") && !run.stdout.contains("in a!b.env"));
}
