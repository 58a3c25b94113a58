-- proposal: what the paper of a version shows beside its lines.
-- name: GetProposalToPrint :one
SELECT p.id, p.number, p.version, p.customer_id, p.site_id, p.title, p.introduction, p.terms, p.residential, p.proposal_date, p.valid_until, p.deposit_cents, p.deposit_ppm,
    p.state, p.paper, p.document_id, p.sent_at, p.salesperson_email,
    c.number AS customer_number, c.display_name, c.address1, c.address2, c.city, c.state AS region, c.zip,
    CAST(coalesce(s.name, '') AS TEXT) AS site, CAST(coalesce(s.address1, '') AS TEXT) AS site_address1, CAST(coalesce(s.address2, '') AS TEXT) AS site_address2,
    CAST(coalesce(s.city, '') AS TEXT) AS site_city, CAST(coalesce(s.state, '') AS TEXT) AS site_state, CAST(coalesce(s.zip, '') AS TEXT) AS site_zip,
    CAST(coalesce(y.name, '') AS TEXT) AS system, CAST(coalesce(m.name, '') AS TEXT) AS salesperson
FROM proposals p JOIN customers c ON c.id = p.customer_id LEFT JOIN sites s ON s.id = p.site_id LEFT JOIN systems y ON y.id = p.system_id
    LEFT JOIN staff m ON m.id = p.salesperson_id
WHERE p.id = ?;

-- proposal: the PDFs that go with a version, without their bodies.
-- name: ListProposalAttachments :many
SELECT a.position, a.document_id, a.name, a.pages, d.sha256, CAST(length(d.body) AS INTEGER) AS bytes
FROM proposal_attachments a JOIN documents d ON d.id = a.document_id WHERE a.proposal_id = ? ORDER BY a.position;

-- proposal: the head of the trail, of all proposals together.
-- name: GetProposalTrailHead :one
SELECT hash FROM proposal_events ORDER BY id DESC LIMIT 1;

-- proposal: an entry of the trail.
-- name: AddProposalEvent :exec
INSERT INTO proposal_events (proposal_id, kind, details, user_id, staff_id, ip, user_agent, at, previous_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- proposal: the trail of one version, with who it was.
-- name: ListProposalEvents :many
SELECT e.id, e.kind, e.details, e.user_id, e.staff_id, e.ip, e.user_agent, e.at, e.previous_hash, e.hash,
    CAST(coalesce(u.email, '') AS TEXT) AS user_email, CAST(coalesce(m.name, '') AS TEXT) AS staff_name, CAST(coalesce(m.email, '') AS TEXT) AS staff_email
FROM proposal_events e LEFT JOIN users u ON u.id = e.user_id LEFT JOIN staff m ON m.id = e.staff_id
WHERE e.proposal_id = ? ORDER BY e.id;

-- portal doctor: the whole trail, some at a time.
-- name: ListProposalTrail :many
SELECT e.id, e.proposal_id, e.kind, e.details, e.user_id, e.staff_id, e.ip, e.user_agent, e.at, e.previous_hash, e.hash, p.number, p.version
FROM proposal_events e JOIN proposals p ON p.id = e.proposal_id
WHERE e.id > ? ORDER BY e.id LIMIT ?;

-- /proposals: the newest version of each proposal that the customer was sent, and
-- the one that was accepted and stands.
-- name: ListProposalsForCustomer :many
SELECT p.id, p.number, p.version, p.title, p.proposal_date, p.valid_until, CAST(coalesce(d.total_cents, p.total_cents) AS INTEGER) AS total_cents, CAST(coalesce(d.monthly_cents, p.monthly_cents) AS INTEGER) AS monthly_cents,
    p.state, p.sent_at, p.decided_at, CAST(EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version AND n.state <> 'draft') AS INTEGER) AS older
FROM proposals p LEFT JOIN proposal_decisions d ON d.proposal_id = p.id AND d.decision = 'accepted'
WHERE p.customer_id = sqlc.arg(customer_id) AND p.state <> 'draft'
    AND NOT EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version AND (n.state = 'accepted' OR (p.state <> 'accepted' AND n.state <> 'draft')))
