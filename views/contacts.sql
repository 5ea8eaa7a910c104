-- title: Contacts
-- description: One row for each contact or appointment with a service or at an activity.
-- kind: row
-- depends: encounter, appointment, episode, service_request
-- column: contact_key | text | key | Key of the Encounter, or of the Appointment where there is no Encounter
-- column: patient_key | text | key | Key of the person
-- column: request_key | text | key | Key of the referral or onward referral; that of the episode where the contact names none
-- column: held | dateTime | dimension | When it was
-- column: attendance | text | dimension | attended, missed, cancelled or planned
-- column: mode_code | text | dimension | How it took place, code of the list contact-mode
-- column: class_code | text | dimension | AMB, VR or HH
-- column: group_session | text | key | Group session; everybody in it has the same
-- column: reason_code | text | dimension | Why it did not take place
-- column: is_activity | boolean | dimension | At an activity, by an onward referral
WITH
  met AS (
    SELECT e.encounter_key AS contact_key, e.patient_key, coalesce(e.request_key, p.request_key) AS request_key, coalesce(e.started, a.started) AS held,
      CASE WHEN e.status IN ('finished', 'in-progress', 'arrived') THEN 'attended' WHEN a.status = 'noshow' THEN 'missed'
        WHEN e.status = 'cancelled' THEN 'cancelled' ELSE 'planned' END AS attendance,
      e.mode_code, e.class_code, e.group_session, coalesce(e.cancelled_reason, a.reason_code) AS reason_code
    FROM encounter AS e LEFT JOIN appointment AS a ON a.appointment_key = e.appointment_key
    LEFT JOIN episode AS p ON p.episode_key = e.episode_key
    WHERE coalesce(e.request_key, p.request_key) IS NOT NULL AND e.status <> 'entered-in-error'
    UNION ALL
    SELECT a.appointment_key, a.patient_key, a.request_key, a.started,
      CASE WHEN a.status IN ('fulfilled', 'arrived', 'checked-in') THEN 'attended' WHEN a.status = 'noshow' THEN 'missed'
        WHEN a.status = 'cancelled' THEN 'cancelled' ELSE 'planned' END,
      NULL, NULL, a.group_session, a.reason_code
    FROM appointment AS a
    LEFT JOIN encounter AS e ON e.appointment_key = a.appointment_key AND e.status <> 'entered-in-error'
    WHERE a.request_key IS NOT NULL AND a.status <> 'entered-in-error' AND e.encounter_key IS NULL
  )
SELECT m.contact_key, m.patient_key, m.request_key, m.held, m.attendance, m.mode_code, m.class_code, m.group_session,
  m.reason_code, CASE WHEN s.is_referral THEN 0 WHEN s.based_on_key IS NULL THEN 0 ELSE 1 END = 1 AS is_activity
FROM met AS m LEFT JOIN service_request AS s ON s.request_key = m.request_key
