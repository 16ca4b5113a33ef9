//! What goes into storage and what comes out, by stage.

mod after_sale;
mod claims;
mod deciding;
mod hints;
mod imports;
mod inbox;
mod lists;
mod masters;
mod notices;
mod posting;
mod reconciliation;
mod recording;
mod replicas;
mod seen;
mod shadow;
mod timeline;

pub use self::{
    after_sale::*, claims::*, deciding::*, hints::*, imports::*, inbox::*, lists::*, masters::*, notices::*,
    posting::*, reconciliation::*, recording::*, replicas::*, seen::*, shadow::*, timeline::*,
};
pub use crate::domain::state::State;
