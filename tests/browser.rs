//! The pages as people meet them: in Debian's Chromium, wide and narrow, in both languages, with and without scripts.
//!
//! `axe-4.14.1.min.js` is axe-core 4.14.1 (npm, `axe-core`, unchanged; Mozilla Public License 2.0, `axe-LICENSE.txt`).

#[path = "browser/chromium.rs"]
mod chromium;
#[path = "binary/forstok.rs"]
#[expect(dead_code, reason = "each test target uses its part of the harness")]
mod forstok;
#[path = "binary/service.rs"]
#[expect(dead_code, reason = "each test target uses its part of the harness")]
mod service;

#[path = "browser/accessibility.rs"]
mod accessibility;
#[path = "browser/story.rs"]
mod story;
