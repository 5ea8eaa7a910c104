-- title: Patients
-- description: One row for each person, in bands that many share.
-- kind: row
-- depends: patient, referrals
-- column: patient_key | text | key | Key of the person
-- column: gender | text | dimension | Administrative gender
-- column: age_band | text | dimension | Age at the first referral, or today where there is none; reckoned by years alone where only the year of birth is known
-- column: ethnic_category | text | dimension | Ethnic category, code of the NHS Data Dictionary
-- column: imd_decile | integer | dimension | Decile of deprivation of the neighbourhood: 1 is the most deprived
-- column: neighbourhood | text | dimension | Neighbourhood where the person lives
-- column: practice_key | text | key | Key of the practice
-- column: is_deceased | boolean | dimension | The person has died
-- column: first_referred | dateTime | dimension | First referral that was more than an offer
-- column: referrals | integer | measure | Journeys, hand-overs counted once
WITH
  referred AS (
    SELECT patient_key, min(CASE WHEN NOT is_offer THEN referred END) AS first_referred,
      count(DISTINCT CASE WHEN NOT is_offer THEN journey_key END) AS referrals
    FROM referrals GROUP BY patient_key
  ),
  aged AS (
    SELECT p.patient_key, p.gender, p.ethnic_category, p.imd_decile, p.neighbourhood, p.practice_key, p.deceased,
      r.first_referred, coalesce(r.referrals, 0) AS referrals,
      coalesce(
        CAST(floor(whole_months_between(p.birth_date, coalesce(r.first_referred, (SELECT value FROM setting WHERE name = 'today'))) / 12.0) AS INTEGER),
        year_of(coalesce(r.first_referred, (SELECT value FROM setting WHERE name = 'today'))) - year_of(p.birth_date)
      ) AS age
    FROM patient AS p LEFT JOIN referred AS r ON r.patient_key = p.patient_key
  )
SELECT patient_key, gender, CASE WHEN age IS NULL OR age < 0 THEN NULL WHEN age < 18 THEN '0-17' WHEN age < 25 THEN '18-24' WHEN age < 35 THEN '25-34' WHEN age < 45 THEN '35-44' WHEN age < 55 THEN '45-54' WHEN age < 65 THEN '55-64' WHEN age < 75 THEN '65-74' WHEN age < 85 THEN '75-84' ELSE '85+' END AS age_band, ethnic_category, imd_decile, neighbourhood, practice_key,
  CASE WHEN deceased THEN 1 ELSE 0 END = 1 AS is_deceased, first_referred, CAST(referrals AS INTEGER) AS referrals
FROM aged
