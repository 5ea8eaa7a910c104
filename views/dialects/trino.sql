-- The functions of the derived tables as SQL routines of Trino, in the catalog and schema of sql.default-function-catalog and
-- sql.default-function-schema. Dates are texts as they are written; one without a day has no days. Written by Trino's
-- documentation, and not run by the tests. Months are not reckoned by date_diff, which has another rule for the ends of months.
CREATE OR REPLACE FUNCTION written_day(a varchar) RETURNS date
RETURN CASE WHEN regexp_like(a, '^\d{4}-\d{2}-\d{2}($|T)') THEN TRY_CAST(substr(a, 1, 10) AS date) END;
CREATE OR REPLACE FUNCTION days_between(a varchar, b varchar) RETURNS bigint
RETURN date_diff('day', written_day(a), written_day(b));
CREATE OR REPLACE FUNCTION whole_months(a date, b date) RETURNS bigint
RETURN (year(b) - year(a)) * 12 + month(b) - month(a) - CASE WHEN day(b) < day(a) THEN 1 ELSE 0 END;
CREATE OR REPLACE FUNCTION whole_months_between(a varchar, b varchar) RETURNS bigint
RETURN CASE WHEN written_day(b) < written_day(a) THEN -whole_months(written_day(b), written_day(a)) ELSE whole_months(written_day(a), written_day(b)) END;
CREATE OR REPLACE FUNCTION month_of(a varchar) RETURNS varchar
RETURN CASE WHEN regexp_like(a, '^\d{4}-\d{2}(-\d{2})?($|T)') THEN substr(a, 1, 7) END;
CREATE OR REPLACE FUNCTION year_of(a varchar) RETURNS integer
RETURN CASE WHEN regexp_like(a, '^\d{4}(-\d{2}){0,2}($|T)') THEN CAST(substr(a, 1, 4) AS integer) END;
