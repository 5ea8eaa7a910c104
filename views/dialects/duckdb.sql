-- The functions of the derived tables, as macros of DuckDB. Dates are texts as they are written; one without a day has no days.
CREATE OR REPLACE MACRO written_day(a) AS CASE WHEN regexp_matches(CAST(a AS VARCHAR), '^\d{4}-\d{2}-\d{2}($|T)') THEN TRY_CAST(substr(CAST(a AS VARCHAR), 1, 10) AS DATE) END;
CREATE OR REPLACE MACRO days_between(a, b) AS CAST(date_diff('day', written_day(a), written_day(b)) AS INTEGER);
CREATE OR REPLACE MACRO whole_months(a, b) AS date_diff('month', a, b) - CASE WHEN day(b) < day(a) THEN 1 ELSE 0 END;
CREATE OR REPLACE MACRO whole_months_between(a, b) AS CAST(CASE WHEN written_day(b) < written_day(a) THEN -whole_months(written_day(b), written_day(a)) ELSE whole_months(written_day(a), written_day(b)) END AS INTEGER);
CREATE OR REPLACE MACRO month_of(a) AS CASE WHEN regexp_matches(CAST(a AS VARCHAR), '^\d{4}-\d{2}(-\d{2})?($|T)') THEN substr(CAST(a AS VARCHAR), 1, 7) END;
CREATE OR REPLACE MACRO year_of(a) AS CASE WHEN regexp_matches(CAST(a AS VARCHAR), '^\d{4}(-\d{2}){0,2}($|T)') THEN CAST(substr(CAST(a AS VARCHAR), 1, 4) AS INTEGER) END;
