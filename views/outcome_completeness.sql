-- title: What is measured at all
-- description: For how many of those referred each determinant of health and each instrument is measured.
-- kind: aggregate
-- depends: patients, outcome, goals, needs, scores, instrument_score
-- column: kind | text | dimension(family) | determinant or instrument
-- column: name | text | dimension(overlap) | Which one
-- column: measured | integer | count(within people) | People of whom an outcome, a goal with its attainment, or a score is recorded
-- column: measured_twice | integer | count(within measured) | Of them, people of whom it is recorded on more than one day
-- column: needed | integer | count(within people) | People with a need there; empty for instruments
-- column: people | integer | denominator | People referred
WITH
  referred AS (SELECT patient_key FROM patients WHERE referrals > 0),
  wanted AS (
    SELECT 'determinant' AS kind, name FROM (SELECT 'work' AS name UNION ALL SELECT 'social' UNION ALL SELECT 'education' UNION ALL SELECT 'crime' UNION ALL SELECT 'housing' UNION ALL SELECT 'legal' UNION ALL SELECT 'income' UNION ALL SELECT 'welfare') AS determinant
    UNION ALL SELECT DISTINCT 'instrument', instrument FROM instrument_score
  ),
  record AS (
    SELECT 'determinant' AS kind, determinant_code AS name, patient_key, substr(effective, 1, 10) AS day FROM outcome
    UNION ALL SELECT 'determinant', determinant_code, patient_key, substr(coalesce(status_date, started), 1, 10) FROM goals WHERE achievement IS NOT NULL
    UNION ALL SELECT 'instrument', instrument, patient_key, substr(measured, 1, 10) FROM scores WHERE value IS NOT NULL
  ),
  known AS (
    SELECT d.kind, d.name, d.patient_key, count(DISTINCT d.day) AS days
    FROM record AS d JOIN referred AS r ON r.patient_key = d.patient_key GROUP BY d.kind, d.name, d.patient_key
  ),
  counted AS (
    SELECT kind, name, count(*) AS measured, sum(CASE WHEN days > 1 THEN 1 ELSE 0 END) AS twice FROM known GROUP BY kind, name
  ),
  need AS (
    SELECT n.determinant_code AS name, count(DISTINCT n.patient_key) AS needed
    FROM needs AS n JOIN referred AS r ON r.patient_key = n.patient_key GROUP BY n.determinant_code
  )
SELECT w.kind, w.name, CAST(coalesce(c.measured, 0) AS INTEGER) AS measured, CAST(coalesce(c.twice, 0) AS INTEGER) AS measured_twice,
  CAST(CASE WHEN w.kind = 'determinant' THEN coalesce(n.needed, 0) END AS INTEGER) AS needed,
  CAST((SELECT count(*) FROM referred) AS INTEGER) AS people
FROM wanted AS w
LEFT JOIN counted AS c ON c.kind = w.kind AND c.name = w.name
LEFT JOIN need AS n ON n.name = w.name AND w.kind = 'determinant'
ORDER BY w.kind, w.name
