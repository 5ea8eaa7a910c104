-- The first tables, as in SQLite. Append-only: a change is a new numbered file.
-- Texts are compared byte by byte, so that order and merges are the same on every server.
-- Times are epoch milliseconds. Every row that holds content carries owner_org, and person_id or a key that leads to it.

-- Short numbers for the texts that search rows repeat: parameters ('Patient.identifier') and code systems.
CREATE TABLE name (
  nid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  text text COLLATE "C" NOT NULL UNIQUE
);

-- Numbers that were given, so that none is given twice, and in the order of commits.
CREATE TABLE counter (
  name text COLLATE "C" PRIMARY KEY,
  last bigint NOT NULL
);
INSERT INTO counter (name, last) VALUES ('resource', 0), ('source_record', 0), ('outbox', 0), ('change', 0), ('access', 0), ('access_indexed', 0);

-- The current version of each resource. `rid` never changes: pages of a search go by it.
CREATE TABLE resource (
  rid bigint PRIMARY KEY,
  type text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  last_updated_ms bigint NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('current', 'deleted', 'erased')),
  owner_org text COLLATE "C" NOT NULL,
  person_id text COLLATE "C",
  digest text COLLATE "C" NOT NULL,
  -- which search parameters it has something for, a bit each
  present bigint NOT NULL,
  -- by which interaction a client of the API made this version; null where no client did, and for deletions
  made text COLLATE "C" CHECK (made IN ('create', 'update-as-create', 'update', 'patch')),
  content text COLLATE "C"
);
CREATE UNIQUE INDEX resource_key ON resource (type, id);
CREATE INDEX resource_type ON resource (type, rid) WHERE state = 'current';
-- Leads a walk through a type as it was at a moment to what was deleted since.
CREATE INDEX resource_gone ON resource (type, rid) WHERE state <> 'current';
CREATE INDEX resource_updated ON resource (type, last_updated_ms, rid);
-- Leads a client of a small organisation to its own rows, past those of all others.
CREATE INDEX resource_owner ON resource (owner_org, type, rid) WHERE state = 'current';
CREATE INDEX resource_person ON resource (person_id, type) WHERE person_id IS NOT NULL;

-- Superseded versions only: a resource that never changed costs no row here.
CREATE TABLE history (
  rid bigint NOT NULL,
  type text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  last_updated_ms bigint NOT NULL,
  state text COLLATE "C" NOT NULL,
  owner_org text COLLATE "C" NOT NULL,
  person_id text COLLATE "C",
  digest text COLLATE "C" NOT NULL,
  made text COLLATE "C",
  content text COLLATE "C",
  PRIMARY KEY (rid, version)
);
-- Leads the history of a type to what changed lately.
CREATE INDEX history_updated ON history (type, last_updated_ms, rid, version);

-- Search rows, as they are looked up, one table a kind; and by rid, as a second condition of a search and to sort by.
CREATE TABLE search_token (
  param bigint NOT NULL,
  code text COLLATE "C" NOT NULL,
  rid bigint NOT NULL,
  system bigint NOT NULL,
  PRIMARY KEY (param, code, rid, system)
);
CREATE INDEX search_token_row ON search_token (param, rid);
CREATE TABLE search_ref (
  param bigint NOT NULL,
  target text COLLATE "C" NOT NULL,
  rid bigint NOT NULL,
  PRIMARY KEY (param, target, rid)
);
CREATE INDEX search_ref_row ON search_ref (param, rid);
CREATE TABLE search_date (
  param bigint NOT NULL,
  low_ms bigint NOT NULL,
  rid bigint NOT NULL,
  high_ms bigint NOT NULL,
  PRIMARY KEY (param, low_ms, rid, high_ms)
);
CREATE INDEX search_date_row ON search_date (param, rid);
-- `norm` is folded, `written` tells apart what is folded alike.
CREATE TABLE search_text (
  param bigint NOT NULL,
  norm text COLLATE "C" NOT NULL,
  rid bigint NOT NULL,
  written text COLLATE "C" NOT NULL,
  PRIMARY KEY (param, norm, rid, written)
);
CREATE INDEX search_text_row ON search_text (param, rid);
CREATE TABLE search_quantity (
  param bigint NOT NULL,
  low double precision NOT NULL,
  rid bigint NOT NULL,
  high double precision NOT NULL,
  system bigint NOT NULL,
  code text COLLATE "C" NOT NULL,
  unit text COLLATE "C" NOT NULL,
  PRIMARY KEY (param, low, rid, high, system, code, unit)
);
CREATE INDEX search_quantity_row ON search_quantity (param, rid);
-- Composites of what repeats: both parts are of one element.
CREATE TABLE search_pair (
  param bigint NOT NULL,
  code text COLLATE "C" NOT NULL,
  rid bigint NOT NULL,
  system bigint NOT NULL,
  low double precision NOT NULL,
  high double precision NOT NULL,
  value_system bigint NOT NULL,
  value_code text COLLATE "C" NOT NULL,
  PRIMARY KEY (param, code, rid, system, low, high, value_system, value_code)
);

