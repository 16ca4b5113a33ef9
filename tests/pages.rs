//! The pages in a browser without scripts: status, headers and visible text of the real binary's answers.

pub(crate) mod visitor;

mod addresses;
pub(crate) mod after_sale;
mod after_sale_reasons;
mod demo;
mod exporting;
mod hostile;
mod mapping;
mod mapping_history;
mod mapping_lists;
mod notices;
pub(crate) mod payout_import;
mod reconciled_days;
pub(crate) mod reconciliation;
mod set_aside;
pub(crate) mod setting_up;
mod setup_trouble;
mod shadow;
mod signing_in;
mod skus;
mod statement;
mod way_back;
mod webhooks;
mod working;
