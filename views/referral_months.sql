-- title: Referrals by month
-- description: Journeys that began in each month.
-- kind: aggregate
-- depends: referrals
-- column: month | text | dimension(overlap) | Month of the referral
-- column: referrals | integer | count | Journeys that began in it
-- column: people | integer | count(within referrals) | People referred in it
SELECT month_of(referred) AS month, CAST(count(DISTINCT journey_key) AS INTEGER) AS referrals, CAST(count(DISTINCT patient_key) AS INTEGER) AS people
FROM referrals
WHERE NOT is_offer AND NOT is_handover AND month_of(referred) IS NOT NULL
GROUP BY month_of(referred)
ORDER BY 1
