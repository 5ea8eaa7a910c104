-- The functions of the derived tables as SQL functions of Spark 4. Dates are texts as they are written; one without a day has
-- no days. Written by Spark's documentation, and not run by the tests.
CREATE OR REPLACE TEMPORARY FUNCTION written_day(a STRING) RETURNS DATE
RETURN CASE WHEN a RLIKE '^[0-9]{4}-[0-9]{2}-[0-9]{2}($|T)' THEN try_cast(substr(a, 1, 10) AS DATE) END;
CREATE OR REPLACE TEMPORARY FUNCTION days_between(a STRING, b STRING) RETURNS INT
RETURN datediff(written_day(b), written_day(a));
CREATE OR REPLACE TEMPORARY FUNCTION whole_months(a DATE, b DATE) RETURNS INT
RETURN (year(b) - year(a)) * 12 + month(b) - month(a) - CASE WHEN day(b) < day(a) THEN 1 ELSE 0 END;
CREATE OR REPLACE TEMPORARY FUNCTION whole_months_between(a STRING, b STRING) RETURNS INT
RETURN CASE WHEN written_day(b) < written_day(a) THEN -whole_months(written_day(b), written_day(a)) ELSE whole_months(written_day(a), written_day(b)) END;
CREATE OR REPLACE TEMPORARY FUNCTION month_of(a STRING) RETURNS STRING
RETURN CASE WHEN a RLIKE '^[0-9]{4}-[0-9]{2}(-[0-9]{2})?($|T)' THEN substr(a, 1, 7) END;
CREATE OR REPLACE TEMPORARY FUNCTION year_of(a STRING) RETURNS INT
RETURN CASE WHEN a RLIKE '^[0-9]{4}(-[0-9]{2}){0,2}($|T)' THEN CAST(substr(a, 1, 4) AS INT) END;
