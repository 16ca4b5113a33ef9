-- Which warnings nobody has acknowledged yet. An acknowledgement names what the warning was about: when that changes,
-- the warning is open again.
ALTER TABLE order_warnings ADD COLUMN open BIGINT NOT NULL DEFAULT 1;
ALTER TABLE warning_counts ADD COLUMN open BIGINT NOT NULL DEFAULT 0;
UPDATE warning_counts SET open = n;
CREATE INDEX order_warnings_open ON order_warnings (warning, id) WHERE open = 1;

CREATE OR REPLACE FUNCTION list_warnings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM order_warnings
        WHERE id = NEW.id
          AND warning IN (SELECT value ->> 'warning' FROM json_array_elements(CAST(OLD.warnings AS json)) AS v (value));
    INSERT INTO order_warnings (warning, id, open)
        SELECT w.value ->> 'warning', NEW.id,
               MAX(CASE WHEN EXISTS (SELECT 1 FROM json_array_elements(CAST(NEW.acknowledged AS json)) AS a (value)
                                     WHERE a.value ->> 'warning' = w.value ->> 'warning'
                                       AND a.value ->> 'about' = w.value ->> 'about') THEN 0 ELSE 1 END)
        FROM json_array_elements(CAST(NEW.warnings AS json)) AS w (value) GROUP BY w.value ->> 'warning'
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
DROP TRIGGER order_warnings_changed ON orders;
CREATE TRIGGER order_warnings_changed AFTER UPDATE OF warnings, acknowledged ON orders FOR EACH ROW
    WHEN (OLD.warnings <> NEW.warnings OR OLD.acknowledged <> NEW.acknowledged) EXECUTE FUNCTION list_warnings();

CREATE OR REPLACE FUNCTION count_warning() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE warning_counts SET n = n - 1, open = open - OLD.open WHERE warning = OLD.warning;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO warning_counts AS c (warning, n, open) VALUES (NEW.warning, 1, NEW.open)
            ON CONFLICT (warning) DO UPDATE SET n = c.n + 1, open = c.open + excluded.open;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER warnings_counted ON order_warnings;
CREATE TRIGGER warnings_counted AFTER INSERT OR UPDATE OR DELETE ON order_warnings FOR EACH ROW
    EXECUTE FUNCTION count_warning();