-- Source records as last committed; payload is null once erased.
CREATE TABLE source_record (
  record_id bigint PRIMARY KEY,
  source text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  record_key text COLLATE "C" NOT NULL,
  digest text COLLATE "C" NOT NULL,
  map_digest text COLLATE "C" NOT NULL,
  owner_org text COLLATE "C" NOT NULL,
  source_time_ms bigint NOT NULL,
  -- the latest that the source itself named; null while it never named one
  own_time_ms bigint,
  received_ms bigint NOT NULL,
  receipt_id text COLLATE "C" NOT NULL,
  file text COLLATE "C",
  line bigint,
  resources text COLLATE "C" NOT NULL,
  payload text COLLATE "C"
);
CREATE UNIQUE INDEX source_record_key ON source_record (source, kind, record_key);
CREATE INDEX source_record_received ON source_record (received_ms, record_id);
-- Leads a remap to the records that an older version of a map has mapped.
CREATE INDEX source_record_map ON source_record (source, kind, map_digest, record_id);

-- Patients that a source record speaks of: leads an erasure to the payloads.
CREATE TABLE record_patient (
  patient_id text COLLATE "C" NOT NULL,
  record_id bigint NOT NULL,
  PRIMARY KEY (patient_id, record_id)
);

-- What source records say of a shared resource. Records that say the same share a saying: an organisation that a
-- hundred thousand records name alike is merged once. Saying 0 has no row while it is the only one: it is the
-- resource's own content then.
CREATE TABLE contribution (
  type text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  record_id bigint NOT NULL,
  saying bigint NOT NULL,
  source_time_ms bigint NOT NULL,
  owner_org text COLLATE "C" NOT NULL,
  PRIMARY KEY (type, id, record_id)
);
-- Leads the same client to what its records have said something of.
CREATE INDEX contribution_owner ON contribution (owner_org, type, id);

-- The latest record that says it gives a saying its place in the order of the merge.
CREATE TABLE saying (
  type text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  saying bigint NOT NULL,
  digest text COLLATE "C" NOT NULL,
  partial bigint NOT NULL,
  latest_ms bigint NOT NULL,
  latest_record_id bigint NOT NULL,
  content text COLLATE "C" NOT NULL,
  PRIMARY KEY (type, id, saying)
);

CREATE TABLE receipt (
  id text COLLATE "C" PRIMARY KEY,
  source text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  received_ms bigint NOT NULL,
  file text COLLATE "C",
  committed bigint NOT NULL DEFAULT 0,
  unchanged bigint NOT NULL DEFAULT 0,
  refused bigint NOT NULL DEFAULT 0,
  finished_ms bigint,
  interrupted_ms bigint,
  -- the process that reads it
  instance text COLLATE "C"
);
CREATE INDEX receipt_open ON receipt (id) WHERE finished_ms IS NULL AND interrupted_ms IS NULL;
CREATE INDEX receipt_received ON receipt (received_ms);

-- Processes on this database, each with when it was last heard of.
CREATE TABLE instance (
  id text COLLATE "C" PRIMARY KEY,
  seen_ms bigint NOT NULL
);

