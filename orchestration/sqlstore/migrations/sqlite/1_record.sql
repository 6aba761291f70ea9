-- One row a record; see orchestration.Record. Times are microseconds since 1970
-- in UTC. Columns that are often empty are NULL then, so that the partial
-- indexes leave them out; these say IS NOT NULL, because a comparison implies
-- that and no planner would see a <> ''. AUTOINCREMENT: the number of a deleted
-- record never comes again.
CREATE TABLE countersign_record (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,
	tbl        TEXT    NOT NULL,
	key        TEXT    NOT NULL,
	scope      TEXT,
	grp        TEXT    NOT NULL,
	ref        TEXT,
	state      TEXT    NOT NULL,
	last_error TEXT,
	due        INTEGER,
	updated    INTEGER,
	attempt    INTEGER NOT NULL,
	version    INTEGER NOT NULL,
	body       TEXT
);
CREATE UNIQUE INDEX countersign_record_key ON countersign_record (tbl, key);
CREATE INDEX countersign_record_seq ON countersign_record (tbl, seq);
CREATE INDEX countersign_record_state ON countersign_record (tbl, state, seq);
CREATE INDEX countersign_record_group ON countersign_record (tbl, grp, seq);
CREATE INDEX countersign_record_scope ON countersign_record (tbl, scope, seq) WHERE scope IS NOT NULL;
CREATE INDEX countersign_record_ref ON countersign_record (tbl, ref, seq) WHERE ref IS NOT NULL;
CREATE INDEX countersign_record_due ON countersign_record (due, tbl, grp) WHERE due IS NOT NULL;
CREATE INDEX countersign_record_due_seq ON countersign_record (tbl, seq, due) WHERE due IS NOT NULL;
CREATE INDEX countersign_record_due_lane ON countersign_record (tbl, grp, seq, due) WHERE due IS NOT NULL;
