//! The pages as people use them: in Debian's Chromium, wide and narrow, in both languages, with and without scripts.
//!
//! `axe-4.14.1.min.js` is axe-core 4.14.1 (npm, `axe-core`, unchanged; Mozilla Public License 2.0, `axe-LICENSE.txt`).

mod chromium;

mod accessibility;
mod after_sale;
mod first_start;
mod live;
mod mapping;
mod payout_file;
mod reconciliation;
mod shadow;
mod story;
