-- title: Scores
-- description: One row for each score of a questionnaire.
-- kind: row
-- depends: score, response, instrument_score
-- column: observation_key | text | key | Key of the Observation
-- column: patient_key | text | key | Key of the person
-- column: response_key | text | key | Key of the response
-- column: request_key | text | key | Key of the referral
-- column: instrument | text | dimension | Instrument, code of the list instrument
-- column: score_code | text | dimension | Which score, code of the list score
-- column: is_component | boolean | dimension | It is a part of another score, such as a raw one
-- column: value | decimal | measure | The score; empty where it was refused or cannot be computed
-- column: measured | dateTime | dimension | When it was measured
-- column: stage | text | dimension | baseline, follow-up or closure
-- column: questionnaire | text | dimension | Address of the questionnaire
-- column: band | text | dimension | What the score means
SELECT s.observation_key, s.patient_key, s.response_key, r.request_key, i.instrument, s.score_code,
  CASE WHEN s.is_component THEN 1 ELSE 0 END = 1 AS is_component, s.value, coalesce(s.effective, r.authored) AS measured,
  r.stage, r.questionnaire, s.band
FROM score AS s
LEFT JOIN response AS r ON r.response_key = s.response_key
LEFT JOIN instrument_score AS i ON i.score_code = s.score_code
WHERE s.patient_key IS NOT NULL AND s.score_code IS NOT NULL AND coalesce(r.status, '') <> 'entered-in-error'
