-- title: Goals by how far they are reached
-- description: Goals that people set themselves.
-- kind: aggregate
-- depends: goals
-- column: status | text | dimension | How far the goal is reached
-- column: goals | integer | count | Goals
-- column: people | integer | count(within goals) | People who set them
SELECT coalesce(achievement, 'not known') AS status, CAST(count(*) AS INTEGER) AS goals, CAST(count(DISTINCT patient_key) AS INTEGER) AS people
FROM goals
GROUP BY coalesce(achievement, 'not known')
ORDER BY 1
