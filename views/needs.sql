-- title: Needs
-- description: One row for each need.
-- kind: row
-- depends: condition
-- column: condition_key | text | key | Key of the Condition
-- column: patient_key | text | key | Key of the person
-- column: need_code | text | dimension | Need, code of the list need
-- column: snomed_code | text | dimension | Need, SNOMED CT
-- column: determinant_code | text | dimension | Determinant of health that it belongs to
-- column: recorded | dateTime | dimension | When it was recorded
-- column: clinical_status | text | dimension | active, resolved …
-- column: is_text_only | boolean | dimension | It has no code at all
SELECT condition_key, patient_key, need_code, snomed_code, determinant_code, recorded, clinical_status, is_text_only
FROM condition
WHERE patient_key IS NOT NULL
