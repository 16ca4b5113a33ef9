//! The version that runs, and the commit from which it was built (build.rs).

/// Version with commit and date, as `--version` shows it: `0.2.0 (eb474cf7d3 2026-11-26)`. A build for development
/// names neither.
pub const VERSION: &str = env!("VERSION");

/// The version alone.
pub const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// The first digits of the commit; empty if the build did not know it.
pub const COMMIT: &str = env!("COMMIT");

/// The day of the commit, `2026-11-26`; empty if the build did not know it.
pub const COMMIT_DATE: &str = env!("COMMIT_DATE");
