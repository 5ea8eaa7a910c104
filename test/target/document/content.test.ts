/** What a summary says: to whom, in which order, how much where a person agreed to codes only, and nothing that breaks out of it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ROOT } from '../../../src/cli/load.ts';
import { sendDocumentMessage } from '../../../src/nhs/gp-connect/send-document.ts';
import { stu3Xml } from '../../../src/nhs/gp-connect/stu3-shape.ts';
import type { Identified } from '../../../src/store/store.ts';
import { checkWhole } from '../../../src/validation/check-whole.ts';
import { NAMES } from '../../nhs/gp-connect/names.ts';
import { knownValidator } from '../../validation/known.ts';
import { pagesOf } from './pdf-text.ts';
import {
  AT_RISK,
  AT_RISK_REQUEST,
  assembled,
  CLOSED,
  CLOSED_REQUEST,
  documentOf,
  summed,
} from './samples.ts';

const GOLDEN = `${ROOT}/test/target/document/expected`;

function golden(name: string, text: string): void {
  const path = `${GOLDEN}/${name}`;
  if (process.env.UPDATE_GOLDEN) {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(path, text);
  }
  expect(text).toBe(readFileSync(path, 'utf8'));
}

const CASES = [
  ['closed', CLOSED, CLOSED_REQUEST, { trigger: 'closed' }],
  ['closed-in-codes', CLOSED, CLOSED_REQUEST, { trigger: 'closed', isCodedOnly: true }],
  ['at-risk', AT_RISK, AT_RISK_REQUEST, { trigger: 'action' }],
  [
    'correction',
    AT_RISK,
    AT_RISK_REQUEST,
    { trigger: 'action', replaces: 'c0ffee00-0000-5000-8000-000000000001' },
  ],
] as const;

test.each(CASES)(
  '%s is written as recorded, is valid, and is the same when it is made again',
  async (name, folders, key, options) => {
    const resources = assembled(...folders);
    const made = await documentOf(resources, key, options);
    const again = await documentOf(resources.toReversed(), key, options);
    expect(again.pdf.equals(made.pdf)).toBe(true);
    expect(again.bundle).toEqual(made.bundle);
    const { issues } = checkWhole(knownValidator(), made.bundle);
    expect(issues.filter(({ severity }) => severity !== 'information')).toEqual([]);
    golden(`${name}.html`, made.html);
    // the readable forms are beside it, or are bytes
    const short = {
      ...made.bundle,
      entry: made.bundle.entry!.filter(({ resource }) => resource!.resourceType !== 'Binary'),
    };
    golden(`${name}.bundle.txt`, `${JSON.stringify(short, undefined, 2)}\n`);
    const { message } = sendDocumentMessage({
      document: made.bundle,
      senderReference: made.bundle.id!,
      sender: { odsCode: 'X26', name: 'Example Link Workers' },
      source: { name: 'Hedgerow', endpoint: 'urn:nhs-uk:addressing:ods' },
      names: NAMES,
      businessAcknowledgement: true,
    });
    golden(
      `${name}.stu3.xml`,
      stu3Xml(message)
        .replaceAll(/(<content value=")[^"]+/g, '$1…')
        .replaceAll('><', '>\n<'),
    );
  },
);

test('what the practice is asked to do stands first, and a concern for safety before all else', () => {
  const flagged = [...assembled(...CLOSED), SAFEGUARDING];
  const { actions, headline } = summed(flagged, CLOSED_REQUEST);
  expect(actions.map(({ isSafety }) => isSafety)).toEqual([true, false]);
  expect(actions[1]!.text).toBe('Please review hearing: she misses words on the phone.');
  expect(headline).toBe(
    'Referred 27 February 2026 for loneliness, money problem and bereavement. Completed 10 June 2026: needs met. 9 contacts, 1 missed. 1 of 3 offers taken up. SWEMWBS metric score 16.88 to 22.35, better: a reliable change.',
  );
});

const SAFEGUARDING: Identified = {
  resourceType: 'Flag',
  id: '11111111-1111-5111-8111-111111111111',
  status: 'active',
  code: {
    coding: [{ system: 'https://hedgerow.example/fhir/CodeSystem/alert-kind', code: 'safeguarding' }],
    text: 'Money taken by a visitor',
  },
  subject: { reference: 'Patient/51687be8-f7e8-5c85-a1ec-faa96caeb7f1' },
};

test('a change is called meaningful only where a threshold is published', () => {
  const { scores } = summed(assembled(...CLOSED), CLOSED_REQUEST);
  const said = scores.map(({ code, change, meaning }) => [code, change, meaning]);
  expect(said[0]).toEqual(['swemwbs-metric', 5.47, 'better: a reliable change (3 or more)']);
  expect(said.slice(1).every(([, change, meaning]) => change === undefined && meaning === undefined)).toBe(
    true,
  );
});

/** Every text that somebody wrote in the examples, other than names and identifiers. */
function narrativeIn(resources: readonly Identified[]): string[] {
  const found: string[] = [];
  const walk = (value: unknown, key: string): void => {
    if (Array.isArray(value)) for (const item of value) walk(item, key);
    else if (typeof value === 'object' && value !== null)
      for (const [name, member] of Object.entries(value)) walk(member, name);
    else if (key === 'text' && typeof value === 'string' && value.includes(' ')) found.push(value);
  };
  for (const one of resources.filter(
    ({ resourceType }) => !/^(?:Practitioner|Organization|HealthcareService)/.test(resourceType),
  ))
    walk(one, '');
  return found;
}

