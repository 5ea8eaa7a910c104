-- The functions of the derived tables for PostgreSQL. Dates are texts as they are written; one without a day has no days.
CREATE OR REPLACE FUNCTION written_day(a text) RETURNS date LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN a ~ '^\d{4}-\d{2}-\d{2}($|T)' THEN CAST(substr(a, 1, 10) AS date) END $$;
CREATE OR REPLACE FUNCTION days_between(a text, b text) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT written_day(b) - written_day(a) $$;
CREATE OR REPLACE FUNCTION whole_months(a date, b date) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT CAST((extract(year FROM b) - extract(year FROM a)) * 12 + extract(month FROM b) - extract(month FROM a)
     - CASE WHEN extract(day FROM b) < extract(day FROM a) THEN 1 ELSE 0 END AS integer) $$;
CREATE OR REPLACE FUNCTION whole_months_between(a text, b text) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN written_day(b) < written_day(a) THEN -whole_months(written_day(b), written_day(a))
     ELSE whole_months(written_day(a), written_day(b)) END $$;
CREATE OR REPLACE FUNCTION month_of(a text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN a ~ '^\d{4}-\d{2}(-\d{2})?($|T)' THEN substr(a, 1, 7) END $$;
CREATE OR REPLACE FUNCTION year_of(a text) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN a ~ '^\d{4}(-\d{2}){0,2}($|T)' THEN CAST(substr(a, 1, 4) AS integer) END $$;
