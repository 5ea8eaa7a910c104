-- title: Goals
-- description: One row for each goal that a person set.
-- kind: row
-- depends: goal
-- column: goal_key | text | key | Key of the Goal
-- column: patient_key | text | key | Key of the person
-- column: determinant_code | text | dimension | Determinant of health that it belongs to
-- column: lifecycle_status | text | dimension | Status of the goal
-- column: achievement | text | dimension | How far it is reached
-- column: started | date | dimension | When it was set
-- column: due | date | dimension | By when it is to be reached
-- column: status_date | date | dimension | Since when it has this status
SELECT goal_key, patient_key, determinant_code, lifecycle_status, achievement, started, due, status_date
FROM goal
WHERE patient_key IS NOT NULL
  AND coalesce(lifecycle_status, '') <> 'entered-in-error'
