-- title: Days from one step to the next
-- description: How long people wait at each step; who still waits is not counted, nor is a step that is dated before the one that it follows.
-- kind: aggregate
-- depends: referrals, activities
-- column: step | text | dimension(overlap) | From which step to which
-- column: n | integer | count | Journeys that came to both
-- column: p25 | integer | measure(n) | A quarter waited so many days or less, by nearest rank
-- column: median | integer | measure(n) | Half waited so many days or less, by nearest rank
-- column: p75 | integer | measure(n) | Three quarters waited so many days or less, by nearest rank
-- column: p90 | integer | measure(n) | Nine in ten waited so many days or less, by nearest rank
-- column: mean | decimal | measure(n) | Mean of days
WITH
  -- a referral that nobody accepted is over where it was turned down or taken back
  step AS (
    SELECT referrals.*, CASE WHEN closed IS NOT NULL THEN 1 WHEN accepted IS NOT NULL THEN 0
      WHEN status IN ('completed', 'failed', 'rejected', 'cancelled', 'revoked') THEN 1 ELSE 0 END AS is_over
    FROM referrals
  ),
  journey AS (
    SELECT journey_key, min(patient_key) AS patient_key, min(referred) AS referred, min(accepted) AS accepted,
      min(first_contact) AS first_contact, CASE WHEN min(is_over) = 1 THEN max(closed) END AS closed
    FROM step WHERE NOT is_offer GROUP BY journey_key
  ),
  begun AS (
    SELECT r.journey_key, min(a.first_attended) AS first_attended
    FROM activities AS a JOIN referrals AS r ON r.referral_key = a.referral_key GROUP BY r.journey_key
  ),
  wait AS (
    SELECT 1 AS place, 'referral to acceptance' AS step, month_of(referred) AS month, days_between(referred, accepted) AS days FROM journey
    UNION ALL SELECT 2, 'referral to first contact', month_of(referred), days_between(referred, first_contact) FROM journey
    UNION ALL SELECT 3, 'acceptance to first contact', month_of(referred), days_between(accepted, first_contact) FROM journey
    UNION ALL SELECT 4, 'first contact to first activity', month_of(j.referred), days_between(j.first_contact, b.first_attended)
      FROM journey AS j JOIN begun AS b ON b.journey_key = j.journey_key
    UNION ALL SELECT 5, 'referral to closure', month_of(referred), days_between(referred, closed) FROM journey
  ),
  ranked AS (
    SELECT place, step, days, row_number() OVER (PARTITION BY step ORDER BY days) AS place_in,
      count(*) OVER (PARTITION BY step) AS n
    FROM wait WHERE days >= 0
  )
SELECT step, CAST(n AS INTEGER) AS n, CAST(min(CASE WHEN place_in * 100 >= 25 * n THEN days END) AS INTEGER) AS p25, CAST(min(CASE WHEN place_in * 100 >= 50 * n THEN days END) AS INTEGER) AS median, CAST(min(CASE WHEN place_in * 100 >= 75 * n THEN days END) AS INTEGER) AS p75, CAST(min(CASE WHEN place_in * 100 >= 90 * n THEN days END) AS INTEGER) AS p90,
  round(avg(days), 1) AS mean
FROM ranked
GROUP BY place, step, n
ORDER BY place, step
