-- title: Referrals
-- description: One row for each referral or offer to a social prescribing service; a hand-over is a row of its own, of the same journey.
-- kind: row
-- depends: service_request, request_reason, task, episode, contacts
-- column: referral_key | text | key | Key of the referral
-- column: patient_key | text | key | Key of the person
-- column: journey_key | text | key | Key of the first referral of the chain: a hand-over from one service to the next is one journey
-- column: referred | dateTime | dimension | When it was made
-- column: status | text | dimension | Where it stands: status of its Task, or of the ServiceRequest where there is no Task
-- column: intent | text | dimension | order: referred. proposal: only recommended
-- column: source_code | text | dimension | Who referred, code of the list referral-source
-- column: priority | text | dimension | Urgency: routine, urgent or asap
-- column: requester_key | text | key | Key of who referred
-- column: service_key | text | key | Key of the service
-- column: needs | integer | measure | Reasons given
-- column: uncoded_needs | integer | measure | Reasons without any code
-- column: is_handover | boolean | dimension | It follows another referral, which was more than an offer
-- column: is_offer | boolean | dimension | It was only offered or recommended: nobody took the person on, or the person declined the offer
-- column: is_declined | boolean | dimension | The person declined
-- column: accepted | dateTime | dimension | When the service accepted: begin of the first episode
-- column: first_contact | dateTime | dimension | First contact or appointment that took place
-- column: closed | dateTime | dimension | End of the last episode, where all have ended
WITH
  asked AS (
    SELECT request_key, patient_key, status, intent, source_code, priority, requester_key, service_key, authored,
      coalesce(replaces_key, based_on_key) AS parent_key, is_referral
    FROM service_request
    WHERE patient_key IS NOT NULL AND status <> 'entered-in-error'
      AND CASE WHEN is_referral THEN 1 WHEN based_on_key IS NULL THEN 1 ELSE 0 END = 1
  ),
  -- each step goes twice as far up: chains of sixteen hand-overs come to their first referral
  up1 AS (SELECT a.request_key, coalesce(p.request_key, a.request_key) AS up FROM asked AS a LEFT JOIN asked AS p ON p.request_key = a.parent_key),
  up2 AS (SELECT a.request_key, b.up FROM up1 AS a JOIN up1 AS b ON b.request_key = a.up),
  up4 AS (SELECT a.request_key, b.up FROM up2 AS a JOIN up2 AS b ON b.request_key = a.up),
  up8 AS (SELECT a.request_key, b.up FROM up4 AS a JOIN up4 AS b ON b.request_key = a.up),
  journey AS (SELECT a.request_key, b.up AS journey_key FROM up8 AS a JOIN up8 AS b ON b.request_key = a.up),
  reason AS (
    SELECT request_key, count(*) AS needs, sum(CASE WHEN is_text_only THEN 1 ELSE 0 END) AS uncoded
    FROM request_reason GROUP BY request_key
  ),
  followed AS (
    SELECT request_key, status, CASE WHEN reason_snomed = '871711000000103' OR referral_status = 'declined' THEN 1 ELSE 0 END AS declined,
      row_number() OVER (PARTITION BY request_key ORDER BY coalesce(last_modified, authored, '') DESC, task_key) AS place
    FROM task WHERE status <> 'entered-in-error' AND coalesce(task_code, '') <> 'gp-action'
  ),
  spell AS (
    SELECT request_key, min(started) AS accepted,
      CASE WHEN count(*) = count(ended) THEN max(ended) END AS closed
    FROM episode WHERE status <> 'entered-in-error' GROUP BY request_key
  ),
  met AS (
    SELECT request_key, min(held) AS first_contact
    FROM contacts WHERE attendance = 'attended' GROUP BY request_key
  ),
  -- an offer that is declined is revoked before it has the code of a referral
  told AS (
    SELECT a.request_key, a.parent_key, coalesce(j.journey_key, a.request_key) AS journey_key, s.accepted, m.first_contact, s.closed,
      f.status, f.declined,
      CASE
        WHEN s.accepted IS NOT NULL OR m.first_contact IS NOT NULL THEN 0
        WHEN a.status = 'draft' OR a.intent = 'proposal' OR f.status = 'draft' THEN 1
        WHEN a.is_referral THEN 0
        WHEN a.status = 'revoked' AND coalesce(f.status, 'cancelled') = 'cancelled' THEN 1
        ELSE 0
      END AS offered
    FROM asked AS a
    LEFT JOIN journey AS j ON j.request_key = a.request_key
    LEFT JOIN followed AS f ON f.request_key = a.request_key AND f.place = 1
    LEFT JOIN spell AS s ON s.request_key = a.request_key
    LEFT JOIN met AS m ON m.request_key = a.request_key
  )
SELECT a.request_key AS referral_key, a.patient_key, t.journey_key,
  a.authored AS referred, coalesce(t.status, a.status) AS status, a.intent, a.source_code, a.priority,
  a.requester_key, a.service_key, CAST(coalesce(r.needs, 0) AS INTEGER) AS needs,
  CAST(coalesce(r.uncoded, 0) AS INTEGER) AS uncoded_needs,
  coalesce(p.offered, 1) = 0 AS is_handover,
  t.offered = 1 AS is_offer,
  coalesce(t.declined, 0) = 1 AS is_declined,
  t.accepted, t.first_contact, t.closed
FROM asked AS a
JOIN told AS t ON t.request_key = a.request_key
LEFT JOIN told AS p ON p.request_key = t.parent_key
LEFT JOIN reason AS r ON r.request_key = a.request_key