ORDER BY p.sent_at DESC, p.id DESC LIMIT sqlc.arg(most) OFFSET sqlc.arg(skip);

-- /proposals/{number}: the version that is asked for, 0 = the newest that was sent.
-- name: GetProposalForCustomer :one
SELECT p.id, p.number, p.version, p.customer_id, p.title, p.state, p.valid_until, p.document_id, p.sent_at, p.viewed_at, p.decided_at, p.withdrawn_at
FROM proposals p
WHERE p.number = sqlc.arg(number) AND p.customer_id = sqlc.arg(customer_id) AND p.state <> 'draft'
    AND (CAST(sqlc.arg(version) AS INTEGER) = 0 OR p.version = sqlc.arg(version))
ORDER BY p.version DESC LIMIT 1;

-- /proposals/{number}: all versions that were sent, the newest first.
-- name: ListProposalVersionsForCustomer :many
SELECT p.version, CAST(CASE WHEN p.state = 'accepted' AND EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version AND n.state = 'accepted') THEN 'superseded' ELSE p.state END AS TEXT) AS state,
    p.sent_at, p.valid_until, CAST(coalesce(d.total_cents, p.total_cents) AS INTEGER) AS total_cents, CAST(coalesce(d.monthly_cents, p.monthly_cents) AS INTEGER) AS monthly_cents
FROM proposals p LEFT JOIN proposal_decisions d ON d.proposal_id = p.id AND d.decision = 'accepted'
WHERE p.number = ? AND p.customer_id = ? AND p.state <> 'draft' ORDER BY p.version DESC;

-- /proposals/{number}/attachments/{position}: one PDF that goes with it.
-- name: GetProposalAttachmentForCustomer :one
SELECT a.name, d.mime, d.sha256 AS sum, d.body
FROM proposal_attachments a JOIN proposals p ON p.id = a.proposal_id JOIN documents d ON d.id = a.document_id
WHERE p.id = sqlc.arg(proposal_id) AND p.customer_id = sqlc.arg(customer_id) AND a.position = sqlc.arg(position) AND p.state <> 'draft';

-- proposal: it was looked at for the first time.
-- name: MarkProposalViewed :execrows
UPDATE proposals SET state = 'viewed', viewed_at = sqlc.arg(viewed_at), updated_at = sqlc.arg(viewed_at) WHERE id = sqlc.arg(id) AND state = 'sent';

-- proposal: who looked when; one entry a day is enough.
-- name: CountProposalViews :one
SELECT count(*) FROM proposal_events
WHERE proposal_id = sqlc.arg(proposal_id) AND kind = sqlc.arg(kind) AND at >= sqlc.arg(since) AND user_id IS sqlc.arg(user_id) AND details = sqlc.arg(details);

-- proposal.Accept and Reject: the decision is claimed, once.
-- name: DecideProposal :execrows
UPDATE proposals SET state = sqlc.arg(state), decided_at = sqlc.arg(decided_at), updated_at = sqlc.arg(decided_at)
WHERE id = sqlc.arg(id) AND state IN ('sent', 'viewed');

-- proposal.Accept and Reject: the evidence.
-- name: AddProposalDecision :exec
INSERT INTO proposal_decisions (proposal_id, decision, nonce, reason, typed_name, strokes, consent_text, consent_version, consent_sha256, chosen,
    total_cents, tax_cents, monthly_cents, deposit_cents, deposit_invoice_id, shown_sha256, shown_at, at, local_time, ip, user_agent, authenticated,
    user_id, link_id, signed_document_id, deposit_asked_cents)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- proposal: how a version was decided, with the number of the deposit's invoice.
