-- title: Activities
-- description: One row for each onward referral to an activity, and how often the person took part.
-- kind: row
-- depends: service_request, task, contacts
-- column: request_key | text | key | Key of the onward referral
-- column: patient_key | text | key | Key of the person
-- column: referral_key | text | key | Key of the referral from which it follows
-- column: activity_key | text | key | Key of the activity
-- column: activity_kind | text | dimension | Kind of activity, code of the list support-kind
-- column: referred | dateTime | dimension | When it was made
-- column: status | text | dimension | Where it stands
-- column: is_declined | boolean | dimension | The person declined
-- column: attended | integer | measure | Times that the person took part
-- column: missed | integer | measure | Times that the person missed it
-- column: first_attended | dateTime | dimension | First time that the person took part
WITH
  taken AS (
    SELECT request_key, sum(CASE WHEN attendance = 'attended' THEN 1 ELSE 0 END) AS attended,
      sum(CASE WHEN attendance = 'missed' THEN 1 ELSE 0 END) AS missed,
      min(CASE WHEN attendance = 'attended' THEN held END) AS first_attended
    FROM contacts GROUP BY request_key
  ),
  followed AS (
    SELECT request_key, status, CASE WHEN reason_snomed = '871711000000103' OR referral_status = 'declined' THEN 1 ELSE 0 END AS declined,
      row_number() OVER (PARTITION BY request_key ORDER BY coalesce(last_modified, authored, '') DESC, task_key) AS place
    FROM task WHERE status <> 'entered-in-error' AND coalesce(task_code, '') <> 'gp-action'
  )
SELECT s.request_key, s.patient_key, s.based_on_key AS referral_key, s.activity_key, s.activity_kind, s.authored AS referred,
  coalesce(f.status, s.status) AS status, coalesce(f.declined, 0) = 1 AS is_declined,
  CAST(coalesce(t.attended, 0) AS INTEGER) AS attended, CAST(coalesce(t.missed, 0) AS INTEGER) AS missed, t.first_attended
FROM service_request AS s
LEFT JOIN taken AS t ON t.request_key = s.request_key
LEFT JOIN followed AS f ON f.request_key = s.request_key AND f.place = 1
WHERE s.patient_key IS NOT NULL AND s.based_on_key IS NOT NULL AND s.status <> 'entered-in-error'
  AND CASE WHEN s.is_referral THEN 0 ELSE 1 END = 1
