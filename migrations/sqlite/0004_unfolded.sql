-- Deliveries that are on disk but not yet folded into their orders: when many come at once, the answer waits for
-- one insert only, and the folding is done behind it.
CREATE TABLE unfolded (
    delivery INTEGER PRIMARY KEY                 -- of deliveries
) STRICT;
