-- title: Needs
-- description: How many people have which need.
-- kind: aggregate
-- depends: needs
-- column: determinant_code | text | dimension(overlap) | Determinant of health
-- column: need_code | text | dimension(overlap) | Need, code of the list need
-- column: people | integer | count | People who have it
SELECT coalesce(determinant_code, 'not known') AS determinant_code, coalesce(need_code, 'not coded') AS need_code, CAST(count(DISTINCT patient_key) AS INTEGER) AS people
FROM needs
GROUP BY coalesce(determinant_code, 'not known'), coalesce(need_code, 'not coded')
ORDER BY 1, 2
