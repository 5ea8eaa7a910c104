/** The demo's bad rows: what really goes wrong in workbooks and webhooks, so that a first run shows refusals with reasons. */
import type { Records } from './platform.ts';
import type { Row, Sheets } from './spreadsheet.ts';

/** Adds faulty rows in the midst of the good ones. Nothing else in the set refers to them. */
export function addFaultyRows(sheets: Sheets): void {
  const person: Row = {
    'Person ID': 'P901',
    'First name': 'Nora',
    Surname: 'Sloe',
    'Date of Birth': '12/05/1950',
    Gender: 'F',
    'Referral date': '02/03/2026',
    'Referred by': 'GP',
    'Referrer name': 'Dr Helen Larkspur',
    'Referrer organisation': 'Bramble Lane Surgery',
    Reasons: 'Lonely',
    Service: 'Hedgeways Community Link Workers',
    'Service code': 'Z9992',
    Status: 'New',
    'Status date': '02/03/2026',
    'OK to refer': 'Yes',
    'Last updated': '02/03/2026 17:05',
  };
  sheets.referral.splice(14, 0, { ...person, 'Referral ID': 'R9001', 'Date of Birth': '31/02/1950' });
  sheets.referral.splice(53, 0, {
    ...person,
    'Referral ID': 'R9002',
    'Person ID': 'P902',
    'NHS No': '999 000 0019',
    'NHS No checked': 'No',
  });
  const contact = sheets.contact[100]!;
  sheets.contact.splice(41, 0, { ...contact, 'Contact ID': undefined });
  sheets.contact.splice(203, 0, { ...contact, 'Contact ID': 'C90001', Start: '29/03/2026 01:30' });
  sheets.contact.splice(320, 0, { ...contact, 'Contact ID': 'C90002', How: 'Carrier pigeon' });
  const form = sheets.questionnaire.find((row) => String(row.Questionnaire).startsWith('PHQ'))!;
  sheets.questionnaire.splice(60, 0, { ...form, 'Questionnaire ID': 'Q9001', Q3: 7 });
  sheets.outcome.splice(9, 0, { ...sheets.outcome[8], 'Referral ID': 'R9003', 'Closed on': 'June 2026' });
}

/** Adds faulty records in the midst of the good ones. */
export function addFaultyRecords(records: Records): void {
  const referral = records.referral[5] as { referral: object; client: object };
  records.referral.splice(20, 0, {
    ...referral,
    referral: { ...referral.referral, id: 'ref-90001' },
    client: { ...referral.client, id: 'cli-90001', nhsNumber: '9990000019', nhsNumberTrace: 'UNTRACED' },
  });
  const contact = records.contact[30] as { contact: object };
  records.contact.splice(77, 0, {
    ...contact,
    contact: { ...contact.contact, id: 'con-90001', start: '2026-02-30T10:00:00Z' },
  });
  const form = records.questionnaire.find((record) => (record.form as { tool: string }).tool === 'GAD7') as {
    form: { answers: readonly object[] };
  };
  records.questionnaire.splice(12, 0, {
    ...form,
    form: {
      ...form.form,
      id: 'frm-90001',
      answers: [{ item: '1', value: 9 }, ...form.form.answers.slice(1)],
    },
  });
}
