-- Whose copy this database is, if `store copy` made it. As long as that is not finished no service works here.
CREATE TABLE copies (
    id          BIGINT PRIMARY KEY CHECK (id = 1),
    source      TEXT   NOT NULL,                     -- the name that the source has for itself
    path        TEXT   NOT NULL,                     -- where it was found, for people
    finished_at BIGINT
);
