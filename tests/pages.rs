//! The pages as a browser without scripts meets them: status, headers and visible text of the real binary's answers.

mod visitor;

mod addresses;
mod demo;
mod exporting;
mod hostile;
mod signing_in;
mod webhooks;
mod working;
