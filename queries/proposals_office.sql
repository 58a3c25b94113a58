-- A new draft of a proposal; no row = the same form was saved before.
-- name: AddProposalDraft :many
INSERT INTO proposals (number, version, customer_id, site_id, system_id, title, introduction, terms, residential, proposal_date, valid_until,
    salesperson_id, salesperson_email, deposit_cents, deposit_ppm, state, total_cents, monthly_cents, previous_id, nonce, staff_id, created_at, updated_at)
VALUES (sqlc.arg(number), sqlc.arg(version), sqlc.arg(customer_id), sqlc.arg(site_id), sqlc.arg(system_id), sqlc.arg(title), sqlc.arg(introduction),
    sqlc.arg(terms), sqlc.arg(residential), sqlc.arg(proposal_date), sqlc.arg(valid_until), sqlc.arg(salesperson_id), sqlc.arg(salesperson_email),
    sqlc.arg(deposit_cents), sqlc.arg(deposit_ppm), 'draft', sqlc.arg(total_cents), sqlc.arg(monthly_cents), sqlc.arg(previous_id), sqlc.arg(nonce),
    sqlc.arg(staff_id), sqlc.arg(now_at), sqlc.arg(now_at))
ON CONFLICT (nonce) DO NOTHING
RETURNING id;

-- A new draft of a proposal, saved twice: the one there is.
-- name: GetProposalByNonce :one
SELECT id, customer_id, saves FROM proposals WHERE nonce = ?;

-- Saving a draft of a proposal: only over what was opened.
-- name: UpdateProposalDraft :execrows
UPDATE proposals SET number = sqlc.arg(number), site_id = sqlc.arg(site_id), system_id = sqlc.arg(system_id), title = sqlc.arg(title),
    introduction = sqlc.arg(introduction), terms = sqlc.arg(terms), residential = sqlc.arg(residential), proposal_date = sqlc.arg(proposal_date),
    valid_until = sqlc.arg(valid_until), salesperson_id = sqlc.arg(salesperson_id), salesperson_email = sqlc.arg(salesperson_email),
    deposit_cents = sqlc.arg(deposit_cents), deposit_ppm = sqlc.arg(deposit_ppm), total_cents = sqlc.arg(total_cents), monthly_cents = sqlc.arg(monthly_cents),
    staff_id = sqlc.arg(staff_id), updated_at = sqlc.arg(updated_at), saves = saves + 1
WHERE id = sqlc.arg(id) AND saves = sqlc.arg(saves) AND state = 'draft';

-- One version of a proposal in the office: drafts, sending, withdrawing.
-- name: GetProposal :one
SELECT p.id, p.number, p.version, p.customer_id, p.site_id, p.system_id, p.title, p.introduction, p.terms, p.residential, p.proposal_date, p.valid_until,
    p.salesperson_id, p.salesperson_email, p.deposit_cents, p.deposit_ppm, p.state, p.total_cents, p.monthly_cents, p.document_id, p.previous_id, p.saves,
    p.staff_id, p.created_at, p.updated_at, p.sent_at, p.viewed_at, p.decided_at, p.withdrawn_at, p.reminded_at,
    c.number AS customer_number, c.display_name,
    CAST(coalesce(s.name, '') AS TEXT) AS site, CAST(coalesce(y.name, '') AS TEXT) AS system,
    CAST(coalesce(f.name, '') AS TEXT) AS salesperson, CAST(coalesce(w.name, '') AS TEXT) AS saved_by,
    CAST(coalesce(d.sha256, '') AS TEXT) AS paper_sha256
FROM proposals p JOIN customers c ON c.id = p.customer_id
LEFT JOIN sites s ON s.id = p.site_id LEFT JOIN systems y ON y.id = p.system_id
LEFT JOIN staff f ON f.id = p.salesperson_id LEFT JOIN staff w ON w.id = p.staff_id LEFT JOIN documents d ON d.id = p.document_id
WHERE p.id = ?;

