-- title: Paired outcomes
-- description: One row for each person and score that was measured at least twice by the same questionnaire. A baseline is never the last: it begins another referral. Where a day is known in part only, the stages say which was first.
-- kind: row
-- depends: scores, threshold
-- column: patient_key | text | key | Key of the person
-- column: instrument | text | dimension | Instrument
-- column: score | text | dimension | Which score, code of the list score
-- column: baseline_date | date | dimension | When it was measured first: at the stage baseline, or else the first time
-- column: baseline_value | decimal | measure | Score then
-- column: last_date | date | dimension | When it was measured last
-- column: last_value | decimal | measure | Score then
-- column: change | decimal | measure | Last value less baseline
-- column: direction | text | dimension | higher or lower: which is better
-- column: meaningful_change | text | dimension | better, same or worse by the threshold; empty where there is none
-- column: threshold | decimal | measure | Points from which a change counts
WITH
  told AS (
    SELECT patient_key, instrument, score_code, coalesce(questionnaire, '') AS questionnaire, value, measured, observation_key,
      substr(measured, 1, 10) AS day,
      CASE stage WHEN 'baseline' THEN 0 WHEN 'closure' THEN 2 ELSE 1 END AS stage_place
    FROM scores
    WHERE value IS NOT NULL AND measured IS NOT NULL
  ),
  placed AS (
    SELECT told.*,
      row_number() OVER (PARTITION BY patient_key, score_code, questionnaire
        ORDER BY CASE WHEN stage_place = 0 THEN 0 ELSE 1 END, day, stage_place, measured, observation_key) AS from_first
    FROM told
  ),
  follow AS (
    SELECT b.patient_key, b.instrument, b.score_code, b.questionnaire, b.day AS baseline_date, b.value AS baseline_value,
      n.day AS last_date, n.value AS last_value,
      row_number() OVER (PARTITION BY b.patient_key, b.score_code, b.questionnaire
        ORDER BY n.day DESC, n.stage_place DESC, n.measured DESC, n.observation_key) AS from_last
    FROM placed AS b
    JOIN placed AS n ON n.patient_key = b.patient_key AND n.score_code = b.score_code AND n.questionnaire = b.questionnaire
      AND n.stage_place > 0
      AND CASE WHEN substr(n.day, 1, length(b.day)) = substr(b.day, 1, length(n.day)) THEN n.stage_place > b.stage_place ELSE n.day > b.day END
    WHERE b.from_first = 1
  ),
  pair AS (
    SELECT f.*,
      row_number() OVER (PARTITION BY f.patient_key, f.score_code ORDER BY f.last_date DESC, f.questionnaire) AS place,
      round(CAST(f.last_value - f.baseline_value AS DECIMAL(18, 6)), 6) AS change
    FROM follow AS f WHERE f.from_last = 1
  )
SELECT p.patient_key, p.instrument, p.score_code AS score, p.baseline_date, p.baseline_value, p.last_date, p.last_value,
  p.change, t.better AS direction,
  CASE
    WHEN t.change IS NULL OR t.better IS NULL THEN NULL
    WHEN abs(p.change) < CAST(t.change AS DOUBLE PRECISION) THEN 'same'
    WHEN (p.change > 0 AND t.better = 'higher') OR (p.change < 0 AND t.better = 'lower') THEN 'better'
    ELSE 'worse'
  END AS meaningful_change,
  CAST(t.change AS DOUBLE PRECISION) AS threshold
FROM pair AS p LEFT JOIN threshold AS t ON t.score_code = p.score_code
WHERE p.place = 1
