-- Clearing the bodies of old deliveries: up to which delivery all were looked at ...
CREATE TABLE cleared_up_to (
    id       BIGINT PRIMARY KEY CHECK (id = 1),
    delivery BIGINT NOT NULL
);
INSERT INTO cleared_up_to (id, delivery) VALUES (1, 0);

-- ... and which of those were still needed then, with the time at which they are looked at again.
CREATE TABLE kept_bodies (
    delivery BIGINT PRIMARY KEY,                     -- of deliveries
    look_at  BIGINT NOT NULL
);
CREATE INDEX kept_bodies_by_look_at ON kept_bodies (look_at);
