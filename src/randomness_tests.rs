//! What `randomness` promises, and the measurements behind its figures (ignored by default).

use super::*;
use proptest::prelude::*;

const DECIMAL: &[u8] = b"0123456789";
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

/// Seeded, so that a figure can be had again (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn fill(&mut self, body: &mut [u8], alphabet: &[u8]) {
        for byte in body {
            let at = (u128::from(self.next()) * alphabet.len() as u128) >> 64;
            *byte = alphabet[at as usize];
        }
    }
}

/// Name, characters and lengths of every kind of body that an issuer is known to draw.
pub(crate) fn drawn() -> Vec<(&'static str, Vec<u8>, &'static [usize])> {
    let lower = [DECIMAL, &LETTERS[..26]].concat();
    vec![
        ("hex", lower[..16].to_vec(), &[20, 32, 40, 48, 64]),
        ("HEX", lower[..16].to_ascii_uppercase(), &[32, 64]),
        ("base36", lower, &[20, 24, 32, 40, 48]),
        ("base62", LETTERS[..62].to_vec(), &[20, 24, 32, 50, 97]),
        ("base64url", LETTERS.to_vec(), &[20, 22, 32, 43, 86]),
        ("base64", [&LETTERS[..62], b"+/"].concat(), &[22, 43, 69]),
        ("base36url", [DECIMAL, &LETTERS[..26], b"-_="].concat(), &[32, 40, 64]),
    ]
}

#[test]
#[ignore = "a measurement: cargo test --release --lib measure_random -- --ignored --nocapture"]
fn measure_random() {
    for (name, alphabet, lengths) in drawn() {
        for &length in lengths {
            let mut random = Random(length as u64);
            let mut body = vec![0; length];
            let mut bits: Vec<f64> = (0..1_000_000)
                .map(|_| {
                    random.fill(&mut body, &alphabet);
                    evidence(&body).bits
                })
                .collect();
            bits.sort_by(f64::total_cmp);
            let short = |least: f64| bits.partition_point(|&bits| bits < least);
            println!(
                "{name} {length}: {} below LIKELY, {} below CERTAIN; min {:.1}, 1e-5 {:.1}, 1e-4 {:.1}, 1e-3 {:.1}, median {:.1}",
                short(LIKELY),
                short(CERTAIN),
                bits[0],
                bits[10],
                bits[100],
                bits[1000],
                bits[500_000]
            );
        }
    }
}

#[test]
#[ignore = "a measurement: NAMES=file of names cargo test --release --lib measure_names -- …"]
fn measure_names() {
    let names = std::fs::read(std::env::var("NAMES").unwrap()).unwrap();
    let mut bits: Vec<(f64, &[u8])> = names
        .split(|&byte| byte == b'\n')
        .filter(|name| name.len() >= 20)
        .map(|name| (evidence(name).bits, name))
        .collect();
    bits.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (bits, name) in &bits[..bits.len().min(120)] {
        println!("{bits:7.1} {}", String::from_utf8_lossy(name));
    }
    for share in [1e-5, 1e-4, 1e-3, 1e-2, 0.5] {
        println!("{share}: {:.1}", bits[(bits.len() as f64 * share) as usize].0);
    }
    println!("{} names", bits.len());
}

#[test]
fn random_bodies_win() {
    let mut random = Random(7);
    for (name, alphabet, lengths) in drawn() {
        for &length in lengths.iter().filter(|&&length| length >= 24) {
            let mut body = vec![0; length];
            for _ in 0..2_000 {
                random.fill(&mut body, &alphabet);
                let bits = evidence(&body).bits;
                assert!(bits > -10.0 && bits < 8.0 * length as f64, "{name} {length}: {bits}");
            }
        }
    }
}

#[test]
fn one_random_body_in_a_thousand_may_fall_short_at_most() {
    let mut random = Random(8);
    for (name, alphabet, lengths) in drawn() {
        for &length in lengths {
            let mut body = vec![0; length];
            let short = (0..5_000)
                .filter(|_| {
                    random.fill(&mut body, &alphabet);
                    evidence(&body).bits < LIKELY
                })
                .count();
            assert!(short <= 5, "{name} {length}: {short}");
        }
    }
}

