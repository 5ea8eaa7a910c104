-- title: Contacts with the practice before and after
-- description: Contacts in the months before the first referral and after it, of people whose practice was sending contacts all that time, whether they had any or not, and who are alive. A contact without a day is not counted. The day of the referral is in neither.
-- kind: aggregate
-- depends: patients, encounter, setting
-- column: period | text | dimension(overlap) | before or after the referral
-- column: people | integer | denominator | People whose contacts are held for the whole time
-- column: contacts | integer | count | Their contacts
-- column: per_person | decimal | measure(contacts/people) | Contacts for each of them
WITH
  wide AS (SELECT (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'before_after_months') AS months, (SELECT value FROM setting WHERE name = 'today') AS today),
  gp AS (SELECT patient_key, started FROM encounter WHERE status = 'finished' AND request_key IS NULL AND episode_key IS NULL AND days_between(started, started) = 0),
  -- who has no practice is their own: of nobody else is it known since when contacts are sent
  place AS (SELECT patient_key, first_referred, is_deceased, coalesce(practice_key, 'of ' || patient_key) AS practice FROM patients),
  sent AS (SELECT p.practice, min(g.started) AS first_at, max(g.started) AS last_at FROM gp AS g JOIN place AS p ON p.patient_key = g.patient_key GROUP BY p.practice),
  person AS (
    SELECT p.patient_key, p.first_referred, w.months
    FROM place AS p JOIN sent AS s ON s.practice = p.practice CROSS JOIN wide AS w
    WHERE NOT p.is_deceased AND whole_months_between(s.first_at, p.first_referred) >= w.months AND whole_months_between(p.first_referred, s.last_at) >= w.months
      AND whole_months_between(p.first_referred, w.today) >= w.months
  ),
  visit AS (
    SELECT CASE WHEN days_between(g.started, p.first_referred) > 0 THEN 'before' ELSE 'after' END AS period
    FROM gp AS g JOIN person AS p ON p.patient_key = g.patient_key
    WHERE (days_between(g.started, p.first_referred) > 0 AND whole_months_between(g.started, p.first_referred) < p.months)
      OR (days_between(p.first_referred, g.started) > 0 AND whole_months_between(p.first_referred, g.started) < p.months)
  ),
  period AS (SELECT 1 AS place, 'before' AS period UNION ALL SELECT 2, 'after'),
  held AS (SELECT count(*) AS people FROM person),
  counted AS (SELECT d.place, d.period, count(v.period) AS contacts FROM period AS d LEFT JOIN visit AS v ON v.period = d.period GROUP BY d.place, d.period)
SELECT c.period, CAST(h.people AS INTEGER) AS people, CAST(c.contacts AS INTEGER) AS contacts,
  CASE WHEN h.people > 0 THEN round(c.contacts * 1.0 / h.people, 3) END AS per_person
FROM counted AS c CROSS JOIN held AS h
WHERE h.people > 0
ORDER BY c.place
