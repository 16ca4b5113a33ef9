//! Who is signed in on the pages.

use jiff::{SignedDuration, Timestamp};

use super::{
    Result, SessionRecord,
    dialect::{Columns, Dialect},
    rows::timestamp,
};

/// How long a person stays signed in.
pub const SESSION_LASTS: SignedDuration = SignedDuration::from_hours(12);

/// How far the clocks of replicas may be apart.
const OTHER_CLOCKS: SignedDuration = SignedDuration::from_mins(1);

pub(super) async fn open(db: &mut impl Dialect, session: &SessionRecord, now: Timestamp) -> Result<()> {
    // Signing in deletes expired sessions.
    db.execute("DELETE FROM sessions WHERE until <= $1", &[now.into()]).await?;
    let sql = "INSERT INTO sessions (digest, operator, proof, until) VALUES ($1, $2, $3, $4)";
    let SessionRecord { digest, operator, proof, until } = session;
    db.execute(sql, &[digest.into(), operator.into(), proof.into(), (*until).into()]).await?;
    Ok(())
}

pub(super) async fn find(db: &mut impl Dialect, digest: &str, now: Timestamp) -> Result<Option<SessionRecord>> {
    // One that would last longer was opened while the clock was ahead.
    let sql = "SELECT digest, operator, proof, until FROM sessions WHERE digest = $1 AND until > $2 AND until <= $3";
    let latest = now + SESSION_LASTS + OTHER_CLOCKS;
    let rows = db.fetch(sql, &[digest.into(), now.into(), latest.into()]).await?;
    let session = |row: &_| {
        Ok(SessionRecord {
            digest: Columns::text(row, "digest")?.to_owned(),
            operator: Columns::text(row, "operator")?.to_owned(),
            proof: Columns::text(row, "proof")?.to_owned(),
            until: timestamp(Columns::number(row, "until")?)?,
        })
    };
    rows.first().map(session).transpose()
}

pub(super) async fn end(db: &mut impl Dialect, digest: &str) -> Result<()> {
    db.execute("DELETE FROM sessions WHERE digest = $1", &[digest.into()]).await?;
    Ok(())
}