-- One version of a proposal in the office.
-- name: ListDraftProposalLines :many
SELECT position, description, quantity, unit_price_cents, taxable, cycle_months, optional, chosen, amount_cents, tax_cents
FROM proposal_lines WHERE proposal_id = ? ORDER BY position;

-- Saving and deleting a draft of a proposal.
-- name: DeleteProposalLines :exec
DELETE FROM proposal_lines WHERE proposal_id = ?;

-- Saving and sending a draft of a proposal.
-- name: AddProposalLine :exec
INSERT INTO proposal_lines (proposal_id, position, description, quantity, unit_price_cents, taxable, cycle_months, optional, chosen, amount_cents, tax_cents)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- One version of a proposal in the office: the PDFs that go with it.
-- name: ListDraftProposalAttachments :many
SELECT a.position, a.document_id, a.name, a.pages, d.sha256, CAST(length(d.body) AS INTEGER) AS bytes
FROM proposal_attachments a JOIN documents d ON d.id = a.document_id WHERE a.proposal_id = ? ORDER BY a.position;

-- Saving and deleting a draft of a proposal.
-- name: DeleteProposalAttachments :exec
DELETE FROM proposal_attachments WHERE proposal_id = ?;

-- Saving a draft of a proposal.
-- name: AddProposalAttachment :exec
INSERT INTO proposal_attachments (proposal_id, position, document_id, name, pages) VALUES (?, ?, ?, ?, ?);

-- Saving and deleting a draft of a proposal: a PDF that was taken off it and goes
-- with nothing else.
-- name: DeleteLooseAttachment :exec
DELETE FROM documents WHERE id = sqlc.arg(id) AND kind = 'attachment'
    AND NOT EXISTS (SELECT 1 FROM proposal_attachments a WHERE a.document_id = documents.id)
    AND NOT EXISTS (SELECT 1 FROM outbox_attachments o WHERE o.document_id = documents.id);

-- Deleting a draft of a proposal: only what was looked at, and no longer once it was sent.
-- name: DeleteProposalDraft :execrows
DELETE FROM proposals WHERE id = ? AND saves = ? AND state = 'draft';

-- Sending a proposal: the press that finds it a draft is the one.
-- name: SendProposal :execrows
UPDATE proposals SET state = 'sent', document_id = sqlc.arg(document_id), paper = sqlc.arg(paper), sent_at = sqlc.arg(now_at), updated_at = sqlc.arg(now_at),
    staff_id = sqlc.arg(staff_id)
WHERE id = sqlc.arg(id) AND saves = sqlc.arg(saves) AND state = 'draft';

-- Sending a proposal that was saved on another day, or before a tax changed: as
-- things stand, and still a draft.
-- name: RefreshProposalDraft :execrows
UPDATE proposals SET proposal_date = sqlc.arg(proposal_date), total_cents = sqlc.arg(total_cents), monthly_cents = sqlc.arg(monthly_cents)
WHERE id = sqlc.arg(id) AND saves = sqlc.arg(saves) AND state = 'draft';

-- Sending a new version: the ones before it that nobody decided on.
-- name: ReplaceProposal :execrows
UPDATE proposals SET state = 'replaced', updated_at = sqlc.arg(now_at) WHERE id = sqlc.arg(id) AND state IN ('sent', 'viewed');

-- Withdrawing a proposal that nobody decided on.
-- name: WithdrawProposal :execrows
UPDATE proposals SET state = 'withdrawn', withdrawn_at = sqlc.arg(now_at), updated_at = sqlc.arg(now_at)
WHERE id = sqlc.arg(id) AND state IN ('sent', 'viewed');

