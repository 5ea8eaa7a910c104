-- title: Change of scores
-- description: First and last scores of the same people. The confidence interval is mean ± t × sd / √n, with Student's t for n − 1 degrees of freedom: to four pairs from its table, then by its expansion in 1 / (n − 1), within 0.3% of it.
-- kind: aggregate
-- depends: paired_outcomes, threshold
-- column: instrument | text | dimension(overlap) | Instrument
-- column: score | text | dimension(overlap) | Which score
-- column: direction | text | dimension(overlap) | higher or lower: which is better
-- column: pairs | integer | count | People with a first and a last score
-- column: mean_change | decimal | measure(pairs) | Mean of last less first
-- column: sd | decimal | measure(pairs) | Standard deviation of the change
-- column: ci_low | decimal | measure(pairs) | Lower end of the 95% confidence interval
-- column: ci_high | decimal | measure(pairs) | Upper end of the 95% confidence interval
-- column: improved | integer | count(within pairs) | People better by the change that counts, or more; empty where no change is set
-- column: same | integer | count(within pairs) | People who changed less
-- column: worse | integer | count(within pairs) | People worse by the change that counts, or more
WITH
  centre AS (SELECT score, avg(change) AS mean FROM paired_outcomes GROUP BY score),
  spread AS (
    SELECT p.instrument, p.score, p.direction, count(*) AS n, c.mean,
      CASE WHEN count(*) > 1 THEN sqrt(sum((p.change - c.mean) * (p.change - c.mean)) / (count(*) - 1.0)) END AS sd,
      count(p.meaningful_change) AS judged,
      sum(CASE WHEN p.meaningful_change = 'better' THEN 1 ELSE 0 END) AS improved,
      sum(CASE WHEN p.meaningful_change = 'same' THEN 1 ELSE 0 END) AS same,
      sum(CASE WHEN p.meaningful_change = 'worse' THEN 1 ELSE 0 END) AS worse
    FROM paired_outcomes AS p JOIN centre AS c ON c.score = p.score
    GROUP BY p.instrument, p.score, p.direction, c.mean
  ),
  margin AS (
    SELECT spread.*, CASE WHEN n > 1 THEN (CASE n WHEN 2 THEN 12.706205 WHEN 3 THEN 4.302653 WHEN 4 THEN 3.182446 ELSE 1.959964 + 2.372283 / (n - 1) + 2.822527 / ((n - 1) * (n - 1)) + 2.555911 / ((n - 1) * (n - 1) * (n - 1)) END) * sd / sqrt(1.0 * n) END AS half
    FROM spread
  )
SELECT instrument, score, direction, CAST(n AS INTEGER) AS pairs, round(mean, 2) AS mean_change, round(sd, 2) AS sd,
  round(mean - half, 2) AS ci_low, round(mean + half, 2) AS ci_high,
  CAST(CASE WHEN judged > 0 THEN improved END AS INTEGER) AS improved,
  CAST(CASE WHEN judged > 0 THEN same END AS INTEGER) AS same, CAST(CASE WHEN judged > 0 THEN worse END AS INTEGER) AS worse
FROM margin
ORDER BY instrument, score
