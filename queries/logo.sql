-- Every screen, by way of the settings' cache.
-- name: GetLogoHash :one
SELECT sha256 FROM documents WHERE kind = 'logo' ORDER BY id DESC LIMIT 1;

-- Setting another logo, or none.
-- name: DeleteLogos :exec
DELETE FROM documents WHERE kind = 'logo';
