-- +goose Up
-- A work order whose invoice was voided may become another one.

-- the invoice of a work order that counts: one that is void does not
CREATE VIEW work_order_invoices AS
SELECT w.id AS work_order_id, i.id AS invoice_id, i.number
FROM work_orders w JOIN invoices i ON i.id = w.invoice_id WHERE i.state <> 'void';

DROP TRIGGER work_orders_invoiced_once;
-- +goose StatementBegin
CREATE TRIGGER work_orders_invoiced_once BEFORE UPDATE ON work_orders
WHEN NEW.customer_id <> OLD.customer_id OR NEW.number <> OLD.number
    OR (OLD.invoice_id IS NOT NULL AND NEW.invoice_id IS NOT OLD.invoice_id
        AND (NEW.invoice_id IS NULL OR EXISTS (SELECT 1 FROM work_order_invoices v WHERE v.work_order_id = OLD.id)))
BEGIN
    SELECT RAISE(ABORT, 'a work order keeps its number, its customer and its invoice');
END;
-- +goose StatementEnd

-- when a note was written on a phone that was out of reach; 0 = when it was booked
ALTER TABLE work_order_notes ADD COLUMN written_at INTEGER NOT NULL DEFAULT 0 CHECK (written_at >= 0);