-- One proposal in the office: all its versions, the newest first.
-- name: ListProposalVersions :many
SELECT p.id, p.number, p.version, p.customer_id,
    CAST(CASE WHEN p.state = 'accepted' AND EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version AND n.state = 'accepted') THEN 'superseded' ELSE p.state END AS TEXT) AS state,
    p.title, p.valid_until, CAST(coalesce(d.total_cents, p.total_cents) AS INTEGER) AS total_cents, CAST(coalesce(d.monthly_cents, p.monthly_cents) AS INTEGER) AS monthly_cents, p.sent_at, p.updated_at
FROM proposals p LEFT JOIN proposal_decisions d ON d.proposal_id = p.id AND d.decision = 'accepted' WHERE p.number = ? ORDER BY p.version DESC;

-- Saving a draft of a proposal: whether the dealer's own number is taken by another.
-- name: CountProposalNumber :one
SELECT count(*) FROM proposals WHERE number = sqlc.arg(number) AND id <> sqlc.arg(id);

-- A draft of a proposal and whom it goes to: the addresses on file and those who
-- log in for the customer.
-- name: ListProposalAddresses :many
SELECT e.email, CAST(EXISTS (SELECT 1 FROM users u JOIN customer_users k ON k.user_id = u.id
    WHERE u.email = e.email AND k.customer_id = e.customer_id AND u.locked_at = 0) AS INTEGER) AS login
FROM customer_emails e WHERE e.customer_id = sqlc.arg(customer_id)
UNION
SELECT u.email, 1 AS login FROM users u JOIN customer_users k ON k.user_id = u.id
WHERE k.customer_id = sqlc.arg(customer_id) AND u.locked_at = 0
ORDER BY 1;

-- A draft of a proposal: who sells.
-- name: ListSalespeople :many
SELECT id, name, email FROM staff WHERE role IN ('owner', 'sales') AND disabled_at = 0 ORDER BY name, id;

-- Saving a draft of a proposal: the salesperson.
-- name: GetSalesperson :one
SELECT id, name, email FROM staff WHERE id = ? AND role IN ('owner', 'sales') AND disabled_at = 0;

-- Saving a draft of a proposal: whose site and system it is.
-- name: GetProposalPlace :one
SELECT CAST(EXISTS (SELECT 1 FROM sites s WHERE s.id = sqlc.arg(site_id) AND s.customer_id = sqlc.arg(customer_id)) AS INTEGER) AS site_theirs,
    CAST(EXISTS (SELECT 1 FROM systems y WHERE y.id = sqlc.arg(system_id) AND y.site_id = sqlc.arg(site_id)) AS INTEGER) AS system_there;

-- /office/proposals: those in one state, the last changed first, that come after a
-- certain one; what was accepted and then replaced is not among the accepted.
-- name: ListProposalsByState :many
SELECT p.id, p.number, p.version, p.title, p.state, p.valid_until, CAST(coalesce(d.total_cents, p.total_cents) AS INTEGER) AS total_cents, CAST(coalesce(d.monthly_cents, p.monthly_cents) AS INTEGER) AS monthly_cents, p.updated_at,
    p.salesperson_id, c.number AS customer_number, c.display_name, CAST(coalesce(f.name, '') AS TEXT) AS salesperson
FROM proposals p INDEXED BY proposals_state JOIN customers c ON c.id = p.customer_id LEFT JOIN staff f ON f.id = p.salesperson_id
    LEFT JOIN proposal_decisions d ON d.proposal_id = p.id AND d.decision = 'accepted'
WHERE p.state = sqlc.arg(state) AND p.updated_at <= sqlc.arg(updated_at) AND (p.updated_at < sqlc.arg(updated_at) OR p.id < sqlc.arg(id))
    AND (CAST(sqlc.arg(salesperson) AS INTEGER) = 0 OR p.salesperson_id = sqlc.arg(salesperson))
    AND NOT (p.state = 'accepted' AND EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version AND n.state = 'accepted'))
ORDER BY p.updated_at DESC, p.id DESC LIMIT sqlc.arg(most);

