//! The dates, times, durations and time zones of the crate `chrono`.
//!
//! | file | concern |
//! |---|---|
//! | `naive.rs` | `TimeDelta`, and dates and times without a time zone |
//! | `date_time.rs` | `DateTime<Tz>` |
//! | `offset.rs` | `FixedOffset`, `Utc`, `Local` |
//!
//! Python counts in microseconds: nanoseconds are truncated. It has no leap seconds: they become
//! the second before, with a warning.

mod date_time;
mod naive;
mod offset;
#[cfg(test)]
mod tests;