-- name: GetProposalDecision :one
SELECT d.*, CAST(coalesce(i.number, '') AS TEXT) AS deposit_invoice, CAST(coalesce(i.balance_cents, 0) AS INTEGER) AS deposit_balance,
    CAST(coalesce(f.sha256, '') AS TEXT) AS signed_sha256, CAST(coalesce(u.email, '') AS TEXT) AS user_email, CAST(coalesce(l.email, '') AS TEXT) AS link_email
FROM proposal_decisions d LEFT JOIN invoices i ON i.id = d.deposit_invoice_id LEFT JOIN documents f ON f.id = d.signed_document_id
    LEFT JOIN users u ON u.id = d.user_id LEFT JOIN proposal_links l ON l.id = d.link_id
WHERE d.proposal_id = ?;

-- proposal: whom the signed copy goes to beside who signed: the customer's first address.
-- name: GetProposalCustomer :one
SELECT c.number, c.display_name, c.salesperson_email,
    CAST(coalesce((SELECT e.email FROM customer_emails e WHERE e.customer_id = c.id ORDER BY e.position LIMIT 1), '') AS TEXT) AS email
FROM customers c WHERE c.id = ?;

-- proposal: the e-mail address of a log-in.
-- name: GetProposalUser :one
SELECT email FROM users WHERE id = ?;

-- proposal: whom answers are mailed to.
-- name: GetProposalSalesperson :one
SELECT p.salesperson_email, CAST(coalesce(m.email, '') AS TEXT) AS staff_email, CAST(coalesce(m.name, '') AS TEXT) AS staff_name, CAST(coalesce(m.disabled_at, 0) AS INTEGER) AS disabled,
    c.salesperson_email AS customers_salesperson
FROM proposals p JOIN customers c ON c.id = p.customer_id LEFT JOIN staff m ON m.id = p.salesperson_id WHERE p.id = ?;

-- /office/proposals/verify and portal doctor: the document with that SHA-256 among those that were shown, signed or attached.
-- name: FindProposalPaper :many
SELECT p.id, p.number, p.version, p.title, p.state, p.valid_until, p.customer_id, c.display_name, c.number AS customer_number, p.sent_at,
    CAST(CASE WHEN d.id = x.signed_document_id THEN 'signed' WHEN d.id = p.document_id THEN 'shown' ELSE 'attached' END AS TEXT) AS kind, d.body
FROM proposals p JOIN customers c ON c.id = p.customer_id LEFT JOIN proposal_decisions x ON x.proposal_id = p.id
    JOIN documents d ON d.id IN (p.document_id, x.signed_document_id) OR d.id IN (SELECT a.document_id FROM proposal_attachments a WHERE a.proposal_id = p.id)
WHERE d.sha256 = ? AND p.state <> 'draft' ORDER BY CASE WHEN d.id = x.signed_document_id THEN 1 WHEN d.id = p.document_id THEN 2 ELSE 3 END, p.id DESC LIMIT 1;

-- outbox: whether a link to a proposal belongs to the address a mail goes to.
-- name: CountProposalLinkTo :one
SELECT count(*) FROM proposal_links l JOIN proposals p ON p.id = l.proposal_id
WHERE l.id = sqlc.arg(id) AND p.customer_id = sqlc.arg(customer_id) AND l.email = sqlc.arg(email) AND l.revoked_at = 0;

-- proposal: the link of a version for an address, if there is one.
-- name: GetProposalLink :one
SELECT id, token_hash, revoked_at FROM proposal_links WHERE proposal_id = ? AND email = ?;

-- proposal: a link is made; its token follows from its id.
-- name: AddProposalLink :one
INSERT INTO proposal_links (proposal_id, email, token_hash, created_at) VALUES (?, ?, ?, ?) RETURNING id;

-- proposal: a link gets its token, or the one of another key file, and opens again.
-- name: SetProposalLinkToken :exec
UPDATE proposal_links SET token_hash = ?, revoked_at = 0 WHERE id = ?;

