//! Any bytes as a delta: no panic; what passes the check rebuilds exactly what it states, and carried
//! anchors and windows together are what a search of every byte finds.
#![no_main]

use keytrawl::git::delta::{Changes, Delta, Reach, Segment, Steps};
use libfuzzer_sys::fuzz_target;

/// What is searched for: two bytes that are alike, free on both sides. It looks one byte before and
/// three from its place on.
const REACH: Reach = Reach { before: 1, after: 3 };

fn anchors(bytes: &[u8], from: usize, to: usize) -> Vec<usize> {
    let is = |at: usize| {
        let pair = bytes.get(at..at + 2).is_some_and(|pair| pair[0] == pair[1]);
        let before = at.checked_sub(1).is_some_and(|before| bytes[before] == bytes[at]);
        pair && !before && bytes.get(at + 2) != bytes.get(at)
    };
    (from..to).filter(|at| is(*at)).collect()
}

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (base, bytes) = input;
    let mut steps = Steps::default();
    let plain = Delta::parse(&bytes, base.len());
    let read = Delta::read(&bytes, base.len(), &mut steps);
    assert_eq!(plain.as_ref().err(), read.as_ref().err());
    let (Ok(plain), Ok(delta)) = (plain, read) else { return };
    if delta.result_len() > 1 << 20 {
        return;
    }
    let mut result = vec![0; delta.result_len()];
    assert!(plain.apply(&base, &mut result).is_some());
    let parsed = std::mem::replace(&mut result, vec![0; delta.result_len()]);
    assert!(delta.apply(&base, &mut result).is_some());
    assert_eq!(parsed, result);
    let mut rebuilt = Vec::new();
    for segment in delta.segments() {
        match segment {
            Segment::Copy { from, to, len } => {
                assert_eq!(to, rebuilt.len());
                rebuilt.extend_from_slice(&base[from..from + len]);
            }
            Segment::Insert { to, bytes } => {
                assert_eq!(to, rebuilt.len());
                rebuilt.extend_from_slice(bytes);
            }
        }
    }
    assert_eq!(rebuilt, result);
    let mut changes = Changes::new();
    changes.read(&delta, REACH);
    let known = anchors(&base, 0, base.len());
    let mut found = Vec::new();
    changes.carry(&known, |at| *at, |_, at| found.push(at));
    for window in changes.windows() {
        // Only the window may be looked at.
        let shift = window.bytes.start;
        let part = &result[window.bytes.range()];
        let (from, to) = (window.anchors.start - shift, window.anchors.end - shift);
        found.extend(anchors(part, from, to).into_iter().map(|at| at + shift));
    }
    found.sort_unstable();
    assert_eq!(found, anchors(&result, 0, result.len()));
});