-- /office/proposals: versions that a newer one replaced, those that were accepted
-- before that among them, the last changed first.
-- name: ListReplacedProposals :many
SELECT p.id, p.number, p.version, p.title,
    CAST(CASE p.state WHEN 'accepted' THEN 'superseded' ELSE p.state END AS TEXT) AS state, p.valid_until, CAST(coalesce(d.total_cents, p.total_cents) AS INTEGER) AS total_cents, CAST(coalesce(d.monthly_cents, p.monthly_cents) AS INTEGER) AS monthly_cents, p.updated_at,
    p.salesperson_id, c.number AS customer_number, c.display_name, CAST(coalesce(f.name, '') AS TEXT) AS salesperson
FROM proposals p JOIN customers c ON c.id = p.customer_id LEFT JOIN staff f ON f.id = p.salesperson_id
    LEFT JOIN proposal_decisions d ON d.proposal_id = p.id AND d.decision = 'accepted'
WHERE (p.state = 'replaced' OR (p.state = 'accepted' AND EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version AND n.state = 'accepted'))) AND p.updated_at <= sqlc.arg(updated_at) AND (p.updated_at < sqlc.arg(updated_at) OR p.id < sqlc.arg(id))
    AND (CAST(sqlc.arg(salesperson) AS INTEGER) = 0 OR p.salesperson_id = sqlc.arg(salesperson))
ORDER BY p.updated_at DESC, p.id DESC LIMIT sqlc.arg(most);

-- /office/proposals: accepted and not carried out, the longest waiting first. What a
-- newer version replaced does not wait, nor what may be replaced by one that the
-- customer has.
-- name: ListProposalsToCarryOut :many
SELECT p.id, p.number, p.version, p.title, p.state, p.valid_until, CAST(coalesce(d.total_cents, p.total_cents) AS INTEGER) AS total_cents, CAST(coalesce(d.monthly_cents, p.monthly_cents) AS INTEGER) AS monthly_cents, p.updated_at,
    p.salesperson_id, c.number AS customer_number, c.display_name, CAST(coalesce(f.name, '') AS TEXT) AS salesperson
FROM proposals p INDEXED BY proposals_state JOIN customers c ON c.id = p.customer_id LEFT JOIN staff f ON f.id = p.salesperson_id
    LEFT JOIN proposal_decisions d ON d.proposal_id = p.id AND d.decision = 'accepted'
WHERE p.state = 'accepted' AND p.updated_at >= sqlc.arg(updated_at) AND (p.updated_at > sqlc.arg(updated_at) OR p.id > sqlc.arg(id))
    AND (CAST(sqlc.arg(salesperson) AS INTEGER) = 0 OR p.salesperson_id = sqlc.arg(salesperson))
    AND NOT EXISTS (SELECT 1 FROM proposal_results r WHERE r.proposal_id = p.id)
    AND NOT EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version
        AND (n.state = 'accepted' OR (n.state IN ('sent', 'viewed') AND (n.valid_until = '' OR n.valid_until >= sqlc.arg(today)))))
ORDER BY p.updated_at, p.id LIMIT sqlc.arg(most);

-- /office/proposals: those the customer may still decide on, or of these those that
-- end by a certain day, the last sent first.
-- name: ListOpenProposals :many
SELECT p.id, p.number, p.version, p.title, p.state, p.valid_until, CAST(p.total_cents AS INTEGER) AS total_cents, CAST(p.monthly_cents AS INTEGER) AS monthly_cents, p.updated_at,
    p.salesperson_id, c.number AS customer_number, c.display_name, CAST(coalesce(f.name, '') AS TEXT) AS salesperson
