-- Orders that were seen again after a cancellation: a mapping with another chosen status decides them again.
CREATE INDEX orders_went_on ON orders (state, id) WHERE history LIKE '%"went_on":true%';