-- /s/{token}: what a link opens, as long as its address is the customer's.
-- name: FindProposalLink :one
SELECT l.id, l.proposal_id, l.email, l.code_hash, l.code_until, l.code_tries, l.codes_sent, l.codes_day, l.session_hash, l.session_until, l.revoked_at,
    p.number, p.version, p.title, p.customer_id, p.state, p.valid_until, p.decided_at, p.withdrawn_at, p.updated_at, c.display_name
FROM proposal_links l JOIN proposals p ON p.id = l.proposal_id JOIN customers c ON c.id = p.customer_id
WHERE l.token_hash = ? AND p.state <> 'draft' AND (
    EXISTS (SELECT 1 FROM customer_emails e WHERE e.customer_id = p.customer_id AND e.email = l.email)
    OR EXISTS (SELECT 1 FROM customer_users k JOIN users u ON u.id = k.user_id WHERE k.customer_id = p.customer_id AND u.email = l.email AND u.locked_at = 0));

-- /s/{token}: a code is mailed.
-- name: SetProposalCode :exec
UPDATE proposal_links SET code_hash = ?, code_until = ?, code_tries = 0, codes_sent = ?, codes_day = ? WHERE id = ?;

-- /s/{token}: a code was tried. The count is the brake, so it is raised before the code is looked at.
-- name: CountProposalCodeTry :execrows
UPDATE proposal_links SET code_tries = code_tries + 1 WHERE id = sqlc.arg(id) AND code_hash <> '' AND code_until > sqlc.arg(now) AND code_tries < sqlc.arg(most);

-- /s/{token}: the code was right: it is used up and a browser is let in.
-- name: OpenProposalSession :exec
UPDATE proposal_links SET code_hash = '', code_tries = 0, session_hash = ?, session_until = ? WHERE id = ?;

-- /s/{token}: the browser is still there.
-- name: KeepProposalSession :exec
UPDATE proposal_links SET session_until = ? WHERE id = ?;

-- proposal: the SHA-256 of the PDF as it was sent.
-- name: GetProposalPaperSum :one
SELECT d.sha256 AS sum FROM proposals p JOIN documents d ON d.id = p.document_id WHERE p.id = ?;

-- portal doctor: all versions that were sent, some at a time, with what was answered.
-- name: ListProposalsToCheck :many
SELECT p.id, p.number, p.version, p.state, p.paper, p.document_id, p.deposit_cents, p.deposit_ppm, CAST(coalesce(d.decision, '') AS TEXT) AS decision,
    CAST(coalesce(i.total_cents, 0) AS INTEGER) AS deposit_total,
    CAST(EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version AND n.state = 'accepted') AS INTEGER) AS superseded
FROM proposals p LEFT JOIN proposal_decisions d ON d.proposal_id = p.id LEFT JOIN invoices i ON i.id = d.deposit_invoice_id
WHERE p.id > ? AND p.state <> 'draft' ORDER BY p.id LIMIT ?;

-- portal doctor: where the trail ends.
-- name: GetProposalTrailEnd :one
SELECT entries, sha256 FROM proposal_trail WHERE id = 1;

-- proposal: all versions of a number that were sent, the oldest first, with the
-- invoice over the deposit where it is not void, and whether it was carried out.
-- name: ListProposalKin :many
SELECT p.id, p.version, p.state, p.valid_until, p.decided_at, CAST(coalesce(r.at, 0) AS INTEGER) AS carried_at,
    CAST(coalesce(i.id, 0) AS INTEGER) AS invoice_id, CAST(coalesce(i.number, '') AS TEXT) AS invoice, CAST(coalesce(i.total_cents, 0) AS INTEGER) AS asked, CAST(coalesce(i.balance_cents, 0) AS INTEGER) AS unpaid
FROM proposals p LEFT JOIN proposal_results r ON r.proposal_id = p.id LEFT JOIN proposal_decisions d ON d.proposal_id = p.id AND d.decision = 'accepted'
    LEFT JOIN invoices i ON i.id = d.deposit_invoice_id AND i.state = 'issued'
WHERE p.number = ? AND p.state <> 'draft' ORDER BY p.version;
