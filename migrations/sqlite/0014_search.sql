-- What an order is found by beside its own indexes: 's:' and an SKU in lower case, 'r:' and the marketplace number
-- in lower case and reversed (so that its last digits come first), 'a:' and an amount in hundredths of a rupiah.
-- Nothing is taken away: an order is found by every number, SKU and amount that it ever had.
CREATE TABLE order_terms (
    term TEXT    NOT NULL,
    id   INTEGER NOT NULL,                       -- of the order
    PRIMARY KEY (term, id)
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO order_terms (term, id)
    SELECT 'r:' || (WITH RECURSIVE reversed (place, text) AS (
               SELECT length(channel_order_id), ''
               UNION ALL SELECT place - 1, text || substr(lower(channel_order_id), place, 1) FROM reversed WHERE place > 0)
           SELECT text FROM reversed WHERE place = 0), id FROM orders ORDER BY 1, 2;
INSERT OR IGNORE INTO order_terms (term, id)
    SELECT 's:' || lower(trim(item.value ->> 'itemNo')), o.id
    FROM orders o, json_each(o.draft, '$.body.detailItem') AS item WHERE o.draft IS NOT NULL ORDER BY 1, 2;
INSERT OR IGNORE INTO order_terms (term, id) SELECT 'a:' || amount, id FROM orders WHERE amount > 0 ORDER BY 1, 2;

-- ON CONFLICT and not OR IGNORE: an upsert that fires a trigger overrides the latter, and the insert would fail.
CREATE TRIGGER amounts_found AFTER INSERT ON orders WHEN NEW.amount > 0 BEGIN
    INSERT INTO order_terms (term, id) VALUES ('a:' || NEW.amount, NEW.id) ON CONFLICT (term, id) DO NOTHING;
END;
CREATE TRIGGER amounts_found_again AFTER UPDATE OF amount ON orders WHEN NEW.amount > 0 AND OLD.amount <> NEW.amount BEGIN
    INSERT INTO order_terms (term, id) VALUES ('a:' || NEW.amount, NEW.id) ON CONFLICT (term, id) DO NOTHING;
END;

-- Every store that ever had an order, under the name of its newest one.
CREATE TABLE stores (
    store_id TEXT NOT NULL PRIMARY KEY,
    name     TEXT NOT NULL,
    channel  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO stores (store_id, name, channel)
    SELECT store_id, store_name, channel FROM orders WHERE id IN (SELECT MAX(id) FROM orders GROUP BY store_id);

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