-- The latest turn of each schedule that a process has begun: no other begins it too.
CREATE TABLE schedule (
  name text COLLATE "C" PRIMARY KEY,
  due_ms bigint NOT NULL
);

CREATE TABLE map_set (
  digest text COLLATE "C" PRIMARY KEY,
  kept_ms bigint NOT NULL,
  text text COLLATE "C" NOT NULL
);

-- Patients that are one person with another; a row to the patient's own id keeps a join from being made again.
CREATE TABLE person_link (
  patient_id text COLLATE "C" PRIMARY KEY,
  person_id text COLLATE "C" NOT NULL,
  reason text COLLATE "C" NOT NULL,
  linked_ms bigint NOT NULL
);
CREATE INDEX person_link_person ON person_link (person_id);

-- Patients of whom nothing is kept that would lead to them: their Patient, or another of the same person, is restricted.
CREATE TABLE restricted (
  patient_id text COLLATE "C" PRIMARY KEY,
  since_ms bigint NOT NULL
);

-- Places that resources of restricted patients refer to: where one is a home, nothing is kept that says where.
CREATE TABLE restricted_place (
  place_id text COLLATE "C" NOT NULL,
  patient_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (place_id, patient_id)
);
CREATE INDEX restricted_place_patient ON restricted_place (patient_id);

-- Deliveries not yet made, in order of seq within (target, delivery_key).
-- delivery_key is the person's id, or 'Type/id' of a resource that belongs to nobody.
CREATE TABLE outbox (
  seq bigint PRIMARY KEY,
  target text COLLATE "C" NOT NULL,
  delivery_key text COLLATE "C" NOT NULL,
  owner_org text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  action text COLLATE "C" NOT NULL CHECK (action IN ('put', 'delete')),
  state text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'claimed', 'parked', 'held')),
  attempt bigint NOT NULL DEFAULT 0,
  ambiguous bigint NOT NULL DEFAULT 0,
  outcome text COLLATE "C",
  -- when it was parked or held
  stopped_ms bigint,
  queued_ms bigint NOT NULL DEFAULT 0
);
CREATE INDEX outbox_queue ON outbox (delivery_key, target, state, seq);
CREATE INDEX outbox_stuck ON outbox (target, type, id) WHERE state IN ('parked', 'held');

-- One row a delivery key with entries waiting or claimed. Keys go in the order of their due time, so that one which
-- waited for another's delivery stands behind it next time.
CREATE TABLE outbox_key (
  target text COLLATE "C" NOT NULL,
  delivery_key text COLLATE "C" NOT NULL,
  first_seq bigint NOT NULL,
  due_ms bigint NOT NULL,
  lease_until_ms bigint,
  PRIMARY KEY (target, delivery_key)
);
CREATE INDEX outbox_key_due ON outbox_key (target, due_ms, first_seq) WHERE lease_until_ms IS NULL;
CREATE INDEX outbox_key_lease ON outbox_key (lease_until_ms) WHERE lease_until_ms IS NOT NULL;

-- Where each target holds each resource.
CREATE TABLE target_link (
  type text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  target text COLLATE "C" NOT NULL,
  remote_id text COLLATE "C" NOT NULL,
  remote_version text COLLATE "C",
  version bigint NOT NULL,
  digest text COLLATE "C" NOT NULL,
  delivered_ms bigint NOT NULL,
  -- 1: less was sent than is stored
  stripped bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (type, id, target)
);
-- Leads from a change at a target to what it is here; only where the target has an id of its own.
CREATE INDEX target_link_remote ON target_link (target, type, remote_id) WHERE remote_id <> id;

