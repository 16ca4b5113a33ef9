//! Applies a mapping in the same way at startup, from the command line and over the API.

use toml::Table;

use super::Deciding;
use crate::{
    clock::Clock,
    domain::{
        mapping::{Mapping, PostingMode, text::removes_something},
        toml_text::Problem,
    },
    storage::{MappingRevision, Mappings, NewMapping, Result, StorageError, Superseded},
};

/// Number of changes that one log line lists.
const MOST_LOGGED: usize = 20;

/// Largest number of characters of a note.
const LONGEST_NOTE: usize = 500;

/// Who changes a mapping, and why.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// The person, or the mapping file.
    pub who: &'a str,
    /// Why, as the person wrote it; may be empty.
    pub note: &'a str,
}

impl<'a> From<&'a str> for Author<'a> {
    fn from(who: &'a str) -> Self {
        Self { who, note: "" }
    }
}

/// A mapping with its revision.
#[derive(Clone, Debug)]
pub struct ActiveMapping {
    /// 0 if no mapping was ever applied.
    pub revision: i64,
    /// The rules.
    pub mapping: Mapping,
}

/// A parsed mapping document.
#[derive(Clone, Debug)]
pub struct Document {
    /// TOML as a person wrote it, or generated.
    pub text: String,
    /// The mapping that it describes.
    pub mapping: Mapping,
}

