-- title: People and rates by group
-- description: How often people of each group are referred, decline, or miss appointments.
-- kind: aggregate
-- depends: patients, referrals, contacts, population
-- column: dimension | text | dimension(family) | What the groups differ in: imd_decile, ethnic_category, age_band or gender
-- column: group | text | dimension | Group
-- column: people | integer | count | People in the tables
-- column: population | integer | denominator | Residents of that group, where their number is known
-- column: asked | integer | count(within people) | People who were referred, or were only offered it
-- column: referred | integer | count(within asked) | People referred
-- column: declined | integer | count(within asked) | People who declined a referral or an offer
-- column: appointed | integer | count(within people) | People who had an appointment that was kept or missed
-- column: not_attended | integer | count(within appointed) | People who missed an appointment
-- column: referral_rate | decimal | measure(referred/population*1000) | Referred per 1,000 residents
-- column: decline_rate | decimal | measure(declined/asked*100) | Declined, of 100 people who were asked
-- column: missed_rate | decimal | measure(not_attended/appointed*100) | Missed an appointment, of 100 people who had one
WITH
  asked AS (SELECT patient_key, max(CASE WHEN is_declined THEN 1 ELSE 0 END) AS declined FROM referrals GROUP BY patient_key),
  appointed AS (
    SELECT patient_key, max(CASE WHEN attendance = 'missed' THEN 1 ELSE 0 END) AS missed
    FROM contacts WHERE attendance IN ('attended', 'missed') GROUP BY patient_key
  ),
  person AS (
    SELECT p.patient_key, p.gender, p.age_band, p.ethnic_category, p.imd_decile, CASE WHEN p.referrals > 0 THEN 1 ELSE 0 END AS referred,
      CASE WHEN d.patient_key IS NULL THEN 0 ELSE 1 END AS asked, coalesce(d.declined, 0) AS declined, CASE WHEN a.patient_key IS NULL THEN 0 ELSE 1 END AS appointed, coalesce(a.missed, 0) AS missed
    FROM patients AS p LEFT JOIN asked AS d ON d.patient_key = p.patient_key LEFT JOIN appointed AS a ON a.patient_key = p.patient_key
  ),
  grouped AS (
    SELECT 1 AS place, 'imd_decile' AS dimension, CAST(imd_decile AS VARCHAR(8)) AS code, person.* FROM person
    UNION ALL SELECT 2, 'ethnic_category', ethnic_category, person.* FROM person
    UNION ALL SELECT 3, 'age_band', age_band, person.* FROM person
    UNION ALL SELECT 4, 'gender', gender, person.* FROM person
  ),
  counted AS (
    SELECT place, dimension, coalesce(code, 'not known') AS code, count(*) AS people, sum(asked) AS asked, sum(referred) AS referred, sum(declined) AS declined,
      sum(appointed) AS appointed, sum(missed) AS missed
    FROM grouped GROUP BY place, dimension, coalesce(code, 'not known')
  )
SELECT c.dimension, c.code AS "group", CAST(c.people AS INTEGER) AS people, CAST(p.people AS INTEGER) AS population,
  CAST(c.asked AS INTEGER) AS asked, CAST(c.referred AS INTEGER) AS referred, CAST(c.declined AS INTEGER) AS declined, CAST(c.appointed AS INTEGER) AS appointed,
  CAST(c.missed AS INTEGER) AS not_attended,
  CASE WHEN p.people > 0 THEN round(c.referred * 1000.0 / p.people, 1) END AS referral_rate,
  CASE WHEN c.asked > 0 THEN round(c.declined * 100.0 / c.asked, 1) END AS decline_rate,
  CASE WHEN c.appointed > 0 THEN round(c.missed * 100.0 / c.appointed, 1) END AS missed_rate
FROM counted AS c LEFT JOIN population AS p ON p.kind = c.dimension AND p.code = c.code
ORDER BY c.place, CASE WHEN c.dimension = 'imd_decile' AND c.code <> 'not known' THEN length(c.code) ELSE 99 END, c.code
