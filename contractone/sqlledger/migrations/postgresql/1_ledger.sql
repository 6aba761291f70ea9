CREATE TABLE contractone_entry (
	id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	origin          TEXT NOT NULL,
	document_id     TEXT NOT NULL,
	file_id         TEXT NOT NULL,
	file_index      INTEGER NOT NULL,
	file_count      INTEGER NOT NULL,
	link            TEXT,
	title           TEXT,
	counterparty    TEXT,
	signed_on       DATE,
	starts_on       DATE,
	ends_on         DATE,
	amount          BIGINT,
	auto_renewal    TEXT,
	notice_deadline DATE,
	file_name       TEXT,
	approval_number TEXT,
	share           TEXT NOT NULL,
	provenance      TEXT NOT NULL,
	pdf_sha256      TEXT NOT NULL,
	pdf_size        BIGINT NOT NULL,
	registered_at   BIGINT NOT NULL,
	UNIQUE (document_id, file_id, origin)
);
CREATE INDEX contractone_entry_pdf ON contractone_entry (pdf_sha256);
CREATE INDEX contractone_entry_link ON contractone_entry (link, id) WHERE link IS NOT NULL;
CREATE INDEX contractone_entry_ends_on ON contractone_entry (ends_on) WHERE ends_on IS NOT NULL;
CREATE INDEX contractone_entry_notice ON contractone_entry (notice_deadline) WHERE notice_deadline IS NOT NULL;

CREATE TABLE contractone_share_group (
	entry_id BIGINT NOT NULL REFERENCES contractone_entry (id),
	position INTEGER NOT NULL,
	name     TEXT NOT NULL,
	PRIMARY KEY (entry_id, position)
);

CREATE TABLE contractone_responsible (
	entry_id BIGINT NOT NULL REFERENCES contractone_entry (id),
	position INTEGER NOT NULL,
	kind     TEXT NOT NULL,
	name     TEXT NOT NULL,
	PRIMARY KEY (entry_id, position)
);

CREATE TABLE contractone_extension (
	entry_id BIGINT NOT NULL REFERENCES contractone_entry (id),
	position INTEGER NOT NULL,
	name     TEXT NOT NULL,
	value    TEXT NOT NULL,
	PRIMARY KEY (entry_id, position)
);

CREATE TABLE contractone_change (
	entry_id   BIGINT NOT NULL REFERENCES contractone_entry (id),
	position   INTEGER NOT NULL,
	changed_at BIGINT NOT NULL,
	changed_by TEXT NOT NULL,
	action     TEXT NOT NULL,
	memo       TEXT NOT NULL,
	detail     TEXT NOT NULL,
	PRIMARY KEY (entry_id, position)
);

CREATE VIEW contractone_ledger AS
SELECT id, title, counterparty, signed_on, starts_on, ends_on, amount, auto_renewal, notice_deadline,
	file_name, approval_number, share, link, origin, document_id, file_id, file_index, file_count,
	to_timestamp(registered_at / 1000000) AS registered_at,
	pdf_size, 'sha256/' || substr(pdf_sha256, 1, 2) || '/' || pdf_sha256 || '.pdf' AS pdf_path
FROM contractone_entry;
