//! What goes into storage and what comes out, by stage.

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
mod replicas;
mod seen;
mod settling;
mod shadow;
mod timeline;

pub use self::{
    claims::*, deciding::*, hints::*, imports::*, inbox::*, lists::*, masters::*, notices::*, posting::*,
    reconciliation::*, replicas::*, seen::*, settling::*, shadow::*, timeline::*,
};
pub use crate::domain::state::State;
