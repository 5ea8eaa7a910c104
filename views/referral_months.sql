-- title: Referrals by month
-- description: Journeys that began in each month.
-- kind: aggregate
-- depends: referrals
-- column: month | text | dimension(overlap) | Month of the referral
-- column: referrals | integer | count | Journeys that began in it
-- column: people | integer | count(within referrals) | People referred in it
WITH journey AS (
  SELECT journey_key, min(patient_key) AS patient_key, min(referred) AS referred FROM referrals WHERE NOT is_offer GROUP BY journey_key
)
SELECT month_of(referred) AS month, CAST(count(*) AS INTEGER) AS referrals, CAST(count(DISTINCT patient_key) AS INTEGER) AS people
FROM journey
WHERE month_of(referred) IS NOT NULL
GROUP BY month_of(referred)
ORDER BY 1
