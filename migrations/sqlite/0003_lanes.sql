-- Claims go by lane: orders never tried, orders tried before, invoices to be deleted. In each, by their time.
-- The expression stands word for word in store/sqlite/claim.rs; SQLite uses the index only then.
CREATE INDEX orders_by_lane ON orders
    (book, (CASE WHEN state = 'void_due' THEN 2 WHEN tries > 0 THEN 1 ELSE 0 END), next_attempt_at)
    WHERE state IN ('due', 'void_due');
DROP INDEX orders_claimable;
