-- Which orders carry which warning, and how many: kept by triggers, so that no list scans the history.
CREATE TABLE order_warnings (
    warning TEXT    NOT NULL,
    id      INTEGER NOT NULL,                    -- of the order
    PRIMARY KEY (warning, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE warning_counts (
    warning TEXT    NOT NULL PRIMARY KEY,
    n       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER order_warnings_changed AFTER UPDATE OF warnings ON orders WHEN OLD.warnings <> NEW.warnings BEGIN
    DELETE FROM order_warnings
        WHERE id = NEW.id AND warning IN (SELECT value ->> 'warning' FROM json_each(OLD.warnings));
    INSERT OR IGNORE INTO order_warnings (warning, id) SELECT value ->> 'warning', NEW.id FROM json_each(NEW.warnings);
END;
CREATE TRIGGER warnings_counted AFTER INSERT ON order_warnings BEGIN
    INSERT INTO warning_counts (warning, n) VALUES (NEW.warning, 1)
        ON CONFLICT (warning) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER warnings_uncounted AFTER DELETE ON order_warnings BEGIN
    UPDATE warning_counts SET n = n - 1 WHERE warning = OLD.warning;
END;

-- What outside of us a blocked order waits for, for example 'item:AAA2002'; '' when a person must act here.
ALTER TABLE orders ADD COLUMN waits_for TEXT NOT NULL DEFAULT '';
CREATE INDEX orders_waiting ON orders (book, waits_for) WHERE waits_for <> '';

-- When each of those things is looked at again: one look serves all orders that wait for it.
CREATE TABLE waits (
    book    TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    next_at INTEGER NOT NULL,
    looks   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (book, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX waits_due ON waits (book, next_at);

-- What a mapping changed, in words.
ALTER TABLE mappings ADD COLUMN changes TEXT NOT NULL DEFAULT '[]';

-- Written to by readiness probes: only a write shows that writing works.
CREATE TABLE pulse (id INTEGER PRIMARY KEY, beats INTEGER NOT NULL) STRICT;
INSERT INTO pulse (id, beats) VALUES (1, 0);
