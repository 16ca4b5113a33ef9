-- A webhook that cannot be read may still name its order: it is then shown there as well.
ALTER TABLE deliveries ADD COLUMN names_order TEXT COLLATE "C";
CREATE INDEX deliveries_naming ON deliveries (names_order, id) WHERE names_order IS NOT NULL;

-- Unreadable webhooks are listed, newest first, and read again, without looking at the others.
CREATE INDEX deliveries_unreadable ON deliveries (id) WHERE order_id = '';

-- 1: the deletion of the order's invoice may have been sent, so that it can no longer be called off.
ALTER TABLE orders ADD COLUMN deletion_tried BIGINT NOT NULL DEFAULT 0;
