//! How fast each stage is, in bytes a second: `cargo bench`.
//!
//! The text is this repository's own source, repeated; nothing is fetched. A benchmark measures and
//! never fails; what must hold is in `tests/`.

use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use keytrawl::blob::{Blob, Provenance};
use keytrawl::prefilter::{Prefilter, Wanted};
use keytrawl::randomness;
use keytrawl::rule::{armed, builtin};
use keytrawl::scanner::{Options, Scanner, Scratch};
use keytrawl::span::{Charset, LineTable, Span};

/// Bytes of text that each stage reads.
const SIZE: usize = 8 << 20;

fn text() -> Vec<u8> {
    let mut text = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the sources").flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => text.extend(fs::read(path).expect("a source file")),
            }
        }
    }
    text.iter().copied().cycle().take(SIZE).collect()
}

/// Base64 without an end: what the search for encoded forms likes least.
fn base64() -> Vec<u8> {
    armed(&"{base64:4000}\n".repeat(50)).into_bytes().into_iter().cycle().take(SIZE).collect()
}

/// The text with a key on every hundredth line.
fn leaky(text: &[u8]) -> Vec<u8> {
    let mut leaky = Vec::new();
    for (number, line) in text.split_inclusive(|b| *b == b'\n').enumerate() {
        leaky.extend_from_slice(line);
        if number % 100 == 0 {
            let key = format!("KEY_{number} = \"sk_live_{{base62:32}}\"\n");
            leaky.extend(armed(&key).bytes());
        }
    }
    leaky
}

fn stages(criterion: &mut Criterion) {
    let rules = builtin();
    let wanted: Vec<Wanted<'_>> = (0..)
        .zip(&rules.rules)
        .filter(|(_, listed)| listed.is_anchored())
        .map(|(rule, listed)| Wanted { rule, lead: listed.lead(), encodings: listed.encodings() })
        .collect();
    let prefilter = Prefilter::new(&wanted);
    let scanner = Scanner::new(&rules, Options::default());
    let provenance = Provenance::named("bench");
    let text = text();
    let mut group = criterion.benchmark_group("stages");
    group.throughput(Throughput::Bytes(SIZE as u64)).sample_size(20);
    for (name, content) in [("text", text.clone()), ("base64", base64())] {
        group.bench_function(format!("prefilter/{name}"), |b| {
            let mut found = Vec::new();
            b.iter(|| {
                found.clear();
                prefilter.candidates(black_box(&content), Span::new(0, SIZE), &mut found);
                found.len()
            });
        });
    }
    for (name, content) in [("clean", text.clone()), ("leaky", leaky(&text))] {
        group.throughput(Throughput::Bytes(content.len() as u64));
        group.bench_function(format!("scanner/{name}"), |b| {
            let mut scratch = Scratch::default();
            b.iter(|| scanner.scan(&Blob::whole(black_box(&content), &provenance), &mut scratch));
        });
    }
    group.throughput(Throughput::Bytes(SIZE as u64));
    group.bench_function("lines", |b| {
        b.iter(|| LineTable::new(black_box(&text), Charset::Utf8).count());
    });
    group.finish();
}

fn judgement(criterion: &mut Criterion) {
    let body = armed("{base62:40}");
    let mut group = criterion.benchmark_group("judgement");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("randomness", |b| {
        b.iter(|| randomness::evidence(black_box(body.as_bytes())));
    });
    group.bench_function("placeholder", |b| {
        b.iter(|| keytrawl::filter::placeholder::reason(black_box(body.as_bytes())));
    });
    group.finish();
}

fn start(criterion: &mut Criterion) {
    criterion.bench_function("start: rules and prefilter", |b| {
        b.iter(|| {
            let rules = builtin();
            Scanner::new(&rules, Options::default()).reach()
        });
    });
}

criterion_group!(benches, stages, judgement, start);
criterion_main!(benches);
