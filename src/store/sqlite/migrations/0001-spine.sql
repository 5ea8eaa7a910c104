-- The first tables. Append-only: a change is a new numbered file.
-- Times are epoch milliseconds. Every row that holds content carries owner_org, and person_id or a key that leads to it.

-- Short numbers for the texts that search rows repeat: parameters ('Patient.identifier') and code systems.
CREATE TABLE name (
  nid INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

-- Numbers that were given, so that none is given twice, and in the order of commits.
CREATE TABLE counter (
  name TEXT PRIMARY KEY,
  last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter (name, last) VALUES ('resource', 0), ('source_record', 0), ('outbox', 0), ('change', 0), ('access', 0), ('access_indexed', 0);

-- The current version of each resource. `rid` never changes: pages of a search go by it.
CREATE TABLE resource (
  rid INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  last_updated_ms INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('current', 'deleted', 'erased')),
  owner_org TEXT NOT NULL,
  person_id TEXT,
  digest TEXT NOT NULL,
  -- which search parameters it has something for, a bit each
  present INTEGER NOT NULL,
  -- by which interaction a client of the API made this version; null where no client did, and for deletions
  made TEXT CHECK (made IN ('create', 'update-as-create', 'update', 'patch')),
  content TEXT
) STRICT;
CREATE UNIQUE INDEX resource_key ON resource (type, id);
CREATE INDEX resource_type ON resource (type) WHERE state = 'current';
-- Leads a walk through a type as it was at a moment to what was deleted since.
CREATE INDEX resource_gone ON resource (type) WHERE state <> 'current';
CREATE INDEX resource_updated ON resource (type, last_updated_ms);
-- Leads a client of a small organisation to its own rows, past those of all others.
CREATE INDEX resource_owner ON resource (owner_org, type) WHERE state = 'current';
CREATE INDEX resource_person ON resource (person_id, type) WHERE person_id IS NOT NULL;

-- Superseded versions only: a resource that never changed costs no row here.
CREATE TABLE history (
  rid INTEGER NOT NULL,
  type TEXT NOT NULL,
  version INTEGER NOT NULL,
  last_updated_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  owner_org TEXT NOT NULL,
  person_id TEXT,
  digest TEXT NOT NULL,
  made TEXT,
  content TEXT,
  PRIMARY KEY (rid, version)
) STRICT;
-- Leads the history of a type to what changed lately.
CREATE INDEX history_updated ON history (type, last_updated_ms, rid, version);

-- Search rows, clustered as they are looked up, one table a kind. Dates and texts are found by rid too, as a second
-- condition of a search and to sort by; tokens and references of one resource are read from its content.
CREATE TABLE search_token (
  param INTEGER NOT NULL,
  code TEXT NOT NULL,
  rid INTEGER NOT NULL,
  system INTEGER NOT NULL,
  PRIMARY KEY (param, code, rid, system)
) STRICT, WITHOUT ROWID;
CREATE TABLE search_ref (
  param INTEGER NOT NULL,
  target TEXT NOT NULL,
  rid INTEGER NOT NULL,
  PRIMARY KEY (param, target, rid)
) STRICT, WITHOUT ROWID;
CREATE TABLE search_date (
  param INTEGER NOT NULL,
  low_ms INTEGER NOT NULL,
  rid INTEGER NOT NULL,
  high_ms INTEGER NOT NULL,
  PRIMARY KEY (param, low_ms, rid, high_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_date_row ON search_date (param, rid);
-- `norm` is folded, `written` tells apart what is folded alike.
CREATE TABLE search_text (
  param INTEGER NOT NULL,
  norm TEXT NOT NULL,
  rid INTEGER NOT NULL,
  written TEXT NOT NULL,
  PRIMARY KEY (param, norm, rid, written)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_text_row ON search_text (param, rid);
CREATE TABLE search_quantity (
  param INTEGER NOT NULL,
  low REAL NOT NULL,
  rid INTEGER NOT NULL,
  high REAL NOT NULL,
  system INTEGER NOT NULL,
  code TEXT NOT NULL,
  unit TEXT NOT NULL,
  PRIMARY KEY (param, low, rid, high, system, code, unit)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_quantity_row ON search_quantity (param, rid);
-- Composites of what repeats: both parts are of one element.
CREATE TABLE search_pair (
  param INTEGER NOT NULL,
  code TEXT NOT NULL,
  rid INTEGER NOT NULL,
  system INTEGER NOT NULL,
  low REAL NOT NULL,
  high REAL NOT NULL,
  value_system INTEGER NOT NULL,
  value_code TEXT NOT NULL,
  PRIMARY KEY (param, code, rid, system, low, high, value_system, value_code)
) STRICT, WITHOUT ROWID;

-- Source records as last committed; payload is null once erased.
CREATE TABLE source_record (
  record_id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  record_key TEXT NOT NULL,
  digest TEXT NOT NULL,
  map_digest TEXT NOT NULL,
  owner_org TEXT NOT NULL,
  source_time_ms INTEGER NOT NULL,
  -- the latest that the source itself named; null while it never named one
  own_time_ms INTEGER,
  received_ms INTEGER NOT NULL,
  receipt_id TEXT NOT NULL,
  file TEXT,
  line INTEGER,
  resources TEXT NOT NULL,
  payload TEXT
) STRICT;
CREATE UNIQUE INDEX source_record_key ON source_record (source, kind, record_key);
CREATE INDEX source_record_received ON source_record (received_ms, record_id);
-- Leads a remap to the records that an older version of a map has mapped.
CREATE INDEX source_record_map ON source_record (source, kind, map_digest, record_id);

-- Patients that a source record speaks of: leads an erasure to the payloads.
CREATE TABLE record_patient (
  patient_id TEXT NOT NULL,
  record_id INTEGER NOT NULL,
  PRIMARY KEY (patient_id, record_id)
) STRICT, WITHOUT ROWID;

-- What source records say of a shared resource. Records that say the same share a saying: an organisation that a
-- hundred thousand records name alike is merged once. Saying 0 has no row while it is the only one: it is the
-- resource's own content then.
CREATE TABLE contribution (
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  record_id INTEGER NOT NULL,
  saying INTEGER NOT NULL,
  source_time_ms INTEGER NOT NULL,
  owner_org TEXT NOT NULL,
  PRIMARY KEY (type, id, record_id)
) STRICT, WITHOUT ROWID;
-- Leads the same client to what its records have said something of.
CREATE INDEX contribution_owner ON contribution (owner_org, type, id);

-- The latest record that says it gives a saying its place in the order of the merge.
CREATE TABLE saying (
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  saying INTEGER NOT NULL,
  digest TEXT NOT NULL,
  partial INTEGER NOT NULL,
  latest_ms INTEGER NOT NULL,
  latest_record_id INTEGER NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (type, id, saying)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt (
  id TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  received_ms INTEGER NOT NULL,
  file TEXT,
  committed INTEGER NOT NULL DEFAULT 0,
  unchanged INTEGER NOT NULL DEFAULT 0,
  refused INTEGER NOT NULL DEFAULT 0,
  finished_ms INTEGER,
  interrupted_ms INTEGER,
  -- the process that reads it
  instance TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_open ON receipt (id) WHERE finished_ms IS NULL AND interrupted_ms IS NULL;
CREATE INDEX receipt_received ON receipt (received_ms);

-- Processes on this database, each with when it was last heard of.
CREATE TABLE instance (
  id TEXT PRIMARY KEY,
  seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The latest turn of each schedule that a process has begun: no other begins it too.
CREATE TABLE schedule (
  name TEXT PRIMARY KEY,
  due_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE map_set (
  digest TEXT PRIMARY KEY,
  kept_ms INTEGER NOT NULL,
  text TEXT NOT NULL
) STRICT;

-- Patients that are one person with another; a row to the patient's own id keeps a join from being made again.
CREATE TABLE person_link (
  patient_id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  linked_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX person_link_person ON person_link (person_id);

-- Patients of whom nothing is kept that would lead to them: their Patient, or another of the same person, is restricted.
CREATE TABLE restricted (
  patient_id TEXT PRIMARY KEY,
  since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Places that resources of restricted patients refer to: where one is a home, nothing is kept that says where.
CREATE TABLE restricted_place (
  place_id TEXT NOT NULL,
  patient_id TEXT NOT NULL,
  PRIMARY KEY (place_id, patient_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX restricted_place_patient ON restricted_place (patient_id);

-- Deliveries not yet made, in order of seq within (target, delivery_key).
-- delivery_key is the person's id, or 'Type/id' of a resource that belongs to nobody.
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY,
  target TEXT NOT NULL,
  delivery_key TEXT NOT NULL,
  owner_org TEXT NOT NULL,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('put', 'delete')),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'claimed', 'parked', 'held')),
  attempt INTEGER NOT NULL DEFAULT 0,
  ambiguous INTEGER NOT NULL DEFAULT 0,
  outcome TEXT,
  -- when it was parked or held
  stopped_ms INTEGER,
  queued_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_queue ON outbox (delivery_key, target, state, seq);
CREATE INDEX outbox_stuck ON outbox (target, type, id) WHERE state IN ('parked', 'held');

-- One row a delivery key with entries waiting or claimed. Keys go in the order of their due time, so that one which
-- waited for another's delivery stands behind it next time.
CREATE TABLE outbox_key (
  target TEXT NOT NULL,
  delivery_key TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  lease_until_ms INTEGER,
  PRIMARY KEY (target, delivery_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_key_due ON outbox_key (target, due_ms, first_seq) WHERE lease_until_ms IS NULL;
CREATE INDEX outbox_key_lease ON outbox_key (lease_until_ms) WHERE lease_until_ms IS NOT NULL;

-- Where each target holds each resource.
CREATE TABLE target_link (
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  target TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  remote_version TEXT,
  version INTEGER NOT NULL,
  digest TEXT NOT NULL,
  delivered_ms INTEGER NOT NULL,
  -- 1: less was sent than is stored
  stripped INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (type, id, target)
) STRICT, WITHOUT ROWID;
-- Leads from a change at a target to what it is here; only where the target has an id of its own.
CREATE INDEX target_link_remote ON target_link (target, type, remote_id) WHERE remote_id <> id;

-- What needs a person. `work_no` is the order of the list.
CREATE TABLE work (
  work_no INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('safety', 'rejected', 'conflict', 'warning', 'incomplete', 'parked', 'held')),
  created_ms INTEGER NOT NULL,
  resolved_ms INTEGER,
  owner_org TEXT NOT NULL,
  source TEXT,
  record_kind TEXT,
  record_key TEXT,
  file TEXT,
  line INTEGER,
  type TEXT,
  resource_id TEXT,
  target TEXT,
  outcome TEXT NOT NULL,
  -- id of the rule that the first error, else the first issue, of the outcome names
  rule TEXT,
  -- who is to see to it, within the organisation
  assignee TEXT
) STRICT;
CREATE INDEX work_open ON work (kind, work_no) WHERE resolved_ms IS NULL;
CREATE INDEX work_record ON work (source, record_kind, record_key, kind);
CREATE INDEX work_resolved ON work (resolved_ms) WHERE resolved_ms IS NOT NULL;
CREATE INDEX work_resource ON work (type, resource_id) WHERE type IS NOT NULL;

-- Payloads of refused records, apart from the worklist, so that a list never reads them.
CREATE TABLE refused_payload (
  work_id TEXT PRIMARY KEY,
  receipt_id TEXT NOT NULL,
  payload TEXT NOT NULL
) STRICT;

CREATE INDEX refused_payload_receipt ON refused_payload (receipt_id);

-- Room that a health check fills for a moment, to see whether the disk takes writes again.
CREATE TABLE probe (
  room BLOB NOT NULL
) STRICT;

-- Who changed what, by ids alone; each row carries the hash of the row before.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  owner_org TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;

-- What was taken out of the audit: the chain goes on from the hash of the last row of the newest archive.
CREATE TABLE audit_archive (
  last_seq INTEGER PRIMARY KEY,
  last_hash TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  file TEXT NOT NULL,
  archived_ms INTEGER NOT NULL
) STRICT;

-- How far long jobs have come (a remap, a reconciliation), so that they go on where they were stopped.
CREATE TABLE job (
  name TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where a target was found to differ from the store; a new look at the resource writes it anew or takes it out.
CREATE TABLE drift (
  target TEXT NOT NULL,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('missing', 'twin', 'changed', 'extra')),
  found_ms INTEGER NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (target, type, id, kind)
) STRICT, WITHOUT ROWID;

-- What an operator was told of, and is told again when it is over: one open row a cause. told: 0 nothing yet, 1 that it
-- began, 2 that it ended.
CREATE TABLE incident (
  id TEXT PRIMARY KEY,
  cause TEXT NOT NULL,
  target TEXT,
  detail TEXT NOT NULL,
  opened_ms INTEGER NOT NULL,
  closed_ms INTEGER,
  told INTEGER NOT NULL,
  due_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX incident_open ON incident (cause) WHERE closed_ms IS NULL;
CREATE INDEX incident_untold ON incident (due_ms) WHERE told = 0 OR (told = 1 AND closed_ms IS NOT NULL);

-- What the receiving side made of what was sent there, where receipts are expected.
CREATE TABLE filing (
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  target TEXT NOT NULL,
  version INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('sent', 'filed', 'amended', 'rejected')),
  said_by TEXT NOT NULL CHECK (said_by IN ('http', 'task')),
  sent_ms INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  raised_ms INTEGER,
  owner_org TEXT NOT NULL,
  PRIMARY KEY (type, id, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX filing_unfiled ON filing (target, sent_ms) WHERE state = 'sent' AND raised_ms IS NULL;

-- Messages to and from NHS services: what went under which ids, and came of it.
CREATE TABLE message (
  message_no INTEGER PRIMARY KEY AUTOINCREMENT,
  channel TEXT NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
  id TEXT NOT NULL,
  conversation TEXT NOT NULL,
  about TEXT,
  version INTEGER,
  person_id TEXT,
  owner_org TEXT NOT NULL,
  remote_id TEXT,
  reply_to TEXT,
  -- Who is at the other end, and what is said: these stay when the body goes.
  organisation TEXT,
  service TEXT,
  what TEXT,
  -- Of the content: goes with the body of a person who is erased or restricted.
  digest TEXT,
  state TEXT NOT NULL CHECK (state IN ('prepared', 'sent', 'acknowledged', 'answered', 'rejected', 'silent', 'replaced', 'received', 'taken', 'refused')),
  due_ms INTEGER,
  outcome TEXT,
  body TEXT,
  created_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX message_key ON message (channel, direction, id);
CREATE INDEX message_conversation ON message (channel, conversation, message_no);
CREATE INDEX message_about ON message (about, message_no) WHERE about IS NOT NULL;
CREATE INDEX message_remote ON message (channel, direction, remote_id) WHERE remote_id IS NOT NULL;
CREATE INDEX message_due ON message (channel, due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX message_person ON message (person_id) WHERE person_id IS NOT NULL;
-- Leads retention to bodies that nobody needs any more.
CREATE INDEX message_settled ON message (changed_ms) WHERE body IS NOT NULL;
-- Leads erasures to content that nobody has said whose it is.
CREATE INDEX message_unclaimed ON message (message_no) WHERE person_id IS NULL AND body IS NOT NULL;

-- Answers of services that are asked the same again and again.
CREATE TABLE kept_answer (
  service TEXT NOT NULL,
  question TEXT NOT NULL,
  answer TEXT NOT NULL,
  asked_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (service, question)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_answer_until ON kept_answer (until_ms);
CREATE INDEX kept_answer_question ON kept_answer (question);

-- The next free slot of each rate that processes share.
CREATE TABLE pace (
  name TEXT PRIMARY KEY,
  next_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Coded entries for practices: a fact is added to a record once, and taken out of it at most once.
CREATE TABLE coded_entry (
  fact TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('add', 'remove')),
  -- what receipts name
  id TEXT NOT NULL,
  person_id TEXT NOT NULL,
  owner_org TEXT NOT NULL,
  type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  practice TEXT,
  day TEXT,
  state TEXT NOT NULL CHECK (state IN ('due', 'listed', 'filed', 'rejected', 'withdrawn')),
  blocked TEXT,
  batch_id TEXT,
  place INTEGER,
  content TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  listed_ms INTEGER,
  put_ms INTEGER,
  -- names of the ways that took it, where not all have yet (JSON)
  put_ways TEXT,
  -- names of the ways that took it or may have: each is there before its first byte (JSON)
  begun_ways TEXT,
  settled_ms INTEGER,
  said_by TEXT,
  reason TEXT,
  raised_ms INTEGER,
  -- since when it has no names and no words of the practice any more
  trimmed_ms INTEGER,
  PRIMARY KEY (fact, action)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX coded_entry_id ON coded_entry (id, action);
CREATE INDEX coded_entry_person ON coded_entry (person_id);
CREATE INDEX coded_entry_resource ON coded_entry (type, resource_id);
CREATE INDEX coded_entry_due ON coded_entry (practice, day) WHERE state = 'due' AND blocked IS NULL;
CREATE INDEX coded_entry_batch ON coded_entry (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX coded_entry_listed ON coded_entry (practice, day, listed_ms) WHERE batch_id IS NOT NULL;
CREATE INDEX coded_entry_unput ON coded_entry (listed_ms) WHERE batch_id IS NOT NULL AND put_ms IS NULL;
CREATE INDEX coded_entry_open ON coded_entry (due_ms, fact, action)
  WHERE state IN ('due', 'listed', 'rejected') OR blocked IS NOT NULL;
CREATE INDEX coded_entry_unfiled ON coded_entry (listed_ms) WHERE state = 'listed' AND raised_ms IS NULL;
CREATE INDEX coded_entry_settled ON coded_entry (settled_ms) WHERE state IN ('filed', 'withdrawn') AND trimmed_ms IS NULL;
CREATE INDEX coded_entry_withdrawn ON coded_entry (due_ms) WHERE state = 'withdrawn' AND batch_id IS NULL;

-- Subscriptions of clients, each with where it stands. What was noted of changes up to last_change has become events or
-- is none; of these, numbered from 1 without gaps, sent_event is the last that the subscriber took.
CREATE TABLE subscription (
  id TEXT PRIMARY KEY,
  client TEXT NOT NULL,
  owner_org TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('requested', 'active', 'error', 'off')),
  version INTEGER NOT NULL,
  last_updated_ms INTEGER NOT NULL,
  content TEXT NOT NULL,
  -- Headers that carry secrets (JSON): stored apart, and never read back.
  headers TEXT NOT NULL,
  -- What the client was let see when it made this (JSON): never more is sent.
  viewer TEXT NOT NULL,
  last_change INTEGER NOT NULL,
  last_event INTEGER NOT NULL DEFAULT 0,
  sent_event INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_ms INTEGER NOT NULL,
  failing_since_ms INTEGER,
  sent_ms INTEGER,
  -- When it is over, where it ends.
  end_ms INTEGER,
  fault TEXT,
  holder TEXT,
  lease_until_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX subscription_client ON subscription (client);
CREATE INDEX subscription_live ON subscription (id) WHERE state <> 'off';

-- Types that live subscriptions are about.
CREATE TABLE watched_type (
  type TEXT NOT NULL,
  subscription_id TEXT NOT NULL,
  PRIMARY KEY (type, subscription_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX watched_type_subscription ON watched_type (subscription_id);

-- Versions of watched types in the order of their commits, until every subscription has gone past them.
CREATE TABLE change (
  change_no INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  -- A transaction may write several at once: it is told of from the first to the last.
  first_version INTEGER NOT NULL,
  last_version INTEGER NOT NULL
) STRICT;

-- Whatever writes a version notes it in its own transaction. A number stays another's until that one ends.
CREATE TRIGGER resource_made AFTER INSERT ON resource
WHEN EXISTS (SELECT 1 FROM watched_type w WHERE w.type = new.type)
BEGIN
  UPDATE counter SET last = last + 1 WHERE name = 'change';
  INSERT INTO change (change_no, type, id, first_version, last_version)
  SELECT last, new.type, new.id, 1, new.version FROM counter WHERE name = 'change';
END;
CREATE TRIGGER resource_changed AFTER UPDATE OF version ON resource
WHEN new.version > old.version AND EXISTS (SELECT 1 FROM watched_type w WHERE w.type = new.type)
BEGIN
  UPDATE counter SET last = last + 1 WHERE name = 'change';
  INSERT INTO change (change_no, type, id, first_version, last_version)
  SELECT last, new.type, new.id, old.version + 1, new.version FROM counter WHERE name = 'change';
END;

-- What subscribers are told: ids alone, kept for a while after it was sent.
CREATE TABLE subscription_event (
  subscription_id TEXT NOT NULL,
  event_no INTEGER NOT NULL,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  -- What it also is about, as Type/id.
  context TEXT,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (subscription_id, event_no)
) STRICT, WITHOUT ROWID;

-- Bulk exports that clients asked for: what of, as of when, for whom, and how far each has come. The files are in a folder.
CREATE TABLE bulk_export (
  id TEXT PRIMARY KEY,
  client TEXT NOT NULL,
  owner_org TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'failed', 'withdrawn')),
  -- What the client was let see when it asked (JSON): never more is exported.
  viewer TEXT NOT NULL,
  asked TEXT NOT NULL,
  as_of_ms INTEGER NOT NULL,
  -- Files, and the place behind what is in them on disk (JSON).
  progress TEXT,
  fault TEXT,
  asked_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  until_ms INTEGER,
  holder TEXT,
  lease_until_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_export_running ON bulk_export (asked_ms) WHERE state = 'running';
-- Leads to those that may tell of a person who is erased or restricted.
CREATE INDEX bulk_export_moment ON bulk_export (as_of_ms) WHERE state IN ('running', 'finished');
CREATE INDEX bulk_export_until ON bulk_export (until_ms) WHERE until_ms IS NOT NULL;

-- Who asked the API for what, and what came of it, by ids alone: a chain of its own, so that reads wait for no commit.
CREATE TABLE access (
  seq INTEGER PRIMARY KEY,
  -- never before that of the row before
  at_ms INTEGER NOT NULL,
  owner_org TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL,
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;

-- Leads to accesses: from what was touched and whose it was (Type/id), who asked, and what came of it. Written behind the
-- chain, in the order of the counter access_indexed.
CREATE TABLE access_entity (
  entity TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (entity, seq)
) STRICT, WITHOUT ROWID;

-- Why somebody broke the glass, in words of theirs: apart from the chain, which has a digest of salt and words, so that an
-- erasure takes them out.
CREATE TABLE access_reason (
  seq INTEGER PRIMARY KEY,
  salt TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;

CREATE TABLE access_archive (
  last_seq INTEGER PRIMARY KEY,
  last_hash TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  file TEXT NOT NULL,
  archived_ms INTEGER NOT NULL
) STRICT;

-- Rows of an audit are added, and leave it only for a file that is named before.
CREATE TRIGGER audit_kept BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'rows of the audit are never changed'); END;
CREATE TRIGGER audit_whole BEFORE DELETE ON audit
WHEN old.seq > (SELECT coalesce(max(last_seq), 0) FROM audit_archive)
BEGIN SELECT RAISE(ABORT, 'rows of the audit leave it for an archive alone'); END;
CREATE TRIGGER audit_archive_kept BEFORE UPDATE ON audit_archive
BEGIN SELECT RAISE(ABORT, 'archives of the audit are never changed'); END;
CREATE TRIGGER audit_archive_whole BEFORE DELETE ON audit_archive
BEGIN SELECT RAISE(ABORT, 'archives of the audit stay'); END;
CREATE TRIGGER access_kept BEFORE UPDATE ON access
BEGIN SELECT RAISE(ABORT, 'rows of the audit are never changed'); END;
CREATE TRIGGER access_whole BEFORE DELETE ON access
WHEN old.seq > (SELECT coalesce(max(last_seq), 0) FROM access_archive)
BEGIN SELECT RAISE(ABORT, 'rows of the audit leave it for an archive alone'); END;
CREATE TRIGGER access_archive_kept BEFORE UPDATE ON access_archive
BEGIN SELECT RAISE(ABORT, 'archives of the audit are never changed'); END;
CREATE TRIGGER access_archive_whole BEFORE DELETE ON access_archive
BEGIN SELECT RAISE(ABORT, 'archives of the audit stay'); END;

-- Versions with a confidentiality label of their own that not everybody sees: R or V.
CREATE TABLE resource_label (
  rid INTEGER NOT NULL,
  version INTEGER NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('R', 'V')),
  PRIMARY KEY (rid, version)
) STRICT, WITHOUT ROWID;

-- What people have agreed to: for which purpose their things may be seen, from when until when.
CREATE TABLE sharing_agreed (
  person_id TEXT NOT NULL,
  purpose TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  extent TEXT NOT NULL CHECK (extent IN ('full', 'coded-only')),
  PRIMARY KEY (person_id, purpose, from_ms)
) STRICT, WITHOUT ROWID;

-- Whatever changes a Consent takes back what follows from it; who knows what it says now, says so anew.
CREATE TRIGGER consent_made AFTER INSERT ON resource WHEN new.type = 'Consent'
BEGIN DELETE FROM sharing_agreed WHERE person_id = new.person_id; END;
CREATE TRIGGER consent_changed AFTER UPDATE OF state, person_id, content ON resource WHEN new.type = 'Consent'
BEGIN DELETE FROM sharing_agreed WHERE person_id IN (old.person_id, new.person_id); END;
CREATE TRIGGER consent_gone AFTER DELETE ON resource WHEN old.type = 'Consent'
BEGIN DELETE FROM sharing_agreed WHERE person_id = old.person_id; END;
