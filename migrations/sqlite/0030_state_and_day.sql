-- Blocked, ignored and voided orders of some days, by when they were ordered and by when they came: few among many, so
-- that reading all orders of those days to find them took too long. No order on its usual way is in these indexes.
CREATE INDEX orders_by_state_and_ordered_at ON orders (state, COALESCE(ordered_at, created_at), id)
    WHERE state = 'blocked' OR state = 'ignored' OR state = 'voided';
CREATE INDEX orders_by_state_and_created_at ON orders (state, created_at, id)
    WHERE state = 'blocked' OR state = 'ignored' OR state = 'voided';
