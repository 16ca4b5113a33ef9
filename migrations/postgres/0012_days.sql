-- Orders per day in Jakarta, store and state: how many, and what they are worth in hundredths of a rupiah. `kind` says
-- which day: 'ordered' (by the buyer), 'received' (the first webhook) or 'invoiced'. `day` counts days since 1970.
CREATE TABLE day_counts (
    kind     TEXT   NOT NULL COLLATE "C",
    day      BIGINT NOT NULL,
    store_id TEXT   NOT NULL COLLATE "C",
    state    TEXT   NOT NULL COLLATE "C",
    n        BIGINT NOT NULL,
    total    BIGINT NOT NULL,
    PRIMARY KEY (kind, day, store_id, state)
);

INSERT INTO day_counts (kind, day, store_id, state, n, total)
    SELECT 'ordered', (COALESCE(ordered_at, created_at) + 25200000000) / 86400000000, store_id, state, COUNT(*), SUM(amount)
    FROM orders GROUP BY 2, 3, 4;
INSERT INTO day_counts (kind, day, store_id, state, n, total)
    SELECT 'received', (created_at + 25200000000) / 86400000000, store_id, state, COUNT(*), SUM(amount)
    FROM orders GROUP BY 2, 3, 4;
INSERT INTO day_counts (kind, day, store_id, state, n, total)
    SELECT 'invoiced', (invoiced_at + 25200000000) / 86400000000, store_id, state, COUNT(*), SUM(amount)
    FROM orders WHERE invoiced_at IS NOT NULL GROUP BY 2, 3, 4;

-- Once for each statement: one that changes a hundred orders changes each count once. What did not change cancels out.
CREATE FUNCTION count_days_of_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO day_counts AS c (kind, day, store_id, state, n, total)
    SELECT kind, (at + 25200000000) / 86400000000, store_id, state, COUNT(*), SUM(amount)
    FROM (SELECT 'ordered' AS kind, COALESCE(ordered_at, created_at) AS at, store_id, state, amount FROM new_orders
          UNION ALL SELECT 'received', created_at, store_id, state, amount FROM new_orders
          UNION ALL SELECT 'invoiced', invoiced_at, store_id, state, amount FROM new_orders
                    WHERE invoiced_at IS NOT NULL) AS days
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (kind, day, store_id, state) DO UPDATE SET n = c.n + excluded.n, total = c.total + excluded.total;
    RETURN NULL;
END $$;
CREATE FUNCTION count_days_of_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO day_counts AS c (kind, day, store_id, state, n, total)
    SELECT kind, (at + 25200000000) / 86400000000, store_id, state, SUM(n), SUM(n * amount)
    FROM (SELECT 1 AS n, 'ordered' AS kind, COALESCE(ordered_at, created_at) AS at, store_id, state, amount FROM new_orders
          UNION ALL SELECT 1, 'received', created_at, store_id, state, amount FROM new_orders
          UNION ALL SELECT 1, 'invoiced', invoiced_at, store_id, state, amount FROM new_orders
                    WHERE invoiced_at IS NOT NULL
          UNION ALL SELECT -1, 'ordered', COALESCE(ordered_at, created_at), store_id, state, amount FROM old_orders
          UNION ALL SELECT -1, 'received', created_at, store_id, state, amount FROM old_orders
          UNION ALL SELECT -1, 'invoiced', invoiced_at, store_id, state, amount FROM old_orders
                    WHERE invoiced_at IS NOT NULL) AS days
    GROUP BY 1, 2, 3, 4 HAVING SUM(n) <> 0 OR SUM(n * amount) <> 0
    ON CONFLICT (kind, day, store_id, state) DO UPDATE SET n = c.n + excluded.n, total = c.total + excluded.total;
    RETURN NULL;
END $$;
CREATE TRIGGER days_counted AFTER INSERT ON orders REFERENCING NEW TABLE AS new_orders
    FOR EACH STATEMENT EXECUTE FUNCTION count_days_of_new();
CREATE TRIGGER days_recounted AFTER UPDATE ON orders REFERENCING OLD TABLE AS old_orders NEW TABLE AS new_orders
    FOR EACH STATEMENT EXECUTE FUNCTION count_days_of_changed();

-- The sums beside the counts by state, reason and store.
ALTER TABLE order_counts ADD COLUMN total BIGINT NOT NULL DEFAULT 0;
UPDATE order_counts SET total = sums.total
    FROM (SELECT state, reason, store_id, SUM(amount) AS total FROM orders GROUP BY 1, 2, 3) AS sums
    WHERE order_counts.state = sums.state AND order_counts.reason = sums.reason AND order_counts.store_id = sums.store_id;

CREATE OR REPLACE FUNCTION count_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        UPDATE order_counts SET n = n - 1, total = total - OLD.amount
            WHERE state = OLD.state AND reason = OLD.reason AND store_id = OLD.store_id;
    END IF;
    INSERT INTO order_counts AS c (state, reason, store_id, n, total)
        VALUES (NEW.state, NEW.reason, NEW.store_id, 1, NEW.amount)
        ON CONFLICT (state, reason, store_id) DO UPDATE SET n = c.n + 1, total = c.total + excluded.total;
    RETURN NULL;
END $$;
DROP TRIGGER orders_recounted ON orders;
CREATE TRIGGER orders_recounted AFTER UPDATE OF state, reason, store_id, amount ON orders FOR EACH ROW
    WHEN (OLD.state <> NEW.state OR OLD.reason <> NEW.reason OR OLD.store_id <> NEW.store_id
          OR OLD.amount <> NEW.amount)
    EXECUTE FUNCTION count_order();
