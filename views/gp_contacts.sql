-- title: Contacts with the practice before and after
-- description: Contacts in the months before the first referral and after it, of people whose practice sends its contacts and whose months after are over. The day of the referral is in neither.
-- kind: aggregate
-- depends: patients, encounter, setting
-- column: period | text | dimension(overlap) | before or after the referral
-- column: people | integer | denominator | People whose contacts are held for the whole time
-- column: contacts | integer | count | Their contacts
-- column: per_person | decimal | measure(contacts/people) | Contacts for each of them
WITH
  wide AS (SELECT (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'before_after_months') AS months, (SELECT value FROM setting WHERE name = 'today') AS today),
  gp AS (SELECT patient_key, started FROM encounter WHERE status = 'finished' AND request_key IS NULL AND episode_key IS NULL),
  person AS (
    SELECT DISTINCT p.patient_key, p.first_referred, w.months
    FROM patients AS p JOIN (SELECT DISTINCT patient_key FROM gp) AS known ON known.patient_key = p.patient_key CROSS JOIN wide AS w
    WHERE months_between(p.first_referred, w.today) >= w.months
  ),
  visit AS (
    SELECT CASE WHEN days_between(g.started, p.first_referred) > 0 THEN 'before' ELSE 'after' END AS period
    FROM gp AS g JOIN person AS p ON p.patient_key = g.patient_key
    WHERE (days_between(g.started, p.first_referred) > 0 AND months_between(g.started, p.first_referred) < p.months)
      OR (days_between(p.first_referred, g.started) > 0 AND months_between(p.first_referred, g.started) < p.months)
  ),
  period AS (SELECT 1 AS place, 'before' AS period UNION ALL SELECT 2, 'after'),
  held AS (SELECT count(*) AS people FROM person),
  counted AS (SELECT d.place, d.period, count(v.period) AS contacts FROM period AS d LEFT JOIN visit AS v ON v.period = d.period GROUP BY d.place, d.period)
SELECT c.period, CAST(h.people AS INTEGER) AS people, CAST(c.contacts AS INTEGER) AS contacts,
  CASE WHEN h.people > 0 THEN round(c.contacts * 1.0 / h.people, 3) END AS per_person
FROM counted AS c CROSS JOIN held AS h
WHERE h.people > 0
ORDER BY c.place
