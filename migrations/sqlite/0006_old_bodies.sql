-- Clearing the bodies of old deliveries: up to which delivery all were looked at ...
CREATE TABLE cleared_up_to (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    delivery INTEGER NOT NULL
) STRICT;
INSERT INTO cleared_up_to (id, delivery) VALUES (1, 0);

-- ... and which of those were still needed then, with the time at which they are looked at again.
CREATE TABLE kept_bodies (
    delivery INTEGER PRIMARY KEY,                -- of deliveries
    look_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX kept_bodies_by_look_at ON kept_bodies (look_at);