-- What needs a person. `work_no` is the order of the list.
CREATE TABLE work (
  work_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('safety', 'rejected', 'conflict', 'warning', 'incomplete', 'parked', 'held')),
  created_ms bigint NOT NULL,
  resolved_ms bigint,
  owner_org text COLLATE "C" NOT NULL,
  source text COLLATE "C",
  record_kind text COLLATE "C",
  record_key text COLLATE "C",
  file text COLLATE "C",
  line bigint,
  type text COLLATE "C",
  resource_id text COLLATE "C",
  target text COLLATE "C",
  outcome text COLLATE "C" NOT NULL,
  -- id of the rule that the first error, else the first issue, of the outcome names
  rule text COLLATE "C",
  -- who is to see to it, within the organisation
  assignee text COLLATE "C"
);
CREATE INDEX work_open ON work (kind, work_no) WHERE resolved_ms IS NULL;
CREATE INDEX work_record ON work (source, record_kind, record_key, kind);
CREATE INDEX work_resolved ON work (resolved_ms) WHERE resolved_ms IS NOT NULL;
CREATE INDEX work_resource ON work (type, resource_id) WHERE type IS NOT NULL;

-- Payloads of refused records, apart from the worklist, so that a list never reads them.
CREATE TABLE refused_payload (
  work_id text COLLATE "C" PRIMARY KEY,
  receipt_id text COLLATE "C" NOT NULL,
  payload text COLLATE "C" NOT NULL
);

CREATE INDEX refused_payload_receipt ON refused_payload (receipt_id);

-- Room that a health check fills for a moment, to see whether the disk takes writes again.
CREATE TABLE probe (
  room bytea NOT NULL
);

-- Who changed what, by ids alone; each row carries the hash of the row before.
CREATE TABLE audit (
  seq bigint PRIMARY KEY,
  at_ms bigint NOT NULL,
  owner_org text COLLATE "C" NOT NULL,
  actor text COLLATE "C" NOT NULL,
  action text COLLATE "C" NOT NULL,
  detail text COLLATE "C" NOT NULL,
  prev_hash text COLLATE "C" NOT NULL,
  hash text COLLATE "C" NOT NULL
);

-- What was taken out of the audit: the chain goes on from the hash of the last row of the newest archive.
CREATE TABLE audit_archive (
  last_seq bigint PRIMARY KEY,
  last_hash text COLLATE "C" NOT NULL,
  first_seq bigint NOT NULL,
  file text COLLATE "C" NOT NULL,
  archived_ms bigint NOT NULL
);

-- How far long jobs have come (a remap, a reconciliation), so that they go on where they were stopped.
CREATE TABLE job (
  name text COLLATE "C" PRIMARY KEY,
  state text COLLATE "C" NOT NULL,
  updated_ms bigint NOT NULL
);

-- Where a target was found to differ from the store; a new look at the resource writes it anew or takes it out.
CREATE TABLE drift (
  target text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('missing', 'twin', 'changed', 'extra')),
  found_ms bigint NOT NULL,
  detail text COLLATE "C" NOT NULL,
  PRIMARY KEY (target, type, id, kind)
);

-- What an operator was told of, and is told again when it is over: one open row a cause. told: 0 nothing yet, 1 that it
-- began, 2 that it ended.
CREATE TABLE incident (
  id text COLLATE "C" PRIMARY KEY,
  cause text COLLATE "C" NOT NULL,
  target text COLLATE "C",
  detail text COLLATE "C" NOT NULL,
  opened_ms bigint NOT NULL,
  closed_ms bigint,
  told bigint NOT NULL,
  due_ms bigint NOT NULL
);
CREATE UNIQUE INDEX incident_open ON incident (cause) WHERE closed_ms IS NULL;
CREATE INDEX incident_untold ON incident (due_ms) WHERE told = 0 OR (told = 1 AND closed_ms IS NOT NULL);

-- What the receiving side made of what was sent there, where receipts are expected.
CREATE TABLE filing (
  type text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  target text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('sent', 'filed', 'amended', 'rejected')),
  said_by text COLLATE "C" NOT NULL CHECK (said_by IN ('http', 'task')),
  sent_ms bigint NOT NULL,
  at_ms bigint NOT NULL,
  raised_ms bigint,
  owner_org text COLLATE "C" NOT NULL,
  PRIMARY KEY (type, id, target)
);
CREATE INDEX filing_unfiled ON filing (target, sent_ms) WHERE state = 'sent' AND raised_ms IS NULL;

