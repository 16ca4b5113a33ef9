//! Putting a mapping in force: at start, from the command line, over the API. One way for all.

use toml::Table;

use super::{Engine, MappingInForce};
use crate::{
    clock::Clock,
    domain::{document::Problem, mapping::Mapping},
    store::{MappingRevision, NewMapping, Result, Store, StoreError},
};

/// A mapping document that has been read.
#[derive(Clone, Debug)]
pub struct Document {
    /// TOML as it was written, or as we would write it.
    pub text: String,
    /// What it means.
    pub mapping: Mapping,
}

impl Document {
    /// Reads TOML as a person wrote it; comments stay.
    pub fn from_toml(file: &str, text: &str) -> std::result::Result<Self, Vec<Problem>> {
        Ok(Self { mapping: Mapping::parse(file, text)?, text: text.to_owned() })
    }

    /// From a document that came as JSON.
    pub fn from_table(table: &Table) -> std::result::Result<Self, Vec<Problem>> {
        let mapping = Mapping::read(table)?;
        let text = toml::to_string(&mapping.to_table()).expect("a mapping is texts, flags and tables");
        Ok(Self { text, mapping })
    }
}

/// What putting a mapping in force came to.
#[derive(Clone, Debug)]
pub enum Applied {
    /// It says what the one in force says: nothing was changed.
    Equal(MappingInForce),
    /// It is in force from now on.
    Changed(MappingInForce, Vec<String>),
    /// Another mapping was put in force in the meantime; this revision.
    Stale(i64),
}

/// The mapping in force; revision 0 when none was ever given.
pub async fn in_force(store: &dyn Store) -> Result<MappingInForce> {
    match store.mapping().await? {
        None => Ok(MappingInForce { revision: 0, mapping: Mapping::default() }),
        Some(stored) => read(&stored),
    }
}

fn read(stored: &MappingRevision) -> Result<MappingInForce> {
    let name = format!("mapping revision {}", stored.revision);
    let mapping = Mapping::parse(&name, &stored.document).map_err(|problems| {
        let problem = problems.first().map(ToString::to_string).unwrap_or_default();
        StoreError::Unreadable(format!("{name}: {problem}"))
    })?;
    Ok(MappingInForce { revision: stored.revision, mapping })
}

/// Puts a mapping in force unless it equals the one that is; `replaces` names the revision it was made from,
/// `None` takes whatever is in force.
pub async fn apply(
    store: &dyn Store,
    clock: &dyn Clock,
    document: Document,
    who: &str,
    replaces: Option<i64>,
) -> Result<Applied> {
    let current = match in_force(store).await {
        // Written by another version: it is replaced as a whole.
        Err(StoreError::Unreadable(_)) => {
            let revision = store.mapping().await?.map_or(0, |stored| stored.revision);
            MappingInForce { revision, mapping: Mapping::default() }
        }
        current => current?,
    };
    if replaces.is_some_and(|replaces| replaces != current.revision) {
        return Ok(Applied::Stale(current.revision));
    }
    if current.revision > 0 && current.mapping == document.mapping {
        return Ok(Applied::Equal(current));
    }
    let changes = document.mapping.changes_since(&current.mapping);
    let new = NewMapping {
        document: document.text,
        who: who.to_owned(),
        changes: changes.clone(),
        replaces: current.revision,
    };
    match store.put_mapping(&new, clock.now()).await? {
        None => Ok(Applied::Stale(current.revision + 1)),
        Some(put) => {
            let in_force = MappingInForce { revision: put.revision, mapping: document.mapping };
            Ok(Applied::Changed(in_force, changes))
        }
    }
}

impl Engine {
    /// Takes over a mapping that another process put in force. A decision by an older one would change nothing.
    pub(super) async fn refresh_mapping(&self) -> Result<()> {
        let newest = self.store.mapping_revision().await?;
        if newest != self.mapping().revision {
            let in_force = in_force(self.store.as_ref()).await?;
            tracing::info!(revision = in_force.revision, "mapping revision {} is in force", in_force.revision);
            self.set_mapping(in_force);
        }
        Ok(())
    }
}
