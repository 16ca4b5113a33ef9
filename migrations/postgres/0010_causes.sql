-- What an order is worth, what holds it up, what a person decided about it and which of its warnings a person has
-- acknowledged. Money is in hundredths of a rupiah, so that sums stay whole numbers.
ALTER TABLE orders
    ADD COLUMN amount BIGINT NOT NULL DEFAULT 0,                 -- of the invoice, else of the draft, else of the order
    ADD COLUMN subject TEXT NOT NULL DEFAULT '' COLLATE "C",     -- what the reason is about, for example 'item:KAOS-M'
    ADD COLUMN decision TEXT,                                    -- a person's decision that is in effect, JSON
    ADD COLUMN acknowledged TEXT NOT NULL DEFAULT '[]',          -- warnings with who acknowledged them when, JSON
    ADD COLUMN terms BIGINT NOT NULL DEFAULT 0;                  -- a hash of what the order is found by, below

UPDATE orders SET amount = COALESCE(
    CAST(ROUND(CAST(COALESCE(invoice_total, CAST(draft AS json) ->> 'total') AS NUMERIC) * 100) AS BIGINT), 0)
    WHERE invoice_total IS NOT NULL OR draft IS NOT NULL;

CREATE INDEX orders_by_cause ON orders (reason, subject, id) WHERE state = 'blocked';
-- Lists of the orders of some days; where Forstok does not say when an order was made, its arrival counts.
CREATE INDEX orders_by_ordered_at ON orders ((COALESCE(ordered_at, created_at)), id);
CREATE INDEX orders_by_created_at ON orders (created_at, id);
CREATE INDEX orders_by_invoiced_at ON orders (invoiced_at, id) WHERE invoiced_at IS NOT NULL;

-- Blocked orders by their cause: how many, and what they are worth.
CREATE TABLE cause_counts (
    reason  TEXT   NOT NULL COLLATE "C",
    subject TEXT   NOT NULL COLLATE "C",
    n       BIGINT NOT NULL,
    total   BIGINT NOT NULL,
    PRIMARY KEY (reason, subject)
);
INSERT INTO cause_counts (reason, subject, n, total)
    SELECT reason, subject, COUNT(*), SUM(amount) FROM orders WHERE state = 'blocked' GROUP BY reason, subject;

CREATE FUNCTION count_cause() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'blocked' THEN
        UPDATE cause_counts SET n = n - 1, total = total - OLD.amount
            WHERE reason = OLD.reason AND subject = OLD.subject;
    END IF;
    IF NEW.state = 'blocked' THEN
        INSERT INTO cause_counts AS c (reason, subject, n, total) VALUES (NEW.reason, NEW.subject, 1, NEW.amount)
            ON CONFLICT (reason, subject) DO UPDATE SET n = c.n + 1, total = c.total + excluded.total;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM cause_counts WHERE reason = OLD.reason AND subject = OLD.subject AND n = 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER causes_counted AFTER INSERT ON orders FOR EACH ROW
    WHEN (NEW.state = 'blocked') EXECUTE FUNCTION count_cause();
CREATE TRIGGER causes_recounted AFTER UPDATE OF state, reason, subject, amount ON orders FOR EACH ROW
    WHEN ((OLD.state = 'blocked' OR NEW.state = 'blocked')
          AND (OLD.state <> NEW.state OR OLD.reason <> NEW.reason OR OLD.subject <> NEW.subject
               OR OLD.amount <> NEW.amount))
    EXECUTE FUNCTION count_cause();

-- Decided again by the new version, which writes the subject.
UPDATE orders SET undecided = 1, revision = revision + 1 WHERE state = 'blocked';
