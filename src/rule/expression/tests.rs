//! Tests of `rule::expression`.