FROM proposals p INDEXED BY proposals_open JOIN customers c ON c.id = p.customer_id LEFT JOIN staff f ON f.id = p.salesperson_id
WHERE p.state IN ('sent', 'viewed') AND (p.valid_until = '' OR p.valid_until >= sqlc.arg(today))
    AND (CAST(sqlc.arg(until) AS TEXT) = '' OR (p.valid_until <> '' AND p.valid_until <= sqlc.arg(until)))
    AND p.updated_at <= sqlc.arg(updated_at) AND (p.updated_at < sqlc.arg(updated_at) OR p.id < sqlc.arg(id))
    AND (CAST(sqlc.arg(salesperson) AS INTEGER) = 0 OR p.salesperson_id = sqlc.arg(salesperson))
ORDER BY p.updated_at DESC, p.id DESC LIMIT sqlc.arg(most);

-- /office/proposals: those that expired undecided, the last sent first.
-- name: ListExpiredProposals :many
SELECT p.id, p.number, p.version, p.title, p.state, p.valid_until, CAST(p.total_cents AS INTEGER) AS total_cents, CAST(p.monthly_cents AS INTEGER) AS monthly_cents, p.updated_at,
    p.salesperson_id, c.number AS customer_number, c.display_name, CAST(coalesce(f.name, '') AS TEXT) AS salesperson
FROM proposals p INDEXED BY proposals_open JOIN customers c ON c.id = p.customer_id LEFT JOIN staff f ON f.id = p.salesperson_id
WHERE p.state IN ('sent', 'viewed') AND p.valid_until <> '' AND p.valid_until < sqlc.arg(today)
    AND p.updated_at <= sqlc.arg(updated_at) AND (p.updated_at < sqlc.arg(updated_at) OR p.id < sqlc.arg(id))
    AND (CAST(sqlc.arg(salesperson) AS INTEGER) = 0 OR p.salesperson_id = sqlc.arg(salesperson))
ORDER BY p.updated_at DESC, p.id DESC LIMIT sqlc.arg(most);

-- /office/proposals: how many stand where, of one salesperson or of all.
-- name: CountProposals :many
SELECT CAST(CASE WHEN p.state = 'accepted' AND EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version AND n.state = 'accepted') THEN 'superseded' ELSE p.state END AS TEXT) AS stands, CAST(count(*) AS INTEGER) AS many, CAST(coalesce(sum(p.total_cents), 0) AS INTEGER) AS total, CAST(coalesce(sum(p.monthly_cents), 0) AS INTEGER) AS monthly,
    CAST(coalesce(sum(p.valid_until <> '' AND p.valid_until < sqlc.arg(today)), 0) AS INTEGER) AS expired,
    CAST(coalesce(sum(p.valid_until >= sqlc.arg(today) AND p.valid_until <= sqlc.arg(soon)), 0) AS INTEGER) AS expiring,
    CAST(coalesce(sum(CASE WHEN p.valid_until <> '' AND p.valid_until < sqlc.arg(today) THEN p.total_cents ELSE 0 END), 0) AS INTEGER) AS expired_total,
    CAST(coalesce(sum(CASE WHEN p.valid_until <> '' AND p.valid_until < sqlc.arg(today) THEN p.monthly_cents ELSE 0 END), 0) AS INTEGER) AS expired_monthly
FROM proposals p
WHERE CAST(sqlc.arg(salesperson) AS INTEGER) = 0 OR p.salesperson_id = sqlc.arg(salesperson)
GROUP BY stands;

-- /office/proposals and the office's home: accepted and not carried out.
-- name: SumProposalsToCarryOut :one
SELECT count(*) AS many, CAST(coalesce(sum(coalesce(d.total_cents, p.total_cents)), 0) AS INTEGER) AS total
FROM proposals p INDEXED BY proposals_state LEFT JOIN proposal_decisions d ON d.proposal_id = p.id AND d.decision = 'accepted'
WHERE p.state = 'accepted' AND (CAST(sqlc.arg(salesperson) AS INTEGER) = 0 OR p.salesperson_id = sqlc.arg(salesperson))
    AND NOT EXISTS (SELECT 1 FROM proposal_results r WHERE r.proposal_id = p.id)
    AND NOT EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version
        AND (n.state = 'accepted' OR (n.state IN ('sent', 'viewed') AND (n.valid_until = '' OR n.valid_until >= sqlc.arg(today)))));

