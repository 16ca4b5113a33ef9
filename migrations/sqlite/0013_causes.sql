-- What an order is worth, what holds it up, what a person decided about it and which of its warnings a person has
-- acknowledged. Money is in hundredths of a rupiah, so that sums stay whole numbers.
ALTER TABLE orders ADD COLUMN amount INTEGER NOT NULL DEFAULT 0; -- of the invoice, else of the draft, else of the order
ALTER TABLE orders ADD COLUMN subject TEXT NOT NULL DEFAULT '';  -- what the reason is about, for example 'item:KAOS-M'
ALTER TABLE orders ADD COLUMN decision TEXT;                     -- a person's decision that is in effect, JSON
ALTER TABLE orders ADD COLUMN acknowledged TEXT NOT NULL DEFAULT '[]'; -- warnings with who acknowledged them when, JSON
ALTER TABLE orders ADD COLUMN terms INTEGER NOT NULL DEFAULT 0;  -- a hash of what the order is found by, below

UPDATE orders SET amount = COALESCE(
    CAST(ROUND(CAST(COALESCE(invoice_total, draft ->> 'total') AS REAL) * 100) AS INTEGER), 0);

CREATE INDEX orders_by_cause ON orders (reason, subject, id) WHERE state = 'blocked';
-- Lists of the orders of some days; where Forstok does not say when an order was made, its arrival counts.
CREATE INDEX orders_by_ordered_at ON orders (COALESCE(ordered_at, created_at));
CREATE INDEX orders_by_created_at ON orders (created_at);
CREATE INDEX orders_by_invoiced_at ON orders (invoiced_at) WHERE invoiced_at IS NOT NULL;

-- Blocked orders by their cause: how many, and what they are worth.
CREATE TABLE cause_counts (
    reason  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    n       INTEGER NOT NULL,
    total   INTEGER NOT NULL,
    PRIMARY KEY (reason, subject)
) STRICT, WITHOUT ROWID;
INSERT INTO cause_counts (reason, subject, n, total)
    SELECT reason, subject, COUNT(*), SUM(amount) FROM orders WHERE state = 'blocked' GROUP BY reason, subject;

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

-- Decided again by the new version, which writes the subject.
UPDATE orders SET undecided = 1, revision = revision + 1 WHERE state = 'blocked';
