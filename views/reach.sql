-- title: Reach by neighbourhood
-- description: People referred in each neighbourhood, of those who live there.
-- kind: aggregate
-- depends: patients, population
-- column: neighbourhood | text | dimension | Neighbourhood
-- column: population | integer | denominator | People who live there, where their number is known
-- column: referred | integer | count | People referred
-- column: rate | decimal | measure(referred/population*1000) | Referred per 1,000 residents
WITH
  referred AS (SELECT coalesce(neighbourhood, 'not known') AS code, count(*) AS people FROM patients WHERE referrals > 0 GROUP BY coalesce(neighbourhood, 'not known')),
  living AS (SELECT code, people FROM population WHERE kind = 'neighbourhood'),
  place AS (SELECT code FROM referred UNION SELECT code FROM living)
SELECT p.code AS neighbourhood, CAST(l.people AS INTEGER) AS population, CAST(coalesce(r.people, 0) AS INTEGER) AS referred,
  CASE WHEN l.people > 0 THEN round(coalesce(r.people, 0) * 1000.0 / l.people, 1) END AS rate
FROM place AS p LEFT JOIN referred AS r ON r.code = p.code LEFT JOIN living AS l ON l.code = p.code
ORDER BY p.code
