-- title: Answers
-- description: One row for each answer of a questionnaire, however deep it stands, without free text.
-- kind: row
-- depends: questionnaire_answer
-- column: response_key | text | key | Key of the response
-- column: patient_key | text | key | Key of the person
-- column: request_key | text | key | Key of the referral
-- column: questionnaire | text | dimension | Address of the questionnaire
-- column: stage | text | dimension | baseline, follow-up or closure
-- column: authored | dateTime | dimension | When it was answered
-- column: link_id | text | dimension | Which question
-- column: value_code | text | dimension | Answer that is a code
-- column: value_number | decimal | measure | Answer that is a number
-- column: value_boolean | boolean | dimension | Answer that is yes or no
-- column: value_date | date | dimension | Answer that is a date
SELECT response_key, patient_key, request_key, questionnaire, stage, authored, link_id, value_code, value_number, value_boolean, value_date
FROM questionnaire_answer
WHERE patient_key IS NOT NULL
