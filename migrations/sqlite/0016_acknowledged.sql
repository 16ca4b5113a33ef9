-- Which warnings nobody has acknowledged yet. An acknowledgement names what the warning was about: when that changes,
-- the warning is open again.
ALTER TABLE order_warnings ADD COLUMN open INTEGER NOT NULL DEFAULT 1;
ALTER TABLE warning_counts ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
UPDATE warning_counts SET open = n;
CREATE INDEX order_warnings_open ON order_warnings (warning, id) WHERE open = 1;

DROP TRIGGER order_warnings_changed;
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
DROP TRIGGER warnings_counted;
CREATE TRIGGER warnings_counted AFTER INSERT ON order_warnings BEGIN
    INSERT INTO warning_counts (warning, n, open) VALUES (NEW.warning, 1, NEW.open)
        ON CONFLICT (warning) DO UPDATE SET n = n + 1, open = open + excluded.open;
END;
DROP TRIGGER warnings_uncounted;
CREATE TRIGGER warnings_uncounted AFTER DELETE ON order_warnings BEGIN
    UPDATE warning_counts SET n = n - 1, open = open - OLD.open WHERE warning = OLD.warning;
END;
