-- /account: which mails a log-in wants; no row = all.
-- name: GetMailChoices :one
SELECT invoices, reminders FROM mail_choices WHERE user_id = ?;

-- /account: "Save" under e-mail.
-- name: PutMailChoices :exec
INSERT INTO mail_choices (user_id, invoices, reminders) VALUES (?, ?, ?)
ON CONFLICT (user_id) DO UPDATE SET invoices = excluded.invoices, reminders = excluded.reminders;
