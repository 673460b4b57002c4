//! What everybody has seen: keys that are printed in public documents, and digests of common inputs.
//!
//! Not here: what looks like a sample without being known (`placeholder`).

use sha2::{Digest, Sha256};

use super::bytes;

/// Six-byte starts of digests, sorted; `scripts/digests.py` makes them.
static DIGESTS: &[u8] = include_bytes!("known_digests.bin");
const DIGEST_BYTES: usize = 6;

/// First eight bytes of the SHA-256 of published bodies: sample keys of Stripe's documentation, keys of
/// Google's own samples, UUIDs (lower-case) that standards and manuals use as examples, the tokens in the
/// examples of OAuth (RFC 5849, 6749, 6750, 7009, 7636), of Telegram's and Docker's manuals, the
/// project of Infura that all tutorials have, and the key with which Yarn searches.
const PUBLISHED: &[u64] = &[
    0x153a_1825_8645_1358,
    0x74e1_1884_b07b_1d51,
    0x740f_f49a_f25d_70c2,
    0xc1c4_5784_935e_da01,
    0x9b64_dc2a_04f6_43af,
    0x9b79_e401_4755_e26f,
    0xe585_5ff4_8799_c52c,
    0x9ba5_3bcd_10e9_193d,
    0xfa7d_6c8d_dbcc_290e,
    0x124a_fceb_e52a_d4a2,
    0x30a5_154b_77ab_8b2d,
    0xa3a9_e1ed_9732_cab2,
    0x986c_0dc9_56dc_822b,
    0x203f_a897_acf2_b02d,
    0xc7aa_09cd_25da_8b6a,
    0x0aca_198e_e797_9a67,
    0x8f40_0c25_7611_ed5d,
    0x5c28_b202_2dca_14af,
    0x0770_3eb4_0e2f_1d68,
    0x5664_72f4_df93_4614,
    0x97aa_6b16_caac_89e3,
    0x8733_fe09_5912_7882,
    0x3361_33f6_82fe_aa0e,
    0xcf34_1b9c_95e8_4cb7,
    0x0243_0553_aacd_4244,
    0xf127_6545_83e7_e2d1,
    0x64db_43ad_5a6c_69f5,
    0x00d8_0426_e5f9_a1e0,
    0x991f_7455_fc2a_95cb,
    0x6530_c104_f485_b41e,
    0xe4ce_6086_34a7_f4d0,
    0x0671_4ae7_1d8e_2c1c,
    0x1a3f_9585_e009_bd49,
    0x4c20_e6f5_cc11_b937,
    0x6c96_130f_130a_b0d6,
    0x00cf_4c78_1dc3_7003,
    0xca74_59e2_b267_76de,
    0x584b_27d6_4ebc_1b33,
    0xea9b_dfd0_2c0c_412c,
    0x2ff8_b0fb_93ac_a981,
    0xbb9b_1163_338b_2a51,
    0x80f8_b7c9_04d4_a43f,
    0xcb87_c87e_4a13_8d9a,
    0x649e_1f5c_769e_718b,
    0x2932_57ab_6495_ebb1,
    0x6aa1_4267_d949_44e6,
    0xc20f_bc2b_9618_3894,
    0xb87d_ad10_a32a_2d81,
    0x53f5_da0a_aa93_d64c,
    0xe997_4c50_7d2a_8021,
    0xa35b_81a7_d792_7b70,
    0xb8e1_4854_5b13_c78b,
    0x13d3_1e96_1a1a_d8ec,
    0x0d29_9b1e_b548_708d,
    0x2c1e_94b8_ab9f_8cdd,
    0x130b_21a2_cffe_d4eb,
    0xa75e_aefe_24cf_ff3a,
    0x9f4f_ba76_6ed6_b56b,
    0xbfce_2fc5_e294_5b92,
    0x5e32_825e_7048_a880,
    0xc029_95ef_ffd5_7c85,
    0x5d6e_eff5_64ca_ad6d,
    0x2f21_fd9c_8167_8e39,
    0xe0d7_d249_06a4_376f,
];

/// Whether a body of 16 characters or more begins as a well-known digest does, in hex or base64.
pub(super) fn is_known_digest(body: &[u8]) -> bool {
    let is_known = |bytes: Vec<u8>| {
        let start = bytes.get(..DIGEST_BYTES);
        start.is_some_and(|start| DIGESTS.chunks_exact(DIGEST_BYTES).any(|known| known == start))
    };
    body.len() >= 16 && bytes::read(body).is_some_and(is_known)
}

/// Whether a body is printed in public documents.
pub(super) fn is_published(body: &[u8]) -> bool {
    let mut digest = Sha256::new();
    if body.len() == 36 && body.get(8) == Some(&b'-') {
        digest.update(body.to_ascii_lowercase());
    } else {
        digest.update(body);
    }
    let start =
        digest.finalize().iter().take(8).fold(0u64, |sum, &byte| (sum << 8) | u64::from(byte));
    PUBLISHED.contains(&start)
}
