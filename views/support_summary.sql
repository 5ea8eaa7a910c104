-- title: Support
-- description: How many people were given which support.
-- kind: aggregate
-- depends: support
-- column: kind_code | text | dimension(overlap) | Kind of support, code of the list support-kind
-- column: people | integer | count | People to whom it was given
-- column: not_done | integer | count | People who declined it, or to whom it was not given
SELECT coalesce(kind_code, 'not coded') AS kind_code, CAST(count(DISTINCT CASE WHEN status = 'completed' THEN patient_key END) AS INTEGER) AS people,
  CAST(count(DISTINCT CASE WHEN status = 'not-done' THEN patient_key END) AS INTEGER) AS not_done
FROM support GROUP BY coalesce(kind_code, 'not coded') ORDER BY 1
