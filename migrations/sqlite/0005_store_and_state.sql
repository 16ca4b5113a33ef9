-- A page of one store's orders in one state is found without reading the store's other orders.
CREATE INDEX orders_by_store_and_state ON orders (store_id, state, id);
