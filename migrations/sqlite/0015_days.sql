-- Orders per day in Jakarta, store and state: how many, and what they are worth in hundredths of a rupiah. `kind` says
-- which day: 'ordered' (by the buyer), 'received' (the first webhook) or 'invoiced'. `day` counts days since 1970.
CREATE TABLE day_counts (
    kind     TEXT    NOT NULL,
    day      INTEGER NOT NULL,
    store_id TEXT    NOT NULL,
    state    TEXT    NOT NULL,
    n        INTEGER NOT NULL,
    total    INTEGER NOT NULL,
    PRIMARY KEY (kind, day, store_id, state)
) STRICT, WITHOUT ROWID;

INSERT INTO day_counts (kind, day, store_id, state, n, total)
    SELECT 'ordered', (COALESCE(ordered_at, created_at) + 25200000000) / 86400000000, store_id, state, COUNT(*), SUM(amount)
    FROM orders GROUP BY 2, 3, 4;
INSERT INTO day_counts (kind, day, store_id, state, n, total)
    SELECT 'received', (created_at + 25200000000) / 86400000000, store_id, state, COUNT(*), SUM(amount)
    FROM orders GROUP BY 2, 3, 4;
INSERT INTO day_counts (kind, day, store_id, state, n, total)
    SELECT 'invoiced', (invoiced_at + 25200000000) / 86400000000, store_id, state, COUNT(*), SUM(amount)
    FROM orders WHERE invoiced_at IS NOT NULL GROUP BY 2, 3, 4;

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

-- The sums beside the counts by state, reason and store.
ALTER TABLE order_counts ADD COLUMN total INTEGER NOT NULL DEFAULT 0;
UPDATE order_counts SET total = sums.total
    FROM (SELECT state, reason, store_id, SUM(amount) AS total FROM orders GROUP BY 1, 2, 3) AS sums
    WHERE order_counts.state = sums.state AND order_counts.reason = sums.reason AND order_counts.store_id = sums.store_id;

DROP TRIGGER orders_counted;
CREATE TRIGGER orders_counted AFTER INSERT ON orders BEGIN
    INSERT INTO order_counts (state, reason, store_id, n, total)
        VALUES (NEW.state, NEW.reason, NEW.store_id, 1, NEW.amount)
        ON CONFLICT (state, reason, store_id) DO UPDATE SET n = n + 1, total = total + excluded.total;
END;
DROP TRIGGER orders_recounted;
CREATE TRIGGER orders_recounted AFTER UPDATE OF state, reason, store_id, amount ON orders
    WHEN OLD.state <> NEW.state OR OLD.reason <> NEW.reason OR OLD.store_id <> NEW.store_id
      OR OLD.amount <> NEW.amount BEGIN
    UPDATE order_counts SET n = n - 1, total = total - OLD.amount
        WHERE state = OLD.state AND reason = OLD.reason AND store_id = OLD.store_id;
    INSERT INTO order_counts (state, reason, store_id, n, total)
        VALUES (NEW.state, NEW.reason, NEW.store_id, 1, NEW.amount)
        ON CONFLICT (state, reason, store_id) DO UPDATE SET n = n + 1, total = total + excluded.total;
END;
