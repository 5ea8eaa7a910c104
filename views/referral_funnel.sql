-- title: From referral to support
-- description: How many people and journeys came how far; who came further came to all stages before. An activity that the person declined, or that did not take them, connects nobody.
-- kind: aggregate
-- depends: referrals, activities
-- column: stage | text | dimension(nested) | How far they came
-- column: people | integer | count | People who came so far, or further
-- column: referrals | integer | count | Journeys that came so far, or further; hand-overs are counted once
WITH
  onward AS (
    SELECT r.journey_key, max(CASE WHEN a.attended > 0 THEN 1 ELSE 0 END) AS attended
    FROM activities AS a JOIN referrals AS r ON r.referral_key = a.referral_key
    WHERE a.attended > 0 OR (NOT a.is_declined AND a.status NOT IN ('draft', 'rejected', 'cancelled', 'revoked'))
    GROUP BY r.journey_key
  ),
  journey AS (
    SELECT r.journey_key, r.patient_key,
      max(CASE WHEN o.attended = 1 THEN 5 WHEN o.attended = 0 THEN 4 WHEN r.first_contact IS NOT NULL THEN 3
        WHEN r.accepted IS NOT NULL OR r.status IN ('accepted', 'in-progress', 'on-hold', 'completed', 'failed') THEN 2 ELSE 1 END) AS reached
    FROM referrals AS r LEFT JOIN onward AS o ON o.journey_key = r.journey_key
    WHERE NOT r.is_offer
    GROUP BY r.journey_key, r.patient_key
  ),
  stage AS (
    SELECT 1 AS place, 'referred' AS stage UNION ALL SELECT 2, 'accepted' UNION ALL SELECT 3, 'first contact'
    UNION ALL SELECT 4, 'connected to an activity' UNION ALL SELECT 5, 'took part'
  )
SELECT s.stage, CAST(count(DISTINCT j.patient_key) AS INTEGER) AS people, CAST(count(DISTINCT j.journey_key) AS INTEGER) AS referrals
FROM stage AS s LEFT JOIN journey AS j ON j.reached >= s.place
GROUP BY s.place, s.stage
ORDER BY s.place
