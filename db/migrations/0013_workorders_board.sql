-- +goose Up
-- The office's lists of work orders, read in order and no further than a page.

CREATE INDEX work_orders_changed ON work_orders (changed_at, id);
CREATE INDEX work_orders_window ON work_orders (window_date, window_from, id) WHERE window_date <> '';
CREATE INDEX work_orders_unassigned ON work_orders (id) WHERE technician_id IS NULL AND state NOT IN ('completed', 'cancelled');
