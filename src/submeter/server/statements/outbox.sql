-- The statements of the outbox (SQLite), each under its name.

-- name: make_event
CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, at REAL, put_at REAL, ends_at REAL, body TEXT)

-- name: make_delivery
CREATE TABLE IF NOT EXISTS delivery
    (sink TEXT, id TEXT, state TEXT, attempts INTEGER, due_at REAL, error TEXT, PRIMARY KEY (sink, id))

-- name: make_delivery_due
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (sink, state, due_at)

-- name: put_event
INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?)

-- name: put_delivery
INSERT OR IGNORE INTO delivery VALUES (?, ?, 'waiting', 0, 0, '')

-- name: due
SELECT event.body, delivery.attempts FROM delivery JOIN event USING (id)
WHERE sink = ? AND state = 'waiting' AND due_at <= ?
ORDER BY due_at, at
LIMIT ?

-- name: postpone
UPDATE delivery SET attempts = attempts + 1, due_at = ?, error = ? WHERE sink = ? AND id = ?

-- name: settle
UPDATE delivery SET state = ?, attempts = attempts + 1, error = ? WHERE sink = ? AND id = ?

-- name: standing
SELECT event.body FROM delivery JOIN event USING (id)
WHERE sink = ? AND state = 'delivered' AND (ends_at > ? OR (ends_at = 0 AND at > ?))
ORDER BY at

-- name: ids
SELECT id FROM event

-- name: counts
SELECT sink, state, count(*) FROM delivery GROUP BY sink, state

-- name: give_up
UPDATE delivery SET state = 'given up'
WHERE state = 'waiting' AND id IN (SELECT id FROM event WHERE put_at < ?)

-- name: forget_deliveries
DELETE FROM delivery WHERE id IN (SELECT id FROM event WHERE put_at < ?)

-- name: forget_events
DELETE FROM event WHERE put_at < ?