impl Document {
    /// Parses TOML that a person wrote; comments are kept.
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

impl Document {
    /// The same document with another `posting`. Comments are kept where the text allows it.
    #[must_use]
    pub fn with_posting(&self, posting: PostingMode) -> Self {
        let mapping = Mapping { posting, ..self.mapping.clone() };
        let line = format!("posting = \"{}\"", posting.as_str());
        let is_posting = |line: &str| line.split_once('=').is_some_and(|(key, _)| key.trim() == "posting");
        let lines = self.text.lines().map(|known| if is_posting(known) { &line } else { known });
        let text = lines.collect::<Vec<_>>().join("\n") + "\n";
        if Mapping::parse("mapping", &text).is_ok_and(|read| read == mapping) {
            return Self { text, mapping };
        }
        let text = toml::to_string(&mapping.to_table()).expect("a mapping is texts, flags and tables");
        Self { text, mapping }
    }
}

/// The outcome of applying a mapping.
#[derive(Clone, Debug)]
pub enum Applied {
    /// It equals the active mapping: nothing was changed.
    Equal(ActiveMapping),
    /// It is active now.
    Changed(ActiveMapping, Vec<String>),
    /// Another mapping was applied in the meantime; this revision is active.
    Stale(i64),
}

/// The outcome of reading the mapping file again.
#[derive(Clone, Debug)]
pub enum OfFile {
    /// The file has not changed since it was last applied. Later changes by people stay active.
    Unchanged(ActiveMapping),
    /// The file has changed since it was last applied.
    Changed(Applied),
}

/// The active mapping; revision 0 if none was ever applied.
pub async fn current(storage: &dyn Mappings) -> Result<ActiveMapping> {
    match storage.mapping().await? {
        None => Ok(ActiveMapping { revision: 0, mapping: Mapping::default() }),
        Some(stored) => read(&stored),
    }
}

/// A stored revision as a document.
pub fn read_document(stored: &MappingRevision) -> Result<Document> {
    Ok(Document { mapping: read(stored)?.mapping, text: stored.document.clone() })
}

fn read(stored: &MappingRevision) -> Result<ActiveMapping> {
    let name = format!("mapping revision {}", stored.revision);
    let mapping = Mapping::parse(&name, &stored.document).map_err(|problems| {
        let problem = problems.first().map(ToString::to_string).unwrap_or_default();
        StorageError::Unreadable(format!("{name}: {problem}"))
    })?;
    Ok(ActiveMapping { revision: stored.revision, mapping })
}

/// Applies the mapping file of the settings, if the file has changed since it was last applied.
///
/// Only the mapping that the file describes counts: a changed comment is not a change. `author` is one of
/// [`MAPPING_FILE_AUTHORS`](crate::storage::MAPPING_FILE_AUTHORS).
pub async fn apply_file(
    storage: &dyn Mappings,
    clock: &dyn Clock,
    document: Document,
    author: impl Into<Author<'_>>,
) -> Result<OfFile> {
    let author = author.into();
    if said_before(storage, &document.mapping).await? {
        match current(storage).await {
            // A mapping that another version wrote and this one cannot read: the file replaces it.
            Err(StorageError::Unreadable(_)) => {}
            active => return Ok(OfFile::Unchanged(active?)),
        }
    }
    let applied = apply(storage, clock, document.clone(), author, None).await?;
    let Applied::Equal(active) = applied else { return Ok(OfFile::Changed(applied)) };
    // Another replica may have applied the same file in the meantime.
    if said_before(storage, &document.mapping).await? {
        return Ok(OfFile::Unchanged(active));
    }
    // A person has already applied the content of the file. This must be recorded: otherwise the file would always
    // count as changed, and the next start would undo later changes.
    let new = NewMapping {
        document: document.text,
        who: author.who.to_owned(),
        note: author.note.to_owned(),
        changes: Vec::new(),
        posting: document.mapping.posting,
        replaces: active.revision,
    };
    Ok(OfFile::Changed(match storage.put_mapping(&new, clock.now()).await? {
        Err(Superseded { active }) => Applied::Stale(active),
        Ok(put) => Applied::Equal(ActiveMapping { revision: put.revision, mapping: active.mapping }),
    }))
}

/// Whether the file was the same when it was last applied.
async fn said_before(storage: &dyn Mappings, mapping: &Mapping) -> Result<bool> {
    let last = storage.mapping_of_file().await?;
    Ok(last.is_some_and(|last| read(&last).is_ok_and(|last| last.mapping == *mapping)))
}

/// Applies a mapping unless it equals the active one. `replaces` is the revision that it was based on; `None` replaces
/// any revision.
pub async fn apply(
    storage: &dyn Mappings,
    clock: &dyn Clock,
    document: Document,
    author: impl Into<Author<'_>>,
    replaces: Option<i64>,
) -> Result<Applied> {
    let Author { who, note } = author.into();
    let current = match current(storage).await {
        // A mapping that another version wrote and this one cannot read: it is replaced as a whole.
        Err(StorageError::Unreadable(_)) => {
            let revision = storage.mapping().await?.map_or(0, |stored| stored.revision);
            ActiveMapping { revision, mapping: Mapping::default() }
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
        note: note.trim().chars().take(LONGEST_NOTE).collect(),
        changes: changes.clone(),
        posting: document.mapping.posting,
        replaces: current.revision,
    };
    match storage.put_mapping(&new, clock.now()).await? {
        Err(Superseded { active }) => Ok(Applied::Stale(active)),
        Ok(put) => {
            log(&put);
            let active = ActiveMapping { revision: put.revision, mapping: document.mapping };
            Ok(Applied::Changed(active, changes))
        }
    }
}

/// Makes an earlier revision the newest one. `errors` are those of a mapping under the present settings, which may
/// have changed since.
pub async fn restore(
    storage: &dyn Mappings,
    clock: &dyn Clock,
    revision: i64,
    author: Author<'_>,
    replaces: Option<i64>,
    errors: impl FnOnce(&Mapping) -> Vec<Problem>,
) -> Result<Restored> {
    let Some(stored) = revision_of(storage, revision).await? else { return Ok(Restored::Unknown) };
    let document = match Document::from_toml(&format!("revision {revision}"), &stored.document) {
        Ok(document) => document,
        Err(problems) => return Ok(Restored::Refused(problems)),
    };
    let problems = errors(&document.mapping);
    if !problems.is_empty() {
        return Ok(Restored::Refused(problems));
    }
    apply(storage, clock, document, author, replaces).await.map(Restored::Applied)
}

/// A mapping that was applied at some time.
pub async fn revision_of(storage: &dyn Mappings, revision: i64) -> Result<Option<MappingRevision>> {
    if !(1..i64::MAX).contains(&revision) {
        return Ok(None);
    }
    let found = storage.mappings_below(revision + 1, 1).await?.pop();
    Ok(found.filter(|stored| stored.revision == revision))
}

/// The outcome of restoring a revision.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "one is made each time a person restores a mapping")]
pub enum Restored {
    /// As when it is applied.
    Applied(Applied),
    /// There is no such revision.
    Unknown,
    /// It can no longer be used, because of these errors.
    Refused(Vec<Problem>),
}

/// Logs who changed what, as a warning if something was removed that orders may need.
fn log(applied: &MappingRevision) {
    let MappingRevision { revision, who: author, changes, .. } = applied;
    let rest = changes.len().saturating_sub(MOST_LOGGED);
    let rest = (rest > 0).then(|| format!("and {rest} more, which `mapping history` lists"));
    let named: Vec<_> = changes.iter().take(MOST_LOGGED).cloned().chain(rest).collect();
    let named = named.join("; ");
    if changes.iter().any(|change| removes_something(change)) {
        tracing::warn!(revision, actor = author, "mapping revision {revision} is active, by {author}: {named}");
    } else {
        tracing::info!(revision, actor = author, "mapping revision {revision} is active, by {author}: {named}");
    }
}

impl Deciding {
    /// Loads a mapping that another process applied, and returns whether there was one. A decision based on an older
    /// mapping would have no effect.
    pub async fn refresh_mapping(&self) -> Result<bool> {
        let newest = self.storage.mapping_revision().await?;
        if newest != self.mapping().revision
            && let Some(applied) = self.storage.mapping().await?
        {
            let active = read(&applied)?;
            log(&applied);
            self.set_mapping(active);
            return Ok(true);
        }
        Ok(false)
    }
}