-- /office/proposals, searched: numbers that begin so.
-- name: FindProposals :many
SELECT p.id, p.number, p.version, p.title,
    CAST(CASE WHEN p.state = 'accepted' AND EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version AND n.state = 'accepted') THEN 'superseded' ELSE p.state END AS TEXT) AS state, p.valid_until, CAST(coalesce(d.total_cents, p.total_cents) AS INTEGER) AS total_cents, CAST(coalesce(d.monthly_cents, p.monthly_cents) AS INTEGER) AS monthly_cents, p.updated_at,
    p.salesperson_id, c.number AS customer_number, c.display_name, CAST(coalesce(f.name, '') AS TEXT) AS salesperson
FROM proposals p JOIN customers c ON c.id = p.customer_id LEFT JOIN staff f ON f.id = p.salesperson_id
    LEFT JOIN proposal_decisions d ON d.proposal_id = p.id AND d.decision = 'accepted'
WHERE p.number >= CAST(sqlc.arg(number) AS TEXT) AND p.number < CAST(sqlc.arg(beyond) AS TEXT)
ORDER BY p.number, p.version DESC LIMIT sqlc.arg(most);

-- /office/proposals, searched: words of the title, the last changed first.
-- name: FindProposalsByTitle :many
SELECT p.id, p.number, p.version, p.title,
    CAST(CASE WHEN p.state = 'accepted' AND EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version AND n.state = 'accepted') THEN 'superseded' ELSE p.state END AS TEXT) AS state, p.valid_until, CAST(coalesce(d.total_cents, p.total_cents) AS INTEGER) AS total_cents, CAST(coalesce(d.monthly_cents, p.monthly_cents) AS INTEGER) AS monthly_cents, p.updated_at,
    p.salesperson_id, c.number AS customer_number, c.display_name, CAST(coalesce(f.name, '') AS TEXT) AS salesperson
FROM proposals p JOIN customers c ON c.id = p.customer_id LEFT JOIN staff f ON f.id = p.salesperson_id
    LEFT JOIN proposal_decisions d ON d.proposal_id = p.id AND d.decision = 'accepted'
WHERE instr(lower(p.title), lower(CAST(sqlc.arg(words) AS TEXT))) > 0
ORDER BY p.updated_at DESC, p.id DESC LIMIT sqlc.arg(most);

-- /office/proposals, searched: of the customers that match.
-- name: ListProposalsOfCustomers :many
SELECT p.id, p.number, p.version, p.title,
    CAST(CASE WHEN p.state = 'accepted' AND EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version AND n.state = 'accepted') THEN 'superseded' ELSE p.state END AS TEXT) AS state, p.valid_until, CAST(coalesce(d.total_cents, p.total_cents) AS INTEGER) AS total_cents, CAST(coalesce(d.monthly_cents, p.monthly_cents) AS INTEGER) AS monthly_cents, p.updated_at,
    p.salesperson_id, c.number AS customer_number, c.display_name, CAST(coalesce(f.name, '') AS TEXT) AS salesperson
FROM proposals p JOIN customers c ON c.id = p.customer_id LEFT JOIN staff f ON f.id = p.salesperson_id
    LEFT JOIN proposal_decisions d ON d.proposal_id = p.id AND d.decision = 'accepted'
WHERE p.customer_id IN (sqlc.slice('customers'))
ORDER BY p.updated_at DESC, p.id DESC LIMIT sqlc.arg(most);

