-- title: Entries by their codes
-- description: How many entries have a national code, another code, or none.
-- kind: aggregate
-- depends: condition, request_reason, service_request, procedure, patient, task
-- column: element | text | dimension(overlap) | What is coded
-- column: uncoded | integer | count(within total) | Entries without a code
-- column: outside_national | integer | count(within total) | Entries with a code of another list only
-- column: declined_coded | integer | count(within total) | Entries that say, in a code, that the person declined or did not state it
-- column: total | integer | denominator | All entries
WITH
  entry AS (
    SELECT 1 AS place, 'need' AS element, CASE WHEN snomed_code IS NOT NULL THEN 'national' WHEN is_text_only THEN 'none' ELSE 'other' END AS coding, 0 AS declined FROM condition
    UNION ALL SELECT 2, 'referral reason', CASE WHEN snomed_code IS NOT NULL THEN 'national' WHEN is_text_only THEN 'none' ELSE 'other' END, 0 FROM request_reason
    UNION ALL SELECT 3, 'activity', CASE WHEN activity_kind IS NULL THEN 'none' ELSE 'other' END, 0
      FROM service_request WHERE based_on_key IS NOT NULL AND status <> 'entered-in-error' AND CASE WHEN is_referral THEN 0 ELSE 1 END = 1
    UNION ALL SELECT 4, 'support', CASE WHEN snomed_code IS NOT NULL THEN 'national' WHEN kind_code IS NOT NULL THEN 'other' ELSE 'none' END, 0 FROM "procedure" WHERE status <> 'entered-in-error'
    UNION ALL SELECT 5, 'reason of an end', CASE WHEN reason_snomed IS NOT NULL THEN 'national' WHEN status_reason IS NULL AND referral_status IS NULL THEN 'none' ELSE 'other' END,
      CASE WHEN reason_snomed = '871711000000103' THEN 1 ELSE 0 END FROM task WHERE status IN ('cancelled', 'rejected', 'failed') AND coalesce(task_code, '') <> 'gp-action'
    UNION ALL SELECT 6, 'ethnic category', CASE WHEN ethnic_category IS NULL THEN 'none' ELSE 'national' END, CASE WHEN ethnic_category = 'Z' THEN 1 ELSE 0 END FROM patient
  )
SELECT element, CAST(sum(CASE WHEN coding = 'none' THEN 1 ELSE 0 END) AS INTEGER) AS uncoded,
  CAST(sum(CASE WHEN coding = 'other' THEN 1 ELSE 0 END) AS INTEGER) AS outside_national,
  CAST(sum(declined) AS INTEGER) AS declined_coded, CAST(count(*) AS INTEGER) AS total
FROM entry GROUP BY place, element ORDER BY place
