-- title: People who come to the practice often
-- description: How many of them are not referred yet; who has died is left out.
-- kind: aggregate
-- depends: patients, encounter, setting
-- column: band | text | dimension | Contacts within the months that the settings say
-- column: people | integer | count | People with so many
-- column: not_referred | integer | count(within people) | Of them, people who are not referred
WITH
  bounds AS (SELECT (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'frequent_contacts') AS low, CAST(floor((SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'frequent_contacts') * 1.5) AS INTEGER) AS middle, 2 * (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'frequent_contacts') AS high,
    (SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'frequent_months') AS months, (SELECT value FROM setting WHERE name = 'today') AS today),
  visitor AS (
    SELECT e.patient_key, count(*) AS contacts
    FROM encounter AS e CROSS JOIN bounds AS b
    WHERE e.status = 'finished' AND e.request_key IS NULL AND e.episode_key IS NULL
      AND days_between(e.started, b.today) >= 0 AND whole_months_between(e.started, b.today) < b.months
    GROUP BY e.patient_key
  ),
  placed AS (
    SELECT p.patient_key, p.referrals,
      CASE WHEN v.contacts >= b.high THEN 3 WHEN v.contacts >= b.middle THEN 2 ELSE 1 END AS place,
      CASE WHEN v.contacts >= b.high THEN CAST(b.high AS VARCHAR(8)) || ' or more'
        WHEN v.contacts >= b.middle THEN CAST(b.middle AS VARCHAR(8)) || ' to ' || CAST(b.high - 1 AS VARCHAR(8))
        ELSE CAST(b.low AS VARCHAR(8)) || ' to ' || CAST(b.middle - 1 AS VARCHAR(8)) END AS band
    FROM visitor AS v CROSS JOIN bounds AS b JOIN patients AS p ON p.patient_key = v.patient_key
    WHERE v.contacts >= b.low AND NOT p.is_deceased
  )
SELECT band, CAST(count(*) AS INTEGER) AS people, CAST(sum(CASE WHEN referrals > 0 THEN 0 ELSE 1 END) AS INTEGER) AS not_referred
FROM placed GROUP BY place, band ORDER BY place