test('whoever agreed to codes only has nothing written about them in any form of the document', async () => {
  const resources = assembled(...CLOSED);
  const written = narrativeIn(resources).filter((text) => !KNOWN_WORDS.has(text));
  expect(written.length).toBeGreaterThan(10);
  const { html } = await documentOf(resources, CLOSED_REQUEST, { isCodedOnly: true });
  const whole = await documentOf(resources, CLOSED_REQUEST);
  expect(written.filter((text) => html.includes(text))).toEqual([]);
  expect(written.some((text) => whole.html.includes(text))).toBe(true);
});

/** Words that are those of a code here, whoever wrote them. */
const KNOWN_WORDS = new Set([
  'Social prescribing',
  'SWEMWBS metric score',
  'ONS4 life satisfaction',
  'ONS4 worthwhile',
  'ONS4 anxiety',
  'ONS4 happiness yesterday',
  'Telephone friends',
  'Exampleton Choir',
]);

test('a restricted person is written about without address, telephone or practice', async () => {
  const resources = assembled(...CLOSED).map((one) =>
    one.resourceType === 'Patient' ? ({ ...one, meta: LABEL } as Patient & Identified) : one,
  );
  const { bundle, html } = await documentOf(resources, CLOSED_REQUEST);
  const composition = bundle.entry![0]!.resource as { confidentiality?: string };
  const patient = bundle.entry!.find(({ resource }) => resource!.resourceType === 'Patient')!
    .resource as Patient;
  expect(composition.confidentiality).toBe('R');
  expect([patient.address, patient.telecom, patient.generalPractitioner, patient.contact]).toEqual([
    ...[undefined, undefined, undefined, undefined],
  ]);
  expect(html).not.toContain('GP practice');
});
const LABEL = {
  security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
};

const HOSTILE = `</title><script>alert(1)</script><img src=x onerror=alert(2)>"'&\u202e\u0007 ]]> <!--`;

test('text that is meant to break out of a page stays text', async () => {
  const resources = assembled(...CLOSED).map((one) => hostileOf(one) as Identified);
  const { html, bundle, pdf } = await documentOf(resources, CLOSED_REQUEST);
  expect(html).not.toMatch(/<script|<img|onerror=alert\(2\)>/i);
  expect(html).toContain('&lt;script&gt;');
  expect(html).not.toContain('\u202e');
  expect(pagesOf(pdf).join('\n')).toContain('<script>alert(1)</script>');
  expect(pdf.toString('latin1')).not.toMatch(/\/(JavaScript|JS|OpenAction|AA|URI)\b/);
  for (const { text } of (bundle.entry![0]!.resource as { section: { text?: { div: string } }[] }).section)
    if (text)
      expect(text.div).not.toMatch(/<(?!\/?(?:div|p|ul|li|dl|dt|dd|table|caption|thead|tbody|tr|th|td)[ >])/);
});

function hostileOf(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => hostileOf(item, key));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, hostileOf(member, name)]));
  return ['text', 'family', 'name', 'title'].includes(key) && typeof value === 'string' ? HOSTILE : value;
}

test('a PDF writes letters that its fonts lack without their marks, and says so', async () => {
  const resources = assembled(...CLOSED).map((one) =>
    one.resourceType === 'Patient' ? ({ ...one, name: [{ family: 'Łąkowy ŵ 王' }] } as Identified) : one,
  );
  const { html, pdf } = await documentOf(resources, CLOSED_REQUEST);
  expect(html).toContain('Łąkowy ŵ 王');
  const printed = pagesOf(pdf).join('\n');
  expect(printed).toContain('Lakowy w ?');
  expect(printed).toContain('Some letters cannot be shown in this file');
  const plain = await documentOf(assembled(...CLOSED), CLOSED_REQUEST);
  expect(pagesOf(plain.pdf).join('\n')).not.toContain('cannot be shown');
});

test('the first page has what is asked, what was offered, and the chart; each page says whose it is', async () => {
  const { pdf } = await documentOf(assembled(...CLOSED), CLOSED_REQUEST);
  const pages = pagesOf(pdf);
  expect(pages).toHaveLength(2);
  const wanted = ['asked to do', 'review hearing', 'In short', 'Declined', '(figure)', 'Scores, first'];
  const at = wanted.map((one) => pages[0]!.indexOf(one));
  expect(at.filter((place) => place < 0)).toEqual([]);
  expect(at).toEqual(at.toSorted((a, b) => a - b));
  const who = 'Mrs Example Ada Testperson, NHS number 999 000 0018, born 17 May 1948';
  expect(pages.map((page) => page.split('\n').at(-1))).toEqual([
    `${who}. Page 1 of 2`,
    `${who}. Page 2 of 2`,
  ]);
});
