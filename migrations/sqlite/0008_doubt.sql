-- An invoice that was saved or found shows in look-ups only after a while: when we last knew it to exist.
ALTER TABLE orders ADD COLUMN invoice_shown_at INTEGER NOT NULL DEFAULT 0;
-- How often in a row Accurate failed for this order alone, and what it said last.
ALTER TABLE orders ADD COLUMN vain_looks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN trouble TEXT NOT NULL DEFAULT '';
-- When a blocked order is looked at again for its own sake; 0: it is not.
ALTER TABLE orders ADD COLUMN recheck_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX orders_to_recheck ON orders (book, recheck_at) WHERE recheck_at > 0;

-- One document belongs to one order. Where two orders share one already, the later needs a person.
CREATE INDEX orders_by_invoice_before ON orders (book, invoice_id) WHERE invoice_id IS NOT NULL AND state <> 'voided';
UPDATE orders SET
    reason = 'number_conflict', state = 'blocked', unsure_since = MAX(unsure_since, 1), next_attempt_at = 0,
    findings = json_array(json_object('reason', 'number_conflict', 'about',
        json_object('kind', 'invoice', 'number', invoice_number, 'id', invoice_id))),
    invoice_id = NULL, invoice_number = NULL, invoice_total = NULL, invoiced_at = NULL
WHERE invoice_id IS NOT NULL AND state <> 'voided' AND EXISTS
    (SELECT 1 FROM orders o WHERE o.book = orders.book AND o.invoice_id = orders.invoice_id
        AND o.invoice_id IS NOT NULL AND o.state <> 'voided' AND o.id < orders.id);
DROP INDEX orders_by_invoice_before;
CREATE UNIQUE INDEX orders_by_invoice ON orders (book, invoice_id) WHERE invoice_id IS NOT NULL AND state <> 'voided';

-- The same entry again counts up `times` instead of adding a row: since when, and by what it is recognised ('': never).
ALTER TABLE timeline ADD COLUMN times INTEGER NOT NULL DEFAULT 1;
ALTER TABLE timeline ADD COLUMN since INTEGER;
ALTER TABLE timeline ADD COLUMN fold_key TEXT NOT NULL DEFAULT '';
