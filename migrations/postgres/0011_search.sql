-- What an order is found by beside its own indexes: 's:' and an SKU in lower case, 'r:' and the marketplace number
-- in lower case and reversed (so that its last digits come first), 'a:' and an amount in hundredths of a rupiah.
-- Nothing is taken away: an order is found by every number, SKU and amount that it ever had.
CREATE TABLE order_terms (
    term TEXT   NOT NULL COLLATE "C",
    id   BIGINT NOT NULL,                            -- of the order
    PRIMARY KEY (term, id)
);

INSERT INTO order_terms (term, id)
    SELECT 'r:' || reverse(lower(channel_order_id)), id FROM orders ON CONFLICT DO NOTHING;
INSERT INTO order_terms (term, id)
    SELECT 's:' || lower(trim(item.value ->> 'itemNo')), o.id
    FROM orders o, json_array_elements(CAST(o.draft AS json) -> 'body' -> 'detailItem') AS item (value)
    WHERE o.draft IS NOT NULL ON CONFLICT DO NOTHING;
INSERT INTO order_terms (term, id) SELECT 'a:' || amount, id FROM orders WHERE amount > 0 ON CONFLICT DO NOTHING;

CREATE FUNCTION find_by_amount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO order_terms (term, id) VALUES ('a:' || NEW.amount, NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER amounts_found AFTER INSERT ON orders FOR EACH ROW
    WHEN (NEW.amount > 0) EXECUTE FUNCTION find_by_amount();
CREATE TRIGGER amounts_found_again AFTER UPDATE OF amount ON orders FOR EACH ROW
    WHEN (NEW.amount > 0 AND OLD.amount <> NEW.amount) EXECUTE FUNCTION find_by_amount();

-- Every store that ever had an order, under the name of its newest one.
CREATE TABLE stores (
    store_id TEXT PRIMARY KEY COLLATE "C",
    name     TEXT NOT NULL,
    channel  TEXT NOT NULL
);
INSERT INTO stores (store_id, name, channel)
    SELECT store_id, store_name, channel FROM orders WHERE id IN (SELECT MAX(id) FROM orders GROUP BY store_id);

CREATE FUNCTION see_store() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stores AS s (store_id, name, channel) VALUES (NEW.store_id, NEW.store_name, NEW.channel)
        ON CONFLICT (store_id) DO UPDATE SET name = excluded.name, channel = excluded.channel
        WHERE s.name <> excluded.name OR s.channel <> excluded.channel;
    RETURN NULL;
END $$;
CREATE TRIGGER stores_seen AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION see_store();
CREATE TRIGGER stores_seen_again AFTER UPDATE OF store_id, store_name, channel ON orders FOR EACH ROW
    WHEN (OLD.store_id <> NEW.store_id OR OLD.store_name <> NEW.store_name OR OLD.channel <> NEW.channel)
    EXECUTE FUNCTION see_store();