#[test]
fn signs_speak_for_chance_where_keys_have_them() {
    let printed: Vec<u8> = (b' '..=b'~').filter(|b| !b"\"'\\".contains(b)).collect();
    let django = [DECIMAL, &LETTERS[..26], b"!@#$%^&*(-_=+)"].concat();
    let mut random = Random(9);
    for (alphabet, length) in [(django, 50), (printed, 64)] {
        let mut body = vec![0; length];
        for _ in 0..5_000 {
            random.fill(&mut body, &alphabet);
            let bits = evidence_among(&body, alphabet.len() as u32).bits;
            assert!(bits > CERTAIN, "{}: {bits}", body.escape_ascii());
        }
    }
    for name in ["the-users-of-this(and that)", "params.fetch(:password)", "my_key+other_key&more"]
    {
        let bits = evidence_among(name.as_bytes(), 92).bits;
        assert!(bits < -10.0, "{name}: {bits}");
    }
}

#[test]
fn names_lose_by_dozens_of_bits() {
    for name in [
        "list-test-fixture-dependency-two",
        "menu_item_background_colour",
        "application-controller-service-account",
        "application_installation_secret",
        "timing__timing_stats_lap_times__dbt_tmp",
        "abstractSingletonProxyFactoryBean",
        "RISK_LIVE_TRADING_ENABLED",
        "20240115103000_create_active_storage_tables",
    ] {
        let Evidence { bits, .. } = evidence(name.as_bytes());
        assert!(bits < -36.0, "{name}: {bits}");
    }
    for name in ["super_tajny_token", "sena_combinacoes", "mein_passwort_hier", "motdepasse"] {
        let Evidence { bits, .. } = evidence(name.as_bytes());
        assert!(bits < -8.0, "{name}: {bits}");
    }
}

#[test]
fn a_key_with_a_structured_start_wins() {
    let mut random = Random(9);
    let mut body = vec![0; 97];
    for (start, length) in [("51", 99), ("a2V5Xz", 75), ("live_", 69)] {
        body.resize(length - start.len(), 0);
        for _ in 0..2_000 {
            let alphabet = if start == "live_" { &b"0123456789abcdef"[..] } else { &LETTERS[..62] };
            random.fill(&mut body, alphabet);
            let whole = [start.as_bytes(), &body].concat();
            assert!(evidence(&whole).bits > CERTAIN, "{start}: {}", evidence(&whole).bits);
        }
    }
}

#[test]
fn the_alphabet_is_the_smallest_that_holds_the_body() {
    for (body, alphabet) in [
        ("", Alphabet::Decimal),
        ("0042", Alphabet::Decimal),
        ("00ff", Alphabet::Hex),
        ("00FF", Alphabet::Hex),
        ("00fF", Alphabet::Base62),
        ("00fg", Alphabet::Base36),
        ("00f-", Alphabet::Base64Url),
        ("00f/A==", Alphabet::Base64),
        ("00f=A", Alphabet::Base64Url),
        ("0f-g=_0123456789abcdefghij", Alphabet::Base36Url),
        ("00f/A=-", Alphabet::Other),
        ("0f-g/+0123456789abcdefghijABCDEFGHIJ0123", Alphabet::Mixed),
        ("0f-G=_0123456789abcdefghij", Alphabet::Base64Url),
        ("0F-G=_0123456789ABCDEFGHIJ", Alphabet::Base64Url),
        ("an-ordinary-name-of-something", Alphabet::Base64Url),
        ("-/", Alphabet::Other),
        ("00000000-0000-4000-8000-00000000000A", Alphabet::Uuid),
    ] {
        assert_eq!(Alphabet::of(body.as_bytes()), alphabet, "{body}");
    }
}

#[test]
fn a_uuid_is_weighed_like_its_digits() {
    let mut random = Random(10);
    let mut digits = vec![0; 32];
    random.fill(&mut digits, b"0123456789abcdef");
    let text = String::from_utf8(digits.clone()).unwrap();
    let groups = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
    let uuid = groups.join("-");
    assert!((evidence(uuid.as_bytes()).bits - evidence(&digits).bits).abs() < 1.0);
}

proptest! {
    #[test]
    fn any_bytes_have_finite_evidence(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let Evidence { bits, alphabet } = evidence(&body);
        let length = body.len() as f64;
        // No character costs less than nothing, nor more than three prices.
        prop_assert!(bits >= -length * alphabet.bits() - 1e-9 && bits <= 48.0 * length);
    }
}