-- A customer's page in the office: their proposals, drafts and all.
-- name: ListProposalsOnCustomer :many
SELECT p.id, p.number, p.version, p.title, p.state, p.valid_until, CAST(coalesce(d.total_cents, p.total_cents) AS INTEGER) AS total_cents, CAST(coalesce(d.monthly_cents, p.monthly_cents) AS INTEGER) AS monthly_cents, p.updated_at
FROM proposals p LEFT JOIN proposal_decisions d ON d.proposal_id = p.id AND d.decision = 'accepted'
WHERE p.customer_id = sqlc.arg(customer_id) AND p.state <> 'replaced'
    AND NOT (p.state = 'accepted' AND EXISTS (SELECT 1 FROM proposals n WHERE n.number = p.number AND n.version > p.version AND n.state = 'accepted'))
ORDER BY p.updated_at DESC, p.id DESC LIMIT sqlc.arg(most);

-- One proposal in the office: the decision with its evidence.
-- name: GetDecisionOfProposal :one
SELECT d.proposal_id, d.decision, d.reason, d.typed_name, d.strokes, d.consent_text, d.consent_version, d.consent_sha256, d.chosen, d.total_cents, d.tax_cents,
    d.monthly_cents, d.deposit_cents, d.deposit_asked_cents, d.deposit_invoice_id, d.shown_sha256, d.shown_at, d.at, d.local_time, d.ip, d.user_agent, d.authenticated,
    d.signed_document_id, CAST(coalesce(i.number, '') AS TEXT) AS deposit_invoice, CAST(coalesce(o.sha256, '') AS TEXT) AS signed_sha256
FROM proposal_decisions d LEFT JOIN invoices i ON i.id = d.deposit_invoice_id LEFT JOIN documents o ON o.id = d.signed_document_id
WHERE d.proposal_id = ?;

-- One proposal in the office: what it became.
-- name: GetProposalResult :one
SELECT r.at, CAST(coalesce(w.number, '') AS TEXT) AS work_order, CAST(coalesce(i.number, '') AS TEXT) AS invoice, CAST(coalesce(f.name, '') AS TEXT) AS staff,
    CAST((SELECT count(*) FROM proposal_result_items t WHERE t.proposal_id = r.proposal_id) AS INTEGER) AS items
FROM proposal_results r LEFT JOIN work_orders w ON w.id = r.work_order_id LEFT JOIN invoices i ON i.id = r.invoice_id LEFT JOIN staff f ON f.id = r.staff_id
WHERE r.proposal_id = ?;

-- Withdrawing a proposal and reminding of it: whom it was mailed to.
-- name: ListProposalMailed :many
SELECT e.details FROM proposal_events e WHERE e.proposal_id = ? AND e.kind = 'mailed' ORDER BY e.id;

-- The job "proposals": what is open and expires by a day, and nobody was reminded of.
-- name: ListProposalsToRemind :many
SELECT p.id FROM proposals p INDEXED BY proposals_open
WHERE p.state IN ('sent', 'viewed') AND p.reminded_at = 0 AND p.sent_at < sqlc.arg(sent_before)
    AND p.valid_until >= CAST(sqlc.arg(today) AS TEXT) AND p.valid_until <= CAST(sqlc.arg(until) AS TEXT)
    AND EXISTS (SELECT 1 FROM proposal_events e WHERE e.proposal_id = p.id AND e.kind = 'mailed')
ORDER BY p.valid_until, p.id LIMIT sqlc.arg(most);

-- The job "proposals": the run that finds it undecided and not reminded of is the one.
-- name: RemindOfProposal :execrows
UPDATE proposals SET reminded_at = sqlc.arg(now_at) WHERE id = sqlc.arg(id) AND state IN ('sent', 'viewed') AND reminded_at = 0;

-- The dealer's proposals: a paper, as it was sent or signed.
-- name: GetProposalPaper :one
SELECT o.name, o.mime, o.sha256, o.body FROM documents o WHERE o.id = ?;

-- Mailing a proposal again, the form sent twice: whether it was mailed before.
-- name: CountMailsOf :one
SELECT count(*) FROM outbox WHERE fact = ?;
