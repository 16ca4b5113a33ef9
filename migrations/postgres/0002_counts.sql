-- How many orders stand where, and which carry which warning: kept by triggers, so that no count or list scans the
-- history. Whoever changes an order is alone in doing so (store/postgres), so that no two wait for each other here.

CREATE TABLE order_counts (
    state    TEXT   NOT NULL COLLATE "C",
    reason   TEXT   NOT NULL COLLATE "C",
    store_id TEXT   NOT NULL COLLATE "C",
    n        BIGINT NOT NULL,
    PRIMARY KEY (state, reason, store_id)
);

CREATE FUNCTION count_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        UPDATE order_counts SET n = n - 1
            WHERE state = OLD.state AND reason = OLD.reason AND store_id = OLD.store_id;
    END IF;
    INSERT INTO order_counts AS c (state, reason, store_id, n) VALUES (NEW.state, NEW.reason, NEW.store_id, 1)
        ON CONFLICT (state, reason, store_id) DO UPDATE SET n = c.n + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER orders_counted AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION count_order();
CREATE TRIGGER orders_recounted AFTER UPDATE OF state, reason, store_id ON orders FOR EACH ROW
    WHEN (OLD.state <> NEW.state OR OLD.reason <> NEW.reason OR OLD.store_id <> NEW.store_id)
    EXECUTE FUNCTION count_order();

CREATE TABLE order_warnings (
    warning TEXT   NOT NULL COLLATE "C",
    id      BIGINT NOT NULL,                         -- of the order
    PRIMARY KEY (warning, id)
);

CREATE TABLE warning_counts (
    warning TEXT   PRIMARY KEY COLLATE "C",
    n       BIGINT NOT NULL
);

CREATE FUNCTION list_warnings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM order_warnings
        WHERE id = NEW.id
          AND warning IN (SELECT value ->> 'warning' FROM json_array_elements(CAST(OLD.warnings AS json)) AS v (value));
    INSERT INTO order_warnings (warning, id)
        SELECT value ->> 'warning', NEW.id FROM json_array_elements(CAST(NEW.warnings AS json)) AS v (value)
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER order_warnings_changed AFTER UPDATE OF warnings ON orders FOR EACH ROW
    WHEN (OLD.warnings <> NEW.warnings) EXECUTE FUNCTION list_warnings();

CREATE FUNCTION count_warning() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO warning_counts AS c (warning, n) VALUES (NEW.warning, 1)
            ON CONFLICT (warning) DO UPDATE SET n = c.n + 1;
    ELSE
        UPDATE warning_counts SET n = n - 1 WHERE warning = OLD.warning;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER warnings_counted AFTER INSERT OR DELETE ON order_warnings FOR EACH ROW EXECUTE FUNCTION count_warning();
