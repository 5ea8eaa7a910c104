-- title: Support
-- description: One row for each piece of support that was offered or given.
-- kind: row
-- depends: procedure
-- column: procedure_key | text | key | Key of the Procedure
-- column: patient_key | text | key | Key of the person
-- column: request_key | text | key | Key of the referral
-- column: kind_code | text | dimension | Kind of support, code of the list support-kind
-- column: snomed_code | text | dimension | Kind of support, SNOMED CT
-- column: status | text | dimension | completed: given. not-done: declined or not given
-- column: performed | dateTime | dimension | When it was given
SELECT procedure_key, patient_key, request_key, kind_code, snomed_code, status, performed
FROM procedure
WHERE patient_key IS NOT NULL
  AND status <> 'entered-in-error'