-- Messages to and from NHS services: what went under which ids, and came of it.
CREATE TABLE message (
  message_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel text COLLATE "C" NOT NULL,
  direction text COLLATE "C" NOT NULL CHECK (direction IN ('in', 'out')),
  id text COLLATE "C" NOT NULL,
  conversation text COLLATE "C" NOT NULL,
  about text COLLATE "C",
  version bigint,
  person_id text COLLATE "C",
  owner_org text COLLATE "C" NOT NULL,
  remote_id text COLLATE "C",
  reply_to text COLLATE "C",
  -- Who is at the other end, and what is said: these stay when the body goes.
  organisation text COLLATE "C",
  service text COLLATE "C",
  what text COLLATE "C",
  -- Of the content: goes with the body of a person who is erased or restricted.
  digest text COLLATE "C",
  state text COLLATE "C" NOT NULL CHECK (state IN ('prepared', 'sent', 'acknowledged', 'answered', 'rejected', 'silent', 'replaced', 'received', 'taken', 'refused')),
  due_ms bigint,
  outcome text COLLATE "C",
  body text COLLATE "C",
  created_ms bigint NOT NULL,
  changed_ms bigint NOT NULL
);
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
  service text COLLATE "C" NOT NULL,
  question text COLLATE "C" NOT NULL,
  answer text COLLATE "C" NOT NULL,
  asked_ms bigint NOT NULL,
  until_ms bigint NOT NULL,
  PRIMARY KEY (service, question)
);
CREATE INDEX kept_answer_until ON kept_answer (until_ms);
CREATE INDEX kept_answer_question ON kept_answer (question);

-- The next free slot of each rate that processes share.
CREATE TABLE pace (
  name text COLLATE "C" PRIMARY KEY,
  next_ms bigint NOT NULL
);

-- Coded entries for practices: a fact is added to a record once, and taken out of it at most once.
CREATE TABLE coded_entry (
  fact text COLLATE "C" NOT NULL,
  action text COLLATE "C" NOT NULL CHECK (action IN ('add', 'remove')),
  -- what receipts name
  id text COLLATE "C" NOT NULL,
  person_id text COLLATE "C" NOT NULL,
  owner_org text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  resource_id text COLLATE "C" NOT NULL,
  practice text COLLATE "C",
  day text COLLATE "C",
  state text COLLATE "C" NOT NULL CHECK (state IN ('due', 'listed', 'filed', 'rejected', 'withdrawn')),
  blocked text COLLATE "C",
  batch_id text COLLATE "C",
  place bigint,
  content text COLLATE "C" NOT NULL,
  due_ms bigint NOT NULL,
  listed_ms bigint,
  put_ms bigint,
  -- names of the ways that took it, where not all have yet (JSON)
  put_ways text COLLATE "C",
  -- names of the ways that took it or may have: each is there before its first byte (JSON)
  begun_ways text COLLATE "C",
  settled_ms bigint,
  said_by text COLLATE "C",
  reason text COLLATE "C",
  raised_ms bigint,
  -- since when it has no names and no words of the practice any more
  trimmed_ms bigint,
  PRIMARY KEY (fact, action)
);
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
  id text COLLATE "C" PRIMARY KEY,
  client text COLLATE "C" NOT NULL,
  owner_org text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('requested', 'active', 'error', 'off')),
  version bigint NOT NULL,
  last_updated_ms bigint NOT NULL,
  content text COLLATE "C" NOT NULL,
  -- Headers that carry secrets (JSON): stored apart, and never read back.
  headers text COLLATE "C" NOT NULL,
  -- What the client was let see when it made this (JSON): never more is sent.
  viewer text COLLATE "C" NOT NULL,
  last_change bigint NOT NULL,
  last_event bigint NOT NULL DEFAULT 0,
  sent_event bigint NOT NULL DEFAULT 0,
  attempts bigint NOT NULL DEFAULT 0,
  due_ms bigint NOT NULL,
  failing_since_ms bigint,
  sent_ms bigint,
  -- When it is over, where it ends.
  end_ms bigint,
  fault text COLLATE "C",
  holder text COLLATE "C",
  lease_until_ms bigint
);
CREATE INDEX subscription_client ON subscription (client);
CREATE INDEX subscription_live ON subscription (id) WHERE state <> 'off';

