//! Tests of `filter::expression`.
