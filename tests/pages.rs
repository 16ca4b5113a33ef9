//! The pages as a browser without scripts meets them: status, headers and visible text of the real binary's answers.

#[path = "binary/forstok.rs"]
#[expect(dead_code, reason = "each test target uses its part of the harness")]
mod forstok;
#[path = "binary/service.rs"]
#[expect(dead_code, reason = "each test target uses its part of the harness")]
mod service;
#[path = "pages/visitor.rs"]
mod visitor;

#[path = "pages/addresses.rs"]
mod addresses;
#[path = "pages/demo.rs"]
mod demo;
#[path = "pages/exporting.rs"]
mod exporting;
#[path = "pages/hostile.rs"]
mod hostile;
#[path = "pages/signing_in.rs"]
mod signing_in;
#[path = "pages/webhooks.rs"]
mod webhooks;
#[path = "pages/working.rs"]
mod working;
