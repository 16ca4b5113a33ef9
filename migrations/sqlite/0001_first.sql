-- The tables, in the order in which an order meets them. Times are microseconds since 1970. Amounts are texts, or whole
-- hundredths of a rupiah where they are added up; never floats.

-- What Forstok sent. When the same snapshot arrives again, `times` is incremented instead of adding a row.
CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY, -- in the order of arrival
    order_id    TEXT    NOT NULL,    -- '' if the body cannot be read as an order
    fingerprint BLOB    NOT NULL,    -- equal for bodies with the same content
    event       TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,    -- when it arrived last
    times       INTEGER NOT NULL DEFAULT 1,
    problem     TEXT,                -- why it could not be read
    names_order TEXT,                -- an order that an unreadable body names
    origin      TEXT    NOT NULL,    -- how it came first: 'webhook', 'import' or 'backfill'
    body        BLOB                 -- unchanged; NULL once it was deleted
) STRICT;
CREATE UNIQUE INDEX deliveries_of_order ON deliveries (order_id, fingerprint);
CREATE INDEX deliveries_naming ON deliveries (names_order, id) WHERE names_order IS NOT NULL;
CREATE INDEX deliveries_unreadable ON deliveries (id) WHERE order_id = '';

-- How many deliveries cannot be read as orders.
CREATE TABLE delivery_counts (
    what TEXT    NOT NULL PRIMARY KEY, -- 'unreadable'
    n    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER unreadable_counted AFTER INSERT ON deliveries WHEN NEW.order_id = '' BEGIN
    INSERT INTO delivery_counts (what, n) VALUES ('unreadable', 1) ON CONFLICT (what) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER unreadable_recounted AFTER UPDATE OF order_id ON deliveries
    WHEN (OLD.order_id = '') <> (NEW.order_id = '') BEGIN
    INSERT INTO delivery_counts (what, n) VALUES ('unreadable', CASE WHEN NEW.order_id = '' THEN 1 ELSE -1 END)
        ON CONFLICT (what) DO UPDATE SET n = n + excluded.n;
END;
CREATE TRIGGER unreadable_uncounted AFTER DELETE ON deliveries WHEN OLD.order_id = '' BEGIN
    UPDATE delivery_counts SET n = n - 1 WHERE what = 'unreadable';
END;

-- Deliveries that are on disk but not yet folded into their orders, so that an answer waits for one insert only.
CREATE TABLE unfolded (
    delivery INTEGER PRIMARY KEY  -- of deliveries
) STRICT;

-- One row per order: what Forstok said, what was decided, and the state that people see.
CREATE TABLE orders (
    id               INTEGER PRIMARY KEY,           -- in the order of first sight
    order_id         TEXT    NOT NULL,              -- Forstok's
    store_id         TEXT    NOT NULL,
    store_name       TEXT    NOT NULL,
    channel          TEXT    NOT NULL,
    channel_order_id TEXT    NOT NULL,              -- the marketplace's
    status           TEXT    NOT NULL,              -- of the snapshot whose amounts count
    ordered_at       INTEGER,
    received_at      INTEGER NOT NULL,              -- when the latest news arrived
    created_at       INTEGER NOT NULL,              -- when the first news arrived
    history          TEXT    NOT NULL,              -- all snapshots folded, JSON
    latest_delivery  INTEGER NOT NULL,              -- whose amounts count
    amount           INTEGER NOT NULL DEFAULT 0,    -- hundredths: of the invoice, else the draft, else the order
    terms            INTEGER NOT NULL DEFAULT 0,    -- a hash of its rows in order_terms, seen_skus and seen_warehouses
    -- The decision.
    revision         INTEGER NOT NULL,              -- incremented by news; a decision names its own
    undecided        INTEGER NOT NULL,              -- 1: there is news to decide about
    mapping_revision INTEGER NOT NULL DEFAULT 0,    -- the mapping of the latest decision
    decision         TEXT,                          -- a person's decision that is in effect, JSON
    state            TEXT    NOT NULL,
    reason           TEXT    NOT NULL DEFAULT '',
    subject          TEXT    NOT NULL DEFAULT '',   -- what the reason is about, for example 'item:KAOS-M'
    findings         TEXT    NOT NULL DEFAULT '[]',
    warnings         TEXT    NOT NULL DEFAULT '[]',
    acknowledged     TEXT    NOT NULL DEFAULT '[]', -- warnings, who acknowledged them and when, JSON
    changed_at       INTEGER NOT NULL,
    -- The invoice as Accurate returned it; kept here for lists and answers.
    invoice_number   TEXT,
    invoice_id       INTEGER,
    invoice_total    TEXT,
    invoiced_at      INTEGER
) STRICT;
CREATE UNIQUE INDEX orders_by_order_id ON orders (order_id);
CREATE INDEX orders_undecided ON orders (id) WHERE undecided = 1;
-- For lists.
CREATE INDEX orders_by_state ON orders (state, id);
CREATE INDEX orders_by_reason ON orders (reason, id) WHERE reason <> '';
CREATE INDEX orders_by_cause ON orders (reason, subject, id) WHERE state = 'blocked';
CREATE INDEX orders_by_store ON orders (store_id, id);
CREATE INDEX orders_by_store_and_state ON orders (store_id, state, id);
CREATE INDEX orders_by_channel_order_id ON orders (channel_order_id);
CREATE INDEX orders_by_invoice_number ON orders (invoice_number) WHERE invoice_number IS NOT NULL;
-- Without a time from Forstok, the arrival counts as the time of the order.
CREATE INDEX orders_by_ordered_at ON orders (COALESCE(ordered_at, created_at));
CREATE INDEX orders_by_created_at ON orders (created_at);
CREATE INDEX orders_by_invoiced_at ON orders (invoiced_at) WHERE invoiced_at IS NOT NULL;
-- Few among many: without these indexes all orders of those days would be read to find them.
CREATE INDEX orders_by_state_and_ordered_at ON orders (state, COALESCE(ordered_at, created_at), id)
    WHERE state = 'blocked' OR state = 'ignored' OR state = 'voided';
CREATE INDEX orders_by_state_and_created_at ON orders (state, created_at, id)
    WHERE state = 'blocked' OR state = 'ignored' OR state = 'voided';
-- Seen again after a cancellation: a mapping with another chosen status decides them again.
CREATE INDEX orders_went_on ON orders (state, id) WHERE history LIKE '%"went_on":true%';

-- What an order is found by beside its own indexes: 's:' and an SKU in lower case; 'r:' and the marketplace's number in
-- lower case and reversed, so that its last digits come first; 'a:' and an amount in hundredths of a rupiah. Nothing is
-- removed: an order is found by every number, SKU and amount it ever had.
CREATE TABLE order_terms (
    term TEXT    NOT NULL,
    id   INTEGER NOT NULL, -- of the order
    PRIMARY KEY (term, id)
) STRICT, WITHOUT ROWID;

-- ON CONFLICT instead of OR IGNORE: an upsert that fires a trigger overrides the latter, and the insert would fail.
CREATE TRIGGER amounts_found AFTER INSERT ON orders WHEN NEW.amount > 0 BEGIN
    INSERT INTO order_terms (term, id) VALUES ('a:' || NEW.amount, NEW.id) ON CONFLICT (term, id) DO NOTHING;
END;
CREATE TRIGGER amounts_found_again AFTER UPDATE OF amount ON orders WHEN NEW.amount > 0 AND OLD.amount <> NEW.amount BEGIN
    INSERT INTO order_terms (term, id) VALUES ('a:' || NEW.amount, NEW.id) ON CONFLICT (term, id) DO NOTHING;
END;

-- Every store that ever had an order, under the name in its latest one.
CREATE TABLE stores (
    store_id TEXT NOT NULL PRIMARY KEY,
    name     TEXT NOT NULL,
    channel  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER stores_seen AFTER INSERT ON orders BEGIN
    INSERT INTO stores (store_id, name, channel) VALUES (NEW.store_id, NEW.store_name, NEW.channel)
        ON CONFLICT (store_id) DO UPDATE SET name = excluded.name, channel = excluded.channel
        WHERE name <> excluded.name OR channel <> excluded.channel;
END;
CREATE TRIGGER stores_seen_again AFTER UPDATE OF store_id, store_name, channel ON orders
    WHEN OLD.store_id <> NEW.store_id OR OLD.store_name <> NEW.store_name OR OLD.channel <> NEW.channel BEGIN
    INSERT INTO stores (store_id, name, channel) VALUES (NEW.store_id, NEW.store_name, NEW.channel)
        ON CONFLICT (store_id) DO UPDATE SET name = excluded.name, channel = excluded.channel
        WHERE name <> excluded.name OR channel <> excluded.channel;
END;

-- What orders contain that can be mapped. Times are those of arrival; `last_at` and `name` may be an hour old, so that
-- orders for one product do not write its row each time.

-- Products, by their key in the mapping: an SKU, or 'variant:' and Forstok's id of a variant without one.
CREATE TABLE seen_skus (
    sku      TEXT    NOT NULL PRIMARY KEY,
    name     TEXT    NOT NULL,
    uses     INTEGER NOT NULL, -- bits: 1 sold alone, 2 as a bundle, 4 contained in a bundle
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Which stores sell them, for their Accurate databases.
CREATE TABLE seen_sku_stores (
    sku      TEXT NOT NULL,
    store_id TEXT NOT NULL,
    PRIMARY KEY (sku, store_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE seen_warehouses (
    warehouse_id TEXT    NOT NULL,
    store_id     TEXT    NOT NULL,
    code         TEXT    NOT NULL, -- the seller's; '' if Forstok sends none
    first_at     INTEGER NOT NULL,
    last_at      INTEGER NOT NULL,
    PRIMARY KEY (warehouse_id, store_id)
) STRICT, WITHOUT ROWID;

-- Counts and sums, in hundredths of a rupiah, that triggers keep up to date, so that none of them reads the history.

-- Orders by state, reason and store.
CREATE TABLE order_counts (
    state    TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    store_id TEXT    NOT NULL,
    n        INTEGER NOT NULL,
    total    INTEGER NOT NULL,
    PRIMARY KEY (state, reason, store_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER orders_counted AFTER INSERT ON orders BEGIN
    INSERT INTO order_counts (state, reason, store_id, n, total)
        VALUES (NEW.state, NEW.reason, NEW.store_id, 1, NEW.amount)
        ON CONFLICT (state, reason, store_id) DO UPDATE SET n = n + 1, total = total + excluded.total;
END;
CREATE TRIGGER orders_recounted AFTER UPDATE OF state, reason, store_id, amount ON orders
    WHEN OLD.state <> NEW.state OR OLD.reason <> NEW.reason OR OLD.store_id <> NEW.store_id
      OR OLD.amount <> NEW.amount BEGIN
    UPDATE order_counts SET n = n - 1, total = total - OLD.amount
        WHERE state = OLD.state AND reason = OLD.reason AND store_id = OLD.store_id;
    INSERT INTO order_counts (state, reason, store_id, n, total)
        VALUES (NEW.state, NEW.reason, NEW.store_id, 1, NEW.amount)
        ON CONFLICT (state, reason, store_id) DO UPDATE SET n = n + 1, total = total + excluded.total;
END;

-- Blocked orders by cause.
CREATE TABLE cause_counts (
    reason  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    n       INTEGER NOT NULL,
    total   INTEGER NOT NULL,
    PRIMARY KEY (reason, subject)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER causes_counted AFTER INSERT ON orders WHEN NEW.state = 'blocked' BEGIN
    INSERT INTO cause_counts (reason, subject, n, total) VALUES (NEW.reason, NEW.subject, 1, NEW.amount)
        ON CONFLICT (reason, subject) DO UPDATE SET n = n + 1, total = total + excluded.total;
END;
CREATE TRIGGER causes_recounted AFTER UPDATE OF state, reason, subject, amount ON orders
    WHEN (OLD.state = 'blocked' OR NEW.state = 'blocked')
     AND (OLD.state <> NEW.state OR OLD.reason <> NEW.reason OR OLD.subject <> NEW.subject
          OR OLD.amount <> NEW.amount) BEGIN
    UPDATE cause_counts SET n = n - 1, total = total - OLD.amount
        WHERE OLD.state = 'blocked' AND reason = OLD.reason AND subject = OLD.subject;
    INSERT INTO cause_counts (reason, subject, n, total)
        SELECT NEW.reason, NEW.subject, 1, NEW.amount WHERE NEW.state = 'blocked'
        ON CONFLICT (reason, subject) DO UPDATE SET n = n + 1, total = total + excluded.total;
    DELETE FROM cause_counts WHERE reason = OLD.reason AND subject = OLD.subject AND n = 0;
END;

-- Orders by day in Jakarta, store and state. `kind` says which day: 'ordered' (by the buyer), 'received' (the first
-- webhook) or 'invoiced'. `day` counts days since 1970.
CREATE TABLE day_counts (
    kind     TEXT    NOT NULL,
    day      INTEGER NOT NULL,
    store_id TEXT    NOT NULL,
    state    TEXT    NOT NULL,
    n        INTEGER NOT NULL,
    total    INTEGER NOT NULL,
    PRIMARY KEY (kind, day, store_id, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER days_counted AFTER INSERT ON orders BEGIN
    INSERT INTO day_counts (kind, day, store_id, state, n, total)
        VALUES ('ordered', (COALESCE(NEW.ordered_at, NEW.created_at) + 25200000000) / 86400000000, NEW.store_id,
                NEW.state, 1, NEW.amount),
               ('received', (NEW.created_at + 25200000000) / 86400000000, NEW.store_id, NEW.state, 1, NEW.amount)
        ON CONFLICT (kind, day, store_id, state) DO UPDATE SET n = n + 1, total = total + excluded.total;
    INSERT INTO day_counts (kind, day, store_id, state, n, total)
        SELECT 'invoiced', (NEW.invoiced_at + 25200000000) / 86400000000, NEW.store_id, NEW.state, 1, NEW.amount
        WHERE NEW.invoiced_at IS NOT NULL
        ON CONFLICT (kind, day, store_id, state) DO UPDATE SET n = n + 1, total = total + excluded.total;
END;
CREATE TRIGGER days_recounted AFTER UPDATE OF state, store_id, amount, ordered_at, invoiced_at ON orders
    WHEN OLD.state <> NEW.state OR OLD.store_id <> NEW.store_id OR OLD.amount <> NEW.amount
      OR OLD.ordered_at IS NOT NEW.ordered_at OR OLD.invoiced_at IS NOT NEW.invoiced_at BEGIN
    UPDATE day_counts SET n = n - 1, total = total - OLD.amount
        WHERE kind = 'ordered' AND day = (COALESCE(OLD.ordered_at, OLD.created_at) + 25200000000) / 86400000000
          AND store_id = OLD.store_id AND state = OLD.state;
    UPDATE day_counts SET n = n - 1, total = total - OLD.amount
        WHERE kind = 'received' AND day = (OLD.created_at + 25200000000) / 86400000000
          AND store_id = OLD.store_id AND state = OLD.state;
    UPDATE day_counts SET n = n - 1, total = total - OLD.amount
        WHERE kind = 'invoiced' AND day = (OLD.invoiced_at + 25200000000) / 86400000000
          AND store_id = OLD.store_id AND state = OLD.state;
    INSERT INTO day_counts (kind, day, store_id, state, n, total)
        VALUES ('ordered', (COALESCE(NEW.ordered_at, NEW.created_at) + 25200000000) / 86400000000, NEW.store_id,
                NEW.state, 1, NEW.amount),
               ('received', (NEW.created_at + 25200000000) / 86400000000, NEW.store_id, NEW.state, 1, NEW.amount)
        ON CONFLICT (kind, day, store_id, state) DO UPDATE SET n = n + 1, total = total + excluded.total;
    INSERT INTO day_counts (kind, day, store_id, state, n, total)
        SELECT 'invoiced', (NEW.invoiced_at + 25200000000) / 86400000000, NEW.store_id, NEW.state, 1, NEW.amount
        WHERE NEW.invoiced_at IS NOT NULL
        ON CONFLICT (kind, day, store_id, state) DO UPDATE SET n = n + 1, total = total + excluded.total;
END;

-- Which orders carry which warning. An acknowledgement names what the warning was about: when that changes, the warning
-- is open again.
CREATE TABLE order_warnings (
    warning TEXT    NOT NULL,
    id      INTEGER NOT NULL,           -- of the order
    open    INTEGER NOT NULL DEFAULT 1, -- 1: nobody has acknowledged it
    PRIMARY KEY (warning, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_warnings_open ON order_warnings (warning, id) WHERE open = 1;

CREATE TABLE warning_counts (
    warning TEXT    NOT NULL PRIMARY KEY,
    n       INTEGER NOT NULL,
    open    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TRIGGER order_warnings_changed AFTER UPDATE OF warnings, acknowledged ON orders
    WHEN OLD.warnings <> NEW.warnings OR OLD.acknowledged <> NEW.acknowledged BEGIN
    DELETE FROM order_warnings
        WHERE id = NEW.id AND warning IN (SELECT value ->> 'warning' FROM json_each(OLD.warnings));
    INSERT OR IGNORE INTO order_warnings (warning, id, open)
        SELECT w.value ->> 'warning', NEW.id,
               MAX(NOT EXISTS (SELECT 1 FROM json_each(NEW.acknowledged) AS a
                               WHERE a.value ->> 'warning' = w.value ->> 'warning'
                                 AND a.value ->> 'about' = w.value ->> 'about'))
        FROM json_each(NEW.warnings) AS w GROUP BY w.value ->> 'warning';
END;
CREATE TRIGGER warnings_counted AFTER INSERT ON order_warnings BEGIN
    INSERT INTO warning_counts (warning, n, open) VALUES (NEW.warning, 1, NEW.open)
        ON CONFLICT (warning) DO UPDATE SET n = n + 1, open = open + excluded.open;
END;
CREATE TRIGGER warnings_uncounted AFTER DELETE ON order_warnings BEGIN
    UPDATE warning_counts SET n = n - 1, open = open - OLD.open WHERE warning = OLD.warning;
END;

-- What must exist in Accurate, or must be gone: one row per document of an order. The row is also its job. There is no
-- queue beside it, so that claim, outcome and state commit together.
CREATE TABLE documents (
    id              INTEGER PRIMARY KEY,
    order_id        TEXT    NOT NULL,
    kind            TEXT    NOT NULL,            -- 'invoice', 'receipt' or 'return'
    part            INTEGER NOT NULL,            -- counts the documents of one kind; 0 for the invoice
    book            TEXT    NOT NULL,            -- the Accurate database
    number          TEXT    NOT NULL,            -- ours; once it exists, the one that Accurate returned
    draft           TEXT    NOT NULL,            -- what is sent, JSON
    wanted          TEXT    NOT NULL,            -- 'exist' or 'gone'
    state           TEXT    NOT NULL,            -- 'due', 'exists', 'gone' or 'blocked'
    -- The job.
    due_since       INTEGER,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,  -- during a lease, its end
    lease_until     INTEGER NOT NULL DEFAULT 0,  -- 0: no worker holds it
    attempt         INTEGER NOT NULL DEFAULT 0,  -- number of the current claim; a late worker names an older one
    tries           INTEGER NOT NULL DEFAULT 0,  -- attempts that count
    failures        INTEGER NOT NULL DEFAULT 0,  -- in a row; they determine the delay
    doubt_since     INTEGER NOT NULL DEFAULT 0,  -- when a save with unknown result was sent; 0: none
    doubt_before    INTEGER NOT NULL DEFAULT 0,  -- the same before the current claim
    deletion_tried  INTEGER NOT NULL DEFAULT 0,  -- 1: the deletion may have been sent
    waits_for       TEXT    NOT NULL DEFAULT '', -- what is missing in Accurate, as 'item:AAA2002'
    recheck_at      INTEGER NOT NULL DEFAULT 0,  -- when the document itself is rechecked; 0: it is not
    failed_checks   INTEGER NOT NULL DEFAULT 0,  -- times in a row that Accurate failed for this document alone
    trouble         TEXT    NOT NULL DEFAULT '', -- what Accurate said last about that
    shadowed        INTEGER NOT NULL DEFAULT 0,  -- 1: another integration may have created it
    findings        TEXT    NOT NULL DEFAULT '[]', -- why a receipt or a return is blocked, JSON; the order has its invoice's
    -- The document as Accurate returned it.
    accurate_id     INTEGER,
    total           TEXT,
    amount          INTEGER NOT NULL DEFAULT 0,  -- the same in hundredths
    day             TEXT    NOT NULL DEFAULT '', -- on which it is booked: the draft's, or the one that a person adopted
    customer_no     TEXT    NOT NULL DEFAULT '', -- the same for its customer
    shown_at        INTEGER NOT NULL DEFAULT 0   -- last known to exist; lists may show it later
) STRICT;
CREATE UNIQUE INDEX documents_of_order ON documents (order_id, kind, part);
-- One document in Accurate belongs to one order.
CREATE UNIQUE INDEX documents_in_accurate ON documents (book, kind, accurate_id)
    WHERE accurate_id IS NOT NULL AND state <> 'gone';
CREATE INDEX documents_by_day ON documents (book, day, id) WHERE kind = 'invoice';
CREATE INDEX documents_by_number ON documents (book, number);
-- Documents are claimed by lane: never tried, to be looked up first, to be deleted. In each, by time. The expression is repeated
-- word for word in src/storage/claim.rs, because the index is used only then.
CREATE INDEX documents_by_lane ON documents
    (book, (CASE WHEN wanted = 'gone' THEN 2 WHEN kind = 'receipt' THEN 3 WHEN kind = 'return' THEN 4
          WHEN tries + shadowed > 0 THEN 1 ELSE 0 END), next_attempt_at)
    WHERE state = 'due';
CREATE INDEX documents_due_since ON documents (due_since) WHERE state = 'due' AND wanted = 'exist';
CREATE INDEX documents_waiting ON documents (book, waits_for) WHERE waits_for <> '';
CREATE INDEX documents_to_recheck ON documents (book, recheck_at) WHERE recheck_at > 0;
-- Receipts and returns that are blocked while their orders are not.
CREATE INDEX documents_blocked ON documents (state, order_id) WHERE kind <> 'invoice' AND state = 'blocked';

-- When this database was restored from a backup. Accurate may contain documents that were created after the backup was
-- made, so those of orders from before the restore are looked up before they are saved, as after a lost reply.
CREATE TABLE restores (
    at INTEGER PRIMARY KEY
) STRICT;

-- What happened to each order, in order.
CREATE TABLE timeline (
    order_id TEXT    NOT NULL,
    seq      INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    event    TEXT    NOT NULL,            -- JSON
    times    INTEGER NOT NULL DEFAULT 1,  -- incremented when the same event happens again
    since    INTEGER,                     -- when it happened first
    fold_key TEXT    NOT NULL DEFAULT '', -- equal for repeats of one event; '': every event is its own entry
    PRIMARY KEY (order_id, seq)
) STRICT, WITHOUT ROWID;

-- When each thing that is missing in Accurate is rechecked: one check serves all documents that wait for it.
CREATE TABLE rechecks (
    book    TEXT    NOT NULL,
    subject TEXT    NOT NULL,           -- for example 'item:AAA2002'
    next_at INTEGER NOT NULL,
    checks  INTEGER NOT NULL DEFAULT 0, -- so far, none of which found it
    PRIMARY KEY (book, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX rechecks_due ON rechecks (book, next_at);

-- Every mapping that was ever applied; the latest is active.
CREATE TABLE mappings (
    revision INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    who      TEXT    NOT NULL,
    note     TEXT    NOT NULL DEFAULT '',   -- why, as the person wrote it
    document TEXT    NOT NULL,              -- TOML
    posting  TEXT    NOT NULL DEFAULT 'on', -- 'on' or 'shadow'
    changes  TEXT    NOT NULL DEFAULT '[]'  -- what it changed, in words
) STRICT;

CREATE INDEX mappings_in_shadow ON mappings (revision) WHERE posting = 'shadow';

-- Shadow mode: invoices that are drafted and not sent, and how each draft compares with the invoice that another
-- integration has created under the same number. A row exists as long as its invoice is due.
CREATE TABLE shadow_orders (
    order_id    TEXT    NOT NULL PRIMARY KEY,
    book        TEXT    NOT NULL,
    revision    INTEGER NOT NULL DEFAULT 1,         -- incremented by another draft; a comparison names its own
    result      TEXT    NOT NULL DEFAULT 'waiting', -- or 'equal', 'differs', 'absent'
    total       INTEGER NOT NULL,                   -- of the draft, in hundredths
    check_at    INTEGER NOT NULL DEFAULT 1,         -- when it is compared next; 0: it is not
    compared_at INTEGER,
    invoice     TEXT                                -- as Accurate shows it, JSON
) STRICT, WITHOUT ROWID;
CREATE INDEX shadow_orders_by_check_at ON shadow_orders (book, check_at) WHERE check_at > 0;
CREATE INDEX shadow_orders_by_result ON shadow_orders (result, order_id);

-- In what they differ: one row for each order and kind of difference.
CREATE TABLE shadow_differences (
    id         INTEGER PRIMARY KEY,
    order_id   TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    total      INTEGER NOT NULL, -- of the draft, in hundredths
    difference INTEGER NOT NULL, -- by how much the invoice in Accurate is higher for this reason, in hundredths
    details    TEXT    NOT NULL  -- JSON
) STRICT;
CREATE UNIQUE INDEX shadow_differences_of_order ON shadow_differences (order_id, kind);
CREATE INDEX shadow_differences_by_kind ON shadow_differences (kind, id);

-- How many orders have which result and which kind of difference.
CREATE TABLE shadow_counts (
    what       TEXT    NOT NULL PRIMARY KEY, -- a result or a kind of difference
    n          INTEGER NOT NULL,
    total      INTEGER NOT NULL,
    difference INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER shadow_begins AFTER INSERT ON documents
    WHEN NEW.shadowed = 1 AND NEW.kind = 'invoice' AND NEW.state = 'due' AND NEW.wanted = 'exist' BEGIN
    INSERT INTO shadow_orders (order_id, book, total)
        SELECT order_id, NEW.book, amount FROM orders WHERE order_id = NEW.order_id;
END;
CREATE TRIGGER shadow_begins_again AFTER UPDATE OF state, wanted, draft, shadowed ON documents
    WHEN NEW.shadowed = 1 AND NEW.kind = 'invoice' AND NEW.state = 'due' AND NEW.wanted = 'exist'
     AND (OLD.shadowed = 0 OR OLD.state <> 'due' OR OLD.wanted <> 'exist' OR OLD.draft <> NEW.draft) BEGIN
    INSERT INTO shadow_orders (order_id, book, total)
        SELECT order_id, NEW.book, amount FROM orders WHERE order_id = NEW.order_id
        ON CONFLICT (order_id) DO UPDATE SET book = excluded.book, total = excluded.total, revision = revision + 1,
            result = 'waiting', check_at = 1, compared_at = NULL, invoice = NULL;
END;
CREATE TRIGGER shadow_ends AFTER UPDATE OF state, wanted, shadowed ON documents
    WHEN OLD.shadowed = 1 AND NEW.kind = 'invoice'
     AND (NEW.shadowed = 0 OR NEW.state <> 'due' OR NEW.wanted <> 'exist') BEGIN
    DELETE FROM shadow_orders WHERE order_id = NEW.order_id;
END;
CREATE TRIGGER shadow_draft_changed AFTER UPDATE OF revision ON shadow_orders WHEN OLD.revision <> NEW.revision BEGIN
    DELETE FROM shadow_differences WHERE order_id = NEW.order_id;
END;
CREATE TRIGGER shadow_counted AFTER INSERT ON shadow_orders BEGIN
    INSERT INTO shadow_counts (what, n, total, difference) VALUES (NEW.result, 1, NEW.total, 0)
        ON CONFLICT (what) DO UPDATE SET n = n + 1, total = total + excluded.total;
END;
CREATE TRIGGER shadow_recounted AFTER UPDATE OF result, total ON shadow_orders
    WHEN OLD.result <> NEW.result OR OLD.total <> NEW.total BEGIN
    UPDATE shadow_counts SET n = n - 1, total = total - OLD.total WHERE what = OLD.result;
    INSERT INTO shadow_counts (what, n, total, difference) VALUES (NEW.result, 1, NEW.total, 0)
        ON CONFLICT (what) DO UPDATE SET n = n + 1, total = total + excluded.total;
END;
CREATE TRIGGER shadow_uncounted AFTER DELETE ON shadow_orders BEGIN
    UPDATE shadow_counts SET n = n - 1, total = total - OLD.total WHERE what = OLD.result;
    DELETE FROM shadow_differences WHERE order_id = OLD.order_id;
END;
CREATE TRIGGER shadow_differences_counted AFTER INSERT ON shadow_differences BEGIN
    INSERT INTO shadow_counts (what, n, total, difference) VALUES (NEW.kind, 1, NEW.total, NEW.difference)
        ON CONFLICT (what) DO UPDATE SET n = n + 1, total = total + excluded.total,
            difference = difference + excluded.difference;
END;
CREATE TRIGGER shadow_differences_uncounted AFTER DELETE ON shadow_differences BEGIN
    UPDATE shadow_counts SET n = n - 1, total = total - OLD.total, difference = difference - OLD.difference
        WHERE what = OLD.kind;
END;

-- Reconciliation. Each run compares, for each Accurate database, the invoices of a period with those that Accurate lists.
CREATE TABLE reconciliations (
    id           INTEGER PRIMARY KEY,
    from_day     TEXT    NOT NULL,           -- '2026-11-01'
    to_day       TEXT    NOT NULL,
    who          TEXT    NOT NULL,           -- who requested it; '' for the nightly run
    night        TEXT,                       -- the day of the nightly run
    repeats      INTEGER,                    -- the incomplete nightly run that it repeats
    requested_at INTEGER NOT NULL,
    ended_at     INTEGER,                    -- when its last part ended
    asks_forstok INTEGER NOT NULL DEFAULT 0, -- 1: it also compares the orders that Forstok lists
    forstok_ended_at INTEGER,                -- when they were compared
    forstok_orders   INTEGER NOT NULL DEFAULT 0, -- how many were compared
    forstok_failure  TEXT    NOT NULL DEFAULT '' -- why that is incomplete; '': it is not
) STRICT;
CREATE UNIQUE INDEX reconciliations_nightly ON reconciliations (night) WHERE night IS NOT NULL;
CREATE UNIQUE INDEX reconciliations_repeated ON reconciliations (repeats) WHERE repeats IS NOT NULL;
CREATE INDEX reconciliations_of_nights ON reconciliations (id) WHERE who = '';
CREATE INDEX reconciliations_asking ON reconciliations (asks_forstok, id)
    WHERE asks_forstok = 1 AND forstok_ended_at IS NULL;

-- The part of a run that concerns one Accurate database. Amounts are hundredths of a rupiah.
CREATE TABLE reconciled_books (
    id             INTEGER PRIMARY KEY,
    run            INTEGER NOT NULL,            -- of reconciliations
    book           TEXT    NOT NULL,
    began_at       INTEGER,
    ended_at       INTEGER,
    is_listed      INTEGER NOT NULL DEFAULT 0,  -- 1: the whole list was read
    readings       INTEGER NOT NULL DEFAULT 0,  -- how often the list was begun
    rows_read      INTEGER NOT NULL DEFAULT 0,
    rows_expected  INTEGER NOT NULL DEFAULT 0,
    asked          INTEGER NOT NULL DEFAULT 0,  -- invoices that were asked for one by one
    failure        TEXT    NOT NULL DEFAULT '', -- why it is incomplete; '': it is not
    failure_detail TEXT    NOT NULL DEFAULT '',
    ledger_count   INTEGER NOT NULL DEFAULT 0,
    ledger_total   INTEGER NOT NULL DEFAULT 0,
    accurate_count INTEGER NOT NULL DEFAULT 0,
    accurate_total INTEGER NOT NULL DEFAULT 0,
    explained      INTEGER NOT NULL DEFAULT 0,
    changes_left   INTEGER NOT NULL DEFAULT 0   -- changed invoices of other days that no run has looked at yet, at most
) STRICT;
CREATE UNIQUE INDEX reconciled_books_of_run ON reconciled_books (run, book);
CREATE INDEX reconciled_books_to_do ON reconciled_books (book, id) WHERE ended_at IS NULL;
CREATE INDEX reconciled_books_done ON reconciled_books (book, ended_at) WHERE ended_at IS NOT NULL;

-- What Accurate showed for a part that has not ended yet; deleted afterwards.
CREATE TABLE listed_invoices (
    part        INTEGER NOT NULL,            -- of reconciled_books
    id          INTEGER NOT NULL,            -- Accurate's
    number      TEXT    NOT NULL,
    customer_no TEXT    NOT NULL,
    day         TEXT    NOT NULL,
    total       INTEGER NOT NULL,
    owed        INTEGER,                     -- in hundredths of a rupiah, where Accurate shows it
    order_id    TEXT    NOT NULL DEFAULT '', -- the order that it belongs to; '': none is known
    PRIMARY KEY (part, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX listed_invoices_of_order ON listed_invoices (order_id, part, id) WHERE order_id <> '';

-- Orders whose invoices were asked for one by one, and when.
CREATE TABLE asked_orders (
    part     INTEGER NOT NULL,
    order_id TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    numbered INTEGER NOT NULL DEFAULT 0, -- the invoice that was found by the number of the order's; 0: none
    PRIMARY KEY (part, order_id)
) STRICT, WITHOUT ROWID;

-- Invoices that Accurate's own webhooks named, and which are still to be read again.
CREATE TABLE hints (
    book        TEXT    NOT NULL,
    document    TEXT    NOT NULL,            -- 'invoice:7' (Accurate's id) or 'number:INV-7'
    accurate_id INTEGER,
    number      TEXT    NOT NULL DEFAULT '',
    heard_at    INTEGER NOT NULL,            -- of the latest change, as far as it is known
    due_at      INTEGER NOT NULL,            -- when it is read again
    tries       INTEGER NOT NULL DEFAULT 0,  -- how often that was postponed
    PRIMARY KEY (book, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX hints_due ON hints (book, due_at);

-- Up to where invoices of other days were looked at because they were changed (reconcile.by = "last_update").
CREATE TABLE change_readings (
    book     TEXT    NOT NULL PRIMARY KEY,
    since    INTEGER NOT NULL,             -- changes from then on are read
    began_at INTEGER NOT NULL,             -- when that began: the next reading is about changes from then on
    next_id  INTEGER NOT NULL             -- the first of Accurate's ids that was not looked at; 0: it is complete
) STRICT, WITHOUT ROWID;

-- Until when Accurate sends webhooks about a database, and up to when its history of them was read.
CREATE TABLE accurate_webhooks (
    book       TEXT    NOT NULL PRIMARY KEY,
    ends_at    INTEGER NOT NULL DEFAULT 0,   -- 0: not known
    renew_at   INTEGER NOT NULL DEFAULT 0,   -- when it is renewed next
    read_until INTEGER NOT NULL DEFAULT 0,
    read_at    INTEGER NOT NULL DEFAULT 0,   -- when the history is read next
    failures   INTEGER NOT NULL DEFAULT 0,   -- renewals that failed in a row
    failure    TEXT    NOT NULL DEFAULT ''   -- what Accurate said last about that
) STRICT, WITHOUT ROWID;

-- Every difference that a run has found, one row for each thing that it is about.
CREATE TABLE findings (
    id             INTEGER PRIMARY KEY,
    book           TEXT    NOT NULL,
    subject        TEXT    NOT NULL,           -- 'order:138', 'forstok:138', 'invoice:7' (Accurate's id) or 'day:2026-11-05'
    class          TEXT    NOT NULL,
    state          TEXT    NOT NULL,           -- 'open', 'gone' or 'closed'
    shape          TEXT    NOT NULL,           -- all that a person sees: a closed finding opens again with another
    order_id       TEXT    NOT NULL DEFAULT '',
    store_id       TEXT    NOT NULL,
    day            TEXT    NOT NULL,
    other_day      TEXT    NOT NULL DEFAULT '', -- Accurate's day, if it is another one
    accurate_id    INTEGER,
    number         TEXT    NOT NULL DEFAULT '',
    ledger_total   INTEGER,
    accurate_total INTEGER,
    facts          TEXT    NOT NULL,           -- JSON
    run            INTEGER NOT NULL,           -- that met it last
    first_at       INTEGER NOT NULL,           -- when it was met first
    opened_at      INTEGER NOT NULL,           -- when it became open last
    seen_at        INTEGER NOT NULL,           -- when it was met last
    changed_at     INTEGER NOT NULL DEFAULT 0, -- when it got its shape
    closed_at      INTEGER,
    closed_by      TEXT    NOT NULL DEFAULT '',
    closed_reason  TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX findings_of_subject ON findings (book, subject);
CREATE INDEX findings_by_state ON findings (state, id);
CREATE INDEX findings_by_class ON findings (class, state, id);
CREATE INDEX findings_of_order ON findings (order_id, id) WHERE order_id <> '';
CREATE INDEX findings_by_day ON findings (day, store_id, id);
CREATE INDEX findings_by_other_day ON findings (other_day, store_id, id) WHERE other_day <> '';
CREATE INDEX findings_open_since ON findings (opened_at) WHERE state = 'open';
CREATE INDEX findings_open_by_day ON findings (day) WHERE state = 'open';

-- How many findings there are, so that no figure needs a scan of them.
CREATE TABLE finding_counts (
    class TEXT    NOT NULL,
    state TEXT    NOT NULL,
    n     INTEGER NOT NULL,
    PRIMARY KEY (class, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER findings_counted AFTER INSERT ON findings BEGIN
    INSERT INTO finding_counts (class, state, n) VALUES (NEW.class, NEW.state, 1)
        ON CONFLICT (class, state) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER findings_recounted AFTER UPDATE OF class, state ON findings
    WHEN OLD.class <> NEW.class OR OLD.state <> NEW.state BEGIN
    UPDATE finding_counts SET n = n - 1 WHERE class = OLD.class AND state = OLD.state;
    INSERT INTO finding_counts (class, state, n) VALUES (NEW.class, NEW.state, 1)
        ON CONFLICT (class, state) DO UPDATE SET n = n + 1;
END;

-- The latest comparison of each store's days. Amounts are hundredths of a rupiah.
CREATE TABLE reconciled_days (
    day            TEXT    NOT NULL,
    store_id       TEXT    NOT NULL,  -- '' if several stores share the customer
    book           TEXT    NOT NULL,
    run            INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    complete       INTEGER NOT NULL,  -- 0: the latest run could not read everything
    ledger_count   INTEGER NOT NULL,
    ledger_total   INTEGER NOT NULL,
    accurate_count INTEGER NOT NULL,
    accurate_total INTEGER NOT NULL,
    explained      INTEGER NOT NULL,
    PRIMARY KEY (day, store_id, book)
) STRICT, WITHOUT ROWID;

-- Days that a run has compared, also those without an invoice.
CREATE TABLE compared_days (
    day      TEXT    NOT NULL,
    book     TEXT    NOT NULL,  -- '' for the orders that Forstok lists
    complete INTEGER NOT NULL,  -- 0: the latest run could not read everything
    PRIMARY KEY (day, book)
) STRICT, WITHOUT ROWID;

-- How far the bodies of old deliveries have been examined, to delete those that no decision needs ...
CREATE TABLE cleared_up_to (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    delivery INTEGER NOT NULL
) STRICT;
INSERT INTO cleared_up_to (id, delivery) VALUES (1, 0);

-- ... and those that were still needed, which are examined again.
CREATE TABLE kept_bodies (
    delivery INTEGER PRIMARY KEY, -- of deliveries
    check_at INTEGER NOT NULL
) STRICT;
CREATE INDEX kept_bodies_by_check_at ON kept_bodies (check_at);

-- The lists of each Accurate database from which people choose: accounts, warehouses, customers. The rows of a list are
-- kept in two halves of `masters`. One half is shown while the next reading fills the other, page by page; the commit that
-- ends a reading exchanges them, so that nobody ever sees half a list.
CREATE TABLE master_lists (
    number         INTEGER PRIMARY KEY,
    book           TEXT    NOT NULL,            -- the Accurate database
    kind           TEXT    NOT NULL,            -- for example 'accounts'
    half           INTEGER NOT NULL DEFAULT 0,  -- the one that is shown: 0 or 1
    row_count      INTEGER NOT NULL DEFAULT 0,  -- of the rows that are shown
    read_at        INTEGER NOT NULL DEFAULT 0,  -- when they were read; 0: never
    next_at        INTEGER NOT NULL DEFAULT 0,  -- when the list is read next
    -- The latest reading.
    reading        INTEGER NOT NULL DEFAULT 0,  -- its number; a late reader names an older one
    began_at       INTEGER NOT NULL DEFAULT 0,
    under_way      INTEGER NOT NULL DEFAULT 0,  -- 1: it has not ended
    rows_so_far    INTEGER NOT NULL DEFAULT 0,
    rows_expected  INTEGER NOT NULL DEFAULT 0,
    failure        TEXT    NOT NULL DEFAULT '', -- why the latest one failed; '': it did not
    failure_detail TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX master_lists_of_book ON master_lists (book, kind);

CREATE TABLE masters (
    list      INTEGER NOT NULL, -- of master_lists
    half      INTEGER NOT NULL,
    id        INTEGER NOT NULL, -- Accurate's
    no        TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    type      TEXT    NOT NULL,
    suspended INTEGER NOT NULL,
    search    TEXT    NOT NULL, -- number and name in lower case
    PRIMARY KEY (list, half, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX masters_by_search ON masters (list, half, search, id);

-- The columns that people chose for exports whose headings are not recognised.
CREATE TABLE import_columns (
    headings TEXT    NOT NULL PRIMARY KEY, -- a digest of them
    columns  TEXT    NOT NULL,             -- the heading of each column, JSON
    who      TEXT    NOT NULL,
    at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far Forstok's order API was read.
CREATE TABLE backfill (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    run        INTEGER NOT NULL,            -- number of the latest reading; a late reader names an older one
    busy_until INTEGER NOT NULL,            -- until when the latest reading counts as under way; 0: it has ended
    watermark  INTEGER NOT NULL,            -- everything that changed before has been compared; 0: nothing yet
    completed  INTEGER NOT NULL,            -- readings that came to their end
    ended_at   INTEGER NOT NULL,            -- of the latest reading; 0: none has ended
    completed_at INTEGER NOT NULL,            -- when a reading last came to its end; 0: none has
    result     TEXT                         -- what it found, JSON
) STRICT;
INSERT INTO backfill (id, run, busy_until, watermark, completed, ended_at, completed_at) VALUES (1, 0, 0, 0, 0, 0, 0);

-- After the sale: what marketplaces and people say about orders, as payouts and returns.

CREATE TABLE settlement_rows (
    id               INTEGER PRIMARY KEY,         -- in the order of arrival
    kind             TEXT    NOT NULL,            -- 'payout' or 'return'
    source           TEXT    NOT NULL,
    row_id           TEXT    NOT NULL,            -- which row of that source
    store_id         TEXT    NOT NULL,            -- '' if the source does not name it
    channel_order_id TEXT    NOT NULL,            -- '' for money without an order
    order_id         TEXT    NOT NULL DEFAULT '', -- Forstok's; '': no order is known
    content          TEXT    NOT NULL,            -- as it was sent last, JSON
    amount           INTEGER,                     -- what it pays or takes off, in hundredths; NULL: not known yet
    day              TEXT    NOT NULL DEFAULT '', -- when the money was paid, or the goods arrived
    state            TEXT    NOT NULL,
    reason           TEXT    NOT NULL DEFAULT '',
    finding          TEXT,                        -- why a person must act, JSON
    waits_for        TEXT,                        -- JSON
    waits            TEXT    NOT NULL DEFAULT '', -- the word of what it waits for
    part             INTEGER,                     -- of the document that books it
    arrived_at       INTEGER NOT NULL,            -- when it arrived first
    content_at       INTEGER NOT NULL,            -- when this content was recorded
    delivered_at     INTEGER NOT NULL DEFAULT 0,  -- when it was sent: earlier, if its webhook was kept before
    approved_at      INTEGER,                     -- when a person approved this content
    approved_by      TEXT    NOT NULL DEFAULT '',
    by_hand          TEXT,                        -- who has booked it in Accurate, as what and why, JSON
    settles          INTEGER NOT NULL DEFAULT 0   -- what that takes off what is owed, in hundredths
) STRICT;
CREATE UNIQUE INDEX settlement_rows_by_key ON settlement_rows (kind, source, row_id);
CREATE INDEX settlement_rows_of_order ON settlement_rows (order_id, id) WHERE order_id <> '';
CREATE INDEX settlement_rows_by_state ON settlement_rows (kind, state, id);
CREATE INDEX settlement_rows_waiting ON settlement_rows (kind, waits, id) WHERE state = 'waiting';
CREATE INDEX settlement_rows_without_amount ON settlement_rows (kind, state, reason, waits)
    WHERE state IN ('waiting', 'blocked') AND amount IS NULL;
CREATE INDEX settlement_rows_by_source ON settlement_rows (kind, source, id);
CREATE INDEX settlement_rows_unmatched ON settlement_rows (channel_order_id, id) WHERE order_id = '';
CREATE INDEX settlement_rows_without_store ON settlement_rows (channel_order_id) WHERE store_id = '' AND order_id <> '';

-- How many rows there are, and their sums in hundredths of a rupiah.
CREATE TABLE settlement_counts (
    kind   TEXT    NOT NULL,
    state  TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    waits  TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    total  INTEGER NOT NULL,
    PRIMARY KEY (kind, state, reason, waits)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER settlement_rows_counted AFTER INSERT ON settlement_rows BEGIN
    INSERT INTO settlement_counts (kind, state, reason, waits, n, total)
        VALUES (NEW.kind, NEW.state, NEW.reason, NEW.waits, 1, COALESCE(NEW.amount, 0))
        ON CONFLICT (kind, state, reason, waits) DO UPDATE SET n = n + 1, total = total + excluded.total;
END;
CREATE TRIGGER settlement_rows_recounted AFTER UPDATE OF state, reason, waits, amount ON settlement_rows
    WHEN OLD.state <> NEW.state OR OLD.reason <> NEW.reason OR OLD.waits <> NEW.waits
         OR OLD.amount IS DISTINCT FROM NEW.amount BEGIN
    UPDATE settlement_counts SET n = n - 1, total = total - COALESCE(OLD.amount, 0)
        WHERE kind = OLD.kind AND state = OLD.state AND reason = OLD.reason AND waits = OLD.waits;
    INSERT INTO settlement_counts (kind, state, reason, waits, n, total)
        VALUES (NEW.kind, NEW.state, NEW.reason, NEW.waits, 1, COALESCE(NEW.amount, 0))
        ON CONFLICT (kind, state, reason, waits) DO UPDATE SET n = n + 1, total = total + excluded.total;
END;

-- Every amount that a payout ever named: a category of the mapping, or the marketplace's name of a fee.
CREATE TABLE fee_kinds (
    source   TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    n        INTEGER NOT NULL, -- rows that name it
    total    INTEGER NOT NULL, -- in hundredths
    first_at INTEGER NOT NULL,
    PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;

-- In which payouts the rows of files were found: a file can name one again under another order or statement.
CREATE TABLE payout_lines (
    source TEXT NOT NULL,
    mark   TEXT NOT NULL, -- the transaction's number, or what is the same in a file without numbers
    row_id TEXT NOT NULL, -- a correction can have taken it out of this row
    PRIMARY KEY (source, mark, row_id)
) STRICT, WITHOUT ROWID;

-- When it must be decided what is booked besides the invoice of an order.
CREATE TABLE unsettled (
    order_id TEXT    NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL DEFAULT 1, -- incremented by news; a decision names its own
    due_at   INTEGER DEFAULT 0 -- NULL: not until there is news
) STRICT, WITHOUT ROWID;
CREATE INDEX unsettled_by_time ON unsettled (due_at, order_id) WHERE due_at IS NOT NULL;

-- A row that came before its order finds it when the order comes, unless several orders fit.
CREATE TRIGGER rows_find_their_order AFTER INSERT ON orders
    WHEN EXISTS (SELECT 1 FROM settlement_rows
                 WHERE order_id = '' AND channel_order_id = NEW.channel_order_id AND channel_order_id <> '') BEGIN
    UPDATE settlement_rows SET order_id = NEW.order_id, state = 'waiting', reason = '', finding = NULL
        WHERE order_id = '' AND channel_order_id = NEW.channel_order_id AND channel_order_id <> ''
          AND store_id IN ('', NEW.store_id)
          AND NOT EXISTS (SELECT 1 FROM orders o
                          WHERE o.channel_order_id = NEW.channel_order_id AND o.order_id <> NEW.order_id
                            AND settlement_rows.store_id IN ('', o.store_id));
    INSERT INTO unsettled (order_id) VALUES (NEW.order_id)
        ON CONFLICT (order_id) DO UPDATE SET revision = revision + 1, due_at = 0;
END;

-- What changes about an order or its documents is news for what is booked besides the invoice.
CREATE TRIGGER orders_unsettled AFTER UPDATE OF state, reason, invoice_total ON orders
    WHEN (OLD.state <> NEW.state OR OLD.invoice_total IS NOT NEW.invoice_total
          OR (NEW.state = 'ignored' AND OLD.reason <> NEW.reason))
     AND EXISTS (SELECT 1 FROM settlement_rows WHERE order_id = NEW.order_id AND order_id <> '') BEGIN
    INSERT INTO unsettled (order_id) VALUES (NEW.order_id)
        ON CONFLICT (order_id) DO UPDATE SET revision = revision + 1, due_at = 0;
END;
CREATE TRIGGER documents_unsettled AFTER UPDATE OF state, doubt_since, findings ON documents
    WHEN NEW.kind <> 'invoice'
     AND (OLD.state <> NEW.state OR (NEW.state = 'blocked' AND (OLD.findings <> NEW.findings
                                     OR (OLD.doubt_since <> 0 AND NEW.doubt_since = 0))))
     AND EXISTS (SELECT 1 FROM settlement_rows WHERE order_id = NEW.order_id AND order_id <> '') BEGIN
    INSERT INTO unsettled (order_id) VALUES (NEW.order_id)
        ON CONFLICT (order_id) DO UPDATE SET revision = revision + 1, due_at = 0;
END;

-- A row that names no store was taken for the only order with its number. Now there are two: unless its document may
-- exist, or a person has booked it, it waits until a person names its store.
CREATE TRIGGER rows_become_ambiguous AFTER INSERT ON orders
    WHEN EXISTS (SELECT 1 FROM settlement_rows
                 WHERE channel_order_id = NEW.channel_order_id AND channel_order_id <> '' AND store_id = ''
                   AND order_id <> '' AND order_id <> NEW.order_id) BEGIN
    INSERT INTO unsettled (order_id)
        SELECT DISTINCT order_id FROM settlement_rows
        WHERE channel_order_id = NEW.channel_order_id AND channel_order_id <> '' AND store_id = '' AND order_id <> ''
          AND order_id <> NEW.order_id
        ON CONFLICT (order_id) DO UPDATE SET revision = revision + 1, due_at = 0;
    UPDATE documents SET state = 'gone', wanted = 'gone', due_since = NULL, recheck_at = 0, waits_for = ''
        WHERE kind <> 'invoice' AND state <> 'gone' AND accurate_id IS NULL AND doubt_since = 0
          AND (order_id, kind, part) IN
              (SELECT order_id, CASE kind WHEN 'return' THEN 'return' ELSE 'receipt' END, part FROM settlement_rows
               WHERE channel_order_id = NEW.channel_order_id AND channel_order_id <> '' AND store_id = ''
                 AND order_id <> '' AND order_id <> NEW.order_id AND by_hand IS NULL AND part IS NOT NULL);
    UPDATE settlement_rows SET order_id = '', state = 'unmatched', reason = '', finding = NULL, waits_for = NULL,
            waits = '', part = NULL, approved_at = NULL, approved_by = ''
        WHERE channel_order_id = NEW.channel_order_id AND channel_order_id <> '' AND store_id = '' AND order_id <> ''
          AND order_id <> NEW.order_id AND by_hand IS NULL
          AND NOT EXISTS (SELECT 1 FROM documents d
              WHERE d.order_id = settlement_rows.order_id AND d.part = settlement_rows.part
                AND d.kind = CASE settlement_rows.kind WHEN 'return' THEN 'return' ELSE 'receipt' END
                AND d.state <> 'gone');
END;

-- What is owed on the invoice of each order, as far as it is not 0, in hundredths of a rupiah: its total less receipts,
-- returns and what people booked. Below 0 it is a credit of the customer.
CREATE TABLE owing (
    order_id   TEXT    NOT NULL PRIMARY KEY,
    store_id   TEXT    NOT NULL,
    hundredths INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX owing_by_store ON owing (store_id, order_id) WHERE hundredths > 0;

-- The sum of that for each store, without credits: what its marketplace is expected to pay.
CREATE TABLE receivables (
    store_id TEXT    NOT NULL PRIMARY KEY,
    n        INTEGER NOT NULL, -- payouts about its orders; without any, nobody books its payouts here
    total    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Each change adds its difference, so that their order does not matter.
CREATE TRIGGER documents_owed AFTER INSERT ON documents
    WHEN NEW.accurate_id IS NOT NULL AND NEW.state <> 'gone' AND NEW.amount <> 0 BEGIN
    INSERT INTO owing (order_id, store_id, hundredths)
        SELECT order_id, store_id, CASE NEW.kind WHEN 'invoice' THEN NEW.amount ELSE -NEW.amount END
        FROM orders WHERE order_id = NEW.order_id
        ON CONFLICT (order_id) DO UPDATE SET hundredths = hundredths + excluded.hundredths;
END;
CREATE TRIGGER documents_owed_again AFTER UPDATE OF state, accurate_id, amount ON documents
    WHEN NEW.amount * (NEW.accurate_id IS NOT NULL AND NEW.state <> 'gone')
      <> OLD.amount * (OLD.accurate_id IS NOT NULL AND OLD.state <> 'gone') BEGIN
    INSERT INTO owing (order_id, store_id, hundredths)
        SELECT order_id, store_id, CASE NEW.kind WHEN 'invoice' THEN 1 ELSE -1 END
            * (NEW.amount * (NEW.accurate_id IS NOT NULL AND NEW.state <> 'gone')
               - OLD.amount * (OLD.accurate_id IS NOT NULL AND OLD.state <> 'gone'))
        FROM orders WHERE order_id = NEW.order_id
        ON CONFLICT (order_id) DO UPDATE SET hundredths = hundredths + excluded.hundredths;
END;
CREATE TRIGGER payouts_expected AFTER INSERT ON settlement_rows WHEN NEW.order_id <> '' BEGIN
    INSERT INTO owing (order_id, store_id, hundredths)
        SELECT order_id, store_id, -NEW.settles FROM orders WHERE order_id = NEW.order_id AND NEW.settles <> 0
        ON CONFLICT (order_id) DO UPDATE SET hundredths = hundredths + excluded.hundredths;
    INSERT INTO receivables (store_id, n, total)
        SELECT store_id, 1, 0 FROM orders WHERE order_id = NEW.order_id AND NEW.kind = 'payout'
        ON CONFLICT (store_id) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER payouts_expected_again AFTER UPDATE OF order_id, settles ON settlement_rows
    WHEN OLD.order_id <> NEW.order_id OR OLD.settles <> NEW.settles BEGIN
    INSERT INTO owing (order_id, store_id, hundredths)
        SELECT order_id, store_id, change
        FROM (SELECT order_id, store_id, OLD.settles * (order_id = OLD.order_id) - NEW.settles * (order_id = NEW.order_id)
                  AS change
              FROM orders WHERE order_id IN (OLD.order_id, NEW.order_id))
        WHERE change <> 0
        ON CONFLICT (order_id) DO UPDATE SET hundredths = hundredths + excluded.hundredths;
    INSERT INTO receivables (store_id, n, total)
        SELECT store_id, (order_id = NEW.order_id) - (order_id = OLD.order_id), 0
        FROM orders WHERE order_id IN (OLD.order_id, NEW.order_id) AND NEW.kind = 'payout'
        ON CONFLICT (store_id) DO UPDATE SET n = n + excluded.n;
END;
CREATE TRIGGER receivables_moved AFTER UPDATE OF store_id ON orders WHEN OLD.store_id <> NEW.store_id BEGIN
    UPDATE owing SET store_id = NEW.store_id WHERE order_id = NEW.order_id;
    INSERT INTO receivables (store_id, n, total)
        SELECT store.id, store.sign * (SELECT COUNT(*) FROM settlement_rows
                                       WHERE order_id = NEW.order_id AND order_id <> '' AND kind = 'payout'), 0
        FROM (SELECT OLD.store_id AS id, -1 AS sign UNION ALL SELECT NEW.store_id, 1) AS store WHERE true
        ON CONFLICT (store_id) DO UPDATE SET n = n + excluded.n;
END;

CREATE TRIGGER owing_expected AFTER INSERT ON owing WHEN NEW.hundredths > 0 BEGIN
    INSERT INTO receivables (store_id, n, total) VALUES (NEW.store_id, 0, NEW.hundredths)
        ON CONFLICT (store_id) DO UPDATE SET total = total + excluded.total;
END;
-- A finding about an unpaid invoice is gone as soon as nothing is owed on it.
CREATE TRIGGER owing_expected_again AFTER UPDATE OF store_id, hundredths ON owing BEGIN
    INSERT INTO receivables (store_id, n, total)
        VALUES (OLD.store_id, 0, -MAX(OLD.hundredths, 0)), (NEW.store_id, 0, MAX(NEW.hundredths, 0))
        ON CONFLICT (store_id) DO UPDATE SET total = total + excluded.total;
    UPDATE findings SET state = 'gone'
        WHERE NEW.hundredths <= 0 AND order_id = NEW.order_id AND order_id <> '' AND class = 'not_settled'
          AND state = 'open';
    DELETE FROM owing WHERE order_id = NEW.order_id AND hundredths = 0;
END;

-- What people are told outside the page: one row for each notice and channel. A row that waits is the job.
CREATE TABLE notices (
    id       INTEGER PRIMARY KEY,
    notice   TEXT    NOT NULL,           -- the same in each channel: 'msg_…'
    kind     TEXT    NOT NULL,           -- 'book.paused'
    channel  TEXT    NOT NULL,           -- 'webhook', 'email' or 'telegram'
    title    TEXT    NOT NULL,
    text     TEXT    NOT NULL,
    url      TEXT    NOT NULL,           -- of the page that says more; '' if none is known
    details  TEXT    NOT NULL,           -- the same for programs, JSON
    made_at  INTEGER NOT NULL,
    state    TEXT    NOT NULL,           -- 'waiting', 'sent', 'given_up' or 'refused'
    tries    INTEGER NOT NULL DEFAULT 0,
    next_at  INTEGER NOT NULL DEFAULT 0, -- when it is tried next; 0: never
    tried_at INTEGER NOT NULL DEFAULT 0, -- when it was tried last; 0: never
    words    TEXT    NOT NULL DEFAULT '' -- what the other side said last
) STRICT;
CREATE INDEX notices_waiting ON notices (channel, id) WHERE state = 'waiting';

-- What people have been told.
CREATE TABLE told (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL, -- a late writer names an older one
    told     TEXT    NOT NULL  -- JSON
) STRICT;
INSERT INTO told (id, revision, told) VALUES (1, 0, '{}');

-- Who is signed in on the pages. Only digests are stored, which are of no use to a reader of this table.
CREATE TABLE sessions (
    digest   TEXT    NOT NULL PRIMARY KEY, -- SHA-256 of the cookie's value
    operator TEXT    NOT NULL,
    proof    TEXT    NOT NULL,             -- of the operator's token and role: another one ends the session
    until    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_end ON sessions (until);

-- Written to by readiness probes, because only a write shows that writing works.
CREATE TABLE write_probe (id INTEGER PRIMARY KEY, writes INTEGER NOT NULL) STRICT;
INSERT INTO write_probe (id, writes) VALUES (1, 0);

-- The oldest schema that a program must know to work on this database: the number of the last migration after which
-- earlier programs could no longer use it.
CREATE TABLE compatibility (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    needs INTEGER NOT NULL
) STRICT;
INSERT INTO compatibility (id, needs) VALUES (1, 1);

-- Identifies this database whatever its file is called: a copy continues only with the source it began with.
CREATE TABLE identity (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT    NOT NULL
) STRICT;
INSERT INTO identity (id, name) VALUES (1, lower(hex(randomblob(16))));
