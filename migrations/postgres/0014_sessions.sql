-- Who is signed in on the pages. Only digests: whoever reads this table can be nobody with it.
CREATE TABLE sessions (
    digest   TEXT   PRIMARY KEY COLLATE "C",   -- SHA-256 of the cookie's value
    operator TEXT NOT NULL,
    proof    TEXT NOT NULL,                      -- of the operator's token and role: another one ends the session
    until    BIGINT NOT NULL
);
CREATE INDEX sessions_by_end ON sessions (until);