-- Types that live subscriptions are about.
CREATE TABLE watched_type (
  type text COLLATE "C" NOT NULL,
  subscription_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (type, subscription_id)
);
CREATE INDEX watched_type_subscription ON watched_type (subscription_id);

-- Versions of watched types in the order of their commits, until every subscription has gone past them.
CREATE TABLE change (
  change_no bigint PRIMARY KEY,
  type text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  -- A transaction may write several at once: it is told of from the first to the last.
  first_version bigint NOT NULL,
  last_version bigint NOT NULL
);

-- Whatever writes a version notes it in its own transaction. The counter's row stays locked until that one ends, so
-- that numbers come in the order of commits: who reads up to a number misses none below it.
CREATE FUNCTION note_made() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  noted bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM watched_type w JOIN fresh f ON f.type = w.type) THEN RETURN NULL; END IF;
  PERFORM 1 FROM counter WHERE name = 'change' FOR UPDATE;
  INSERT INTO change (change_no, type, id, first_version, last_version)
  SELECT c.last + row_number() OVER (ORDER BY f.rid), f.type, f.id, 1, f.version
  FROM fresh f CROSS JOIN counter c
  WHERE c.name = 'change' AND f.type IN (SELECT w.type FROM watched_type w);
  GET DIAGNOSTICS noted = ROW_COUNT;
  UPDATE counter SET last = last + noted WHERE name = 'change';
  RETURN NULL;
END $$;
CREATE FUNCTION note_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  noted bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM watched_type w JOIN fresh f ON f.type = w.type) THEN RETURN NULL; END IF;
  PERFORM 1 FROM counter WHERE name = 'change' FOR UPDATE;
  INSERT INTO change (change_no, type, id, first_version, last_version)
  SELECT c.last + row_number() OVER (ORDER BY f.rid), f.type, f.id, s.version + 1, f.version
  FROM fresh f JOIN stale s ON s.rid = f.rid CROSS JOIN counter c
  WHERE c.name = 'change' AND f.version > s.version AND f.type IN (SELECT w.type FROM watched_type w);
  GET DIAGNOSTICS noted = ROW_COUNT;
  UPDATE counter SET last = last + noted WHERE name = 'change';
  RETURN NULL;
END $$;
CREATE TRIGGER resource_made AFTER INSERT ON resource
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION note_made();
CREATE TRIGGER resource_changed AFTER UPDATE ON resource
  REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION note_changed();

-- What subscribers are told: ids alone, kept for a while after it was sent.
CREATE TABLE subscription_event (
  subscription_id text COLLATE "C" NOT NULL,
  event_no bigint NOT NULL,
  type text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  -- What it also is about, as Type/id.
  context text COLLATE "C",
  at_ms bigint NOT NULL,
  PRIMARY KEY (subscription_id, event_no)
);

-- Bulk exports that clients asked for: what of, as of when, for whom, and how far each has come. The files are in a folder.
CREATE TABLE bulk_export (
  id text COLLATE "C" PRIMARY KEY,
  client text COLLATE "C" NOT NULL,
  owner_org text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('running', 'finished', 'failed', 'withdrawn')),
  -- What the client was let see when it asked (JSON): never more is exported.
  viewer text COLLATE "C" NOT NULL,
  asked text COLLATE "C" NOT NULL,
  as_of_ms bigint NOT NULL,
  -- Files, and the place behind what is in them on disk (JSON).
  progress text COLLATE "C",
  fault text COLLATE "C",
  asked_ms bigint NOT NULL,
  ended_ms bigint,
  until_ms bigint,
  holder text COLLATE "C",
  lease_until_ms bigint
);
CREATE INDEX bulk_export_running ON bulk_export (asked_ms) WHERE state = 'running';
-- Leads to those that may tell of a person who is erased or restricted.
CREATE INDEX bulk_export_moment ON bulk_export (as_of_ms) WHERE state IN ('running', 'finished');
CREATE INDEX bulk_export_until ON bulk_export (until_ms) WHERE until_ms IS NOT NULL;

