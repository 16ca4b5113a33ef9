-- Times are microseconds since 1970; amounts are texts, never floats.

-- What Forstok sent. The same snapshot again counts up `times` instead of adding a row.
CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY,             -- order of arrival
    order_id    TEXT    NOT NULL,                -- '' when the body is no order that can be read
    fingerprint BLOB    NOT NULL,
    event       TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    times       INTEGER NOT NULL DEFAULT 1,
    problem     TEXT,                            -- what was not understood
    body        BLOB                             -- as it came
) STRICT;
CREATE UNIQUE INDEX deliveries_of_order ON deliveries (order_id, fingerprint);

-- One row an order: the job queue and the record in one, so that claim, outcome and state commit together.
CREATE TABLE orders (
    id               INTEGER PRIMARY KEY,        -- order of first sight; pages of lists go by it
    order_id         TEXT    NOT NULL,
    store_id         TEXT    NOT NULL,
    store_name       TEXT    NOT NULL,
    channel          TEXT    NOT NULL,
    channel_order_id TEXT    NOT NULL,
    status           TEXT    NOT NULL,           -- of the snapshot whose amounts count
    ordered_at       INTEGER,
    received_at      INTEGER NOT NULL,           -- when the newest news arrived
    history          TEXT    NOT NULL,           -- all snapshots folded, JSON
    latest_delivery  INTEGER NOT NULL,
    revision         INTEGER NOT NULL,           -- grows with all news; a decision names the one it was made for
    undecided        INTEGER NOT NULL,           -- 1: there is news to decide about
    state            TEXT    NOT NULL,
    reason           TEXT    NOT NULL DEFAULT '',
    findings         TEXT    NOT NULL DEFAULT '[]',
    warnings         TEXT    NOT NULL DEFAULT '[]',
    mapping_revision INTEGER NOT NULL DEFAULT 0, -- the mapping of the last decision
    book             TEXT    NOT NULL DEFAULT '',
    draft            TEXT,                       -- what is sent, JSON
    due_since        INTEGER,
    next_attempt_at  INTEGER NOT NULL DEFAULT 0, -- while a lease lives, its end
    lease_until      INTEGER NOT NULL DEFAULT 0, -- 0: nobody works on it
    attempt          INTEGER NOT NULL DEFAULT 0, -- of the current claim; a late worker names an older one
    tries            INTEGER NOT NULL DEFAULT 0, -- attempts that count
    failures         INTEGER NOT NULL DEFAULT 0, -- in a row, for the waiting time
    unsure_since     INTEGER NOT NULL DEFAULT 0, -- an invoice may stand that we do not know of: when it was sent
    unsure_before    INTEGER NOT NULL DEFAULT 0, -- the same as it was before the current claim
    invoice_number   TEXT,
    invoice_id       INTEGER,
    invoice_date     TEXT,
    invoice_total    TEXT,
    invoiced_at      INTEGER,
    created_at       INTEGER NOT NULL,
    changed_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX orders_by_order_id ON orders (order_id);
CREATE INDEX orders_undecided ON orders (id) WHERE undecided = 1;
CREATE INDEX orders_claimable ON orders (book, next_attempt_at) WHERE state IN ('due', 'void_due');
CREATE INDEX orders_due_since ON orders (due_since) WHERE state = 'due';
CREATE INDEX orders_by_state ON orders (state, id);
CREATE INDEX orders_by_reason ON orders (reason, id) WHERE reason <> '';
CREATE INDEX orders_by_store ON orders (store_id, id);
CREATE INDEX orders_by_channel_order_id ON orders (channel_order_id);
CREATE INDEX orders_by_invoice_number ON orders (invoice_number) WHERE invoice_number IS NOT NULL;

-- How many orders stand where: kept by the triggers below, so that no count scans the history.
CREATE TABLE order_counts (
    state    TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    store_id TEXT    NOT NULL,
    n        INTEGER NOT NULL,
    PRIMARY KEY (state, reason, store_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER orders_counted AFTER INSERT ON orders BEGIN
    INSERT INTO order_counts (state, reason, store_id, n) VALUES (NEW.state, NEW.reason, NEW.store_id, 1)
        ON CONFLICT (state, reason, store_id) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER orders_recounted AFTER UPDATE OF state, reason, store_id ON orders
    WHEN OLD.state <> NEW.state OR OLD.reason <> NEW.reason OR OLD.store_id <> NEW.store_id BEGIN
    UPDATE order_counts SET n = n - 1 WHERE state = OLD.state AND reason = OLD.reason AND store_id = OLD.store_id;
    INSERT INTO order_counts (state, reason, store_id, n) VALUES (NEW.state, NEW.reason, NEW.store_id, 1)
        ON CONFLICT (state, reason, store_id) DO UPDATE SET n = n + 1;
END;

-- What happened to each order, in order.
CREATE TABLE timeline (
    order_id TEXT    NOT NULL,
    seq      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    event    TEXT    NOT NULL,
    PRIMARY KEY (order_id, seq)
) STRICT, WITHOUT ROWID;

-- Every mapping that was ever in force; the newest is.
CREATE TABLE mappings (
    revision INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    who      TEXT    NOT NULL,
    document TEXT    NOT NULL
) STRICT;