-- Who asked the API for what, and what came of it, by ids alone: a chain of its own, so that reads wait for no commit.
CREATE TABLE access (
  seq bigint PRIMARY KEY,
  -- never before that of the row before
  at_ms bigint NOT NULL,
  owner_org text COLLATE "C" NOT NULL,
  actor text COLLATE "C" NOT NULL,
  action text COLLATE "C" NOT NULL,
  detail text COLLATE "C" NOT NULL,
  prev_hash text COLLATE "C" NOT NULL,
  hash text COLLATE "C" NOT NULL
);

-- Leads to accesses: from what was touched and whose it was (Type/id), who asked, and what came of it. Written behind the
-- chain, in the order of the counter access_indexed.
CREATE TABLE access_entity (
  entity text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (entity, seq)
);

-- Why somebody broke the glass, in words of theirs: apart from the chain, which has a digest of salt and words, so that an
-- erasure takes them out.
CREATE TABLE access_reason (
  seq bigint PRIMARY KEY,
  salt text COLLATE "C" NOT NULL,
  reason text COLLATE "C" NOT NULL
);

CREATE TABLE access_archive (
  last_seq bigint PRIMARY KEY,
  last_hash text COLLATE "C" NOT NULL,
  first_seq bigint NOT NULL,
  file text COLLATE "C" NOT NULL,
  archived_ms bigint NOT NULL
);

-- Rows of an audit are added, and leave it only for a file that is named before.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of the audit are never changed';
END $$;
CREATE FUNCTION refuse_loss() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  archived bigint;
BEGIN
  EXECUTE format('SELECT coalesce(max(last_seq), 0) FROM %I', tg_table_name || '_archive') INTO archived;
  IF old.seq > archived THEN
    RAISE EXCEPTION 'rows of the audit leave it for an archive alone';
  END IF;
  RETURN old;
END $$;
CREATE TRIGGER audit_kept BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_whole BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_loss();
CREATE TRIGGER audit_there BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_archive_kept BEFORE UPDATE OR DELETE ON audit_archive FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_archive_there BEFORE TRUNCATE ON audit_archive FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_kept BEFORE UPDATE ON access FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_whole BEFORE DELETE ON access FOR EACH ROW EXECUTE FUNCTION refuse_loss();
CREATE TRIGGER access_there BEFORE TRUNCATE ON access FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_archive_kept BEFORE UPDATE OR DELETE ON access_archive FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_archive_there BEFORE TRUNCATE ON access_archive FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Versions with a confidentiality label of their own that not everybody sees: R or V.
CREATE TABLE resource_label (
  rid bigint NOT NULL,
  version bigint NOT NULL,
  level text COLLATE "C" NOT NULL CHECK (level IN ('R', 'V')),
  PRIMARY KEY (rid, version)
);

-- What people have agreed to: for which purpose their things may be seen, from when until when.
CREATE TABLE sharing_agreed (
  person_id text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  from_ms bigint NOT NULL,
  until_ms bigint NOT NULL,
  extent text COLLATE "C" NOT NULL CHECK (extent IN ('full', 'coded-only')),
  PRIMARY KEY (person_id, purpose, from_ms)
);

-- Whatever changes a Consent takes back what follows from it; who knows what it says now, says so anew.
CREATE FUNCTION take_back_agreed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF tg_op <> 'INSERT' THEN
    DELETE FROM sharing_agreed WHERE person_id = old.person_id;
  END IF;
  IF tg_op <> 'DELETE' THEN
    DELETE FROM sharing_agreed WHERE person_id = new.person_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER consent_made AFTER INSERT ON resource FOR EACH ROW WHEN (new.type = 'Consent')
  EXECUTE FUNCTION take_back_agreed();
CREATE TRIGGER consent_changed AFTER UPDATE OF state, person_id, content ON resource FOR EACH ROW WHEN (new.type = 'Consent')
  EXECUTE FUNCTION take_back_agreed();
CREATE TRIGGER consent_gone AFTER DELETE ON resource FOR EACH ROW WHEN (old.type = 'Consent')
  EXECUTE FUNCTION take_back_agreed();
