/** Messages of GP Connect: STU3 and nothing else, an address that MESH can use, and answers that mean one thing. */
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { readAcknowledgement } from '../../../src/nhs/gp-connect/acknowledgement.ts';
import { practiceAddress, subjectOf } from '../../../src/nhs/gp-connect/routing.ts';
import { sendDocumentMessage } from '../../../src/nhs/gp-connect/send-document.ts';
import { stu3Json, stu3Xml } from '../../../src/nhs/gp-connect/stu3-shape.ts';
import { textAt, treeOf } from '../../../src/nhs/gp-connect/xml-tree.ts';
import { assembled, CLOSED, CLOSED_REQUEST, documentOf } from '../../target/document/samples.ts';
import { answerOf } from './answers.ts';
import { NAMES, SETTINGS } from './names.ts';

const REFERENCE = '5b0a3f0e-6c0e-5d6c-9d3f-0c6f7a0b1c2d';

async function message() {
  const { bundle } = await documentOf(assembled(...CLOSED), CLOSED_REQUEST, { replaces: 'former' });
  return sendDocumentMessage({
    document: bundle,
    senderReference: REFERENCE,
    sender: { odsCode: 'X26', name: 'Example Link Workers' },
    source: { name: 'Hedgerow', endpoint: 'urn:nhs-uk:addressing:ods' },
    names: NAMES,
    businessAcknowledgement: true,
  });
}

test('a message is the same in XML and in JSON, and holds what ITK3 asks for', async () => {
  const { message: made } = await message();
  const [xml, json] = [treeOf(stu3Xml(made)), treeOf(stu3Json(made))];
  expect(xml.ok && json.ok).toBe(true);
  for (const tree of [xml, json]) {
    const root = tree.ok ? tree.value : undefined;
    const header = ['Bundle', 'entry', 'resource', 'MessageHeader'];
    expect(textAt(root, ...header, 'event', 'code')).toBe('ITK007C');
    expect(textAt(root, ...header, 'timestamp')).toBe('2026-06-11T09:00:00.000Z');
    const inner = ['Bundle', 'entry', 'resource', 'Bundle', 'entry', 'resource'];
    expect(textAt(root, ...inner, 'Composition', 'attester', 'mode')).toBe('professional');
    expect(textAt(root, ...inner, 'Composition', 'relatesTo', 'targetIdentifier', 'value')).toBe('former');
    expect(textAt(root, ...inner, 'Patient', 'identifier', 'value')).toBe('9990000018');
    expect(textAt(root, ...inner, 'Binary', 'content')).toMatch(/^JVBERi/);
  }
});

test('an element that STU3 does not have is not written', () => {
  const r4 = { resourceType: 'MessageHeader', eventCoding: { code: 'ITK007C' } };
  for (const write of [stu3Json, stu3Xml])
    expect(() => write(r4)).toThrow('MessageHeader.eventCoding is not written in STU3');
  expect(() => stu3Json({ resourceType: 'ServiceRequest' })).toThrow('ServiceRequest is not written');
});

test('whatever stands in a text, the XML is well formed and says it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const xml = stu3Xml({ resourceType: 'Organization', id: 'a', name: `x${text}` });
      const parser = new SaxesParser();
      let found: string | undefined;
      parser.on('error', (error) => {
        throw error;
      });
      parser.on('opentag', ({ name, attributes }) => {
        if (name === 'name') found = String(attributes.value);
      });
      parser.write(xml).close();
      const writable = `x${text}`.replaceAll(/(?![\n\r\t])[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd');
      expect(found).toBe(writable);
    }),
  );
});

test('a practice is found by number, birth date and family name, and by nothing less', () => {
  const person = { nhsNumber: '9990000018', birthDate: '1948-05-17', familyName: "O'Testperson" };
  expect(practiceAddress(person)).toEqual({ ok: true, value: "GPPROVIDER_9990000018_17051948_O'Testperson" });
  for (const [less, why] of [
    [{ nhsNumber: undefined }, 'verified NHS number'],
    [{ birthDate: '1948-05' }, 'whole birth date'],
    [{ familyName: ' ' }, 'family name'],
    [{ familyName: 'x'.repeat(90) }, 'too long'],
  ] as const) {
    const address = practiceAddress({ ...person, ...less });
    expect(address.ok ? undefined : address.outcome.issue[0]!.diagnostics).toContain(why);
    expect(JSON.stringify(address)).not.toMatch(/9990000018|1948|Testperson/);
  }
});

test.each([
  ['Zoë-Núñez', 'Zoe-Nunez'],
  ['Wałęsa', 'Walesa'],
  ['O’Testperson', "O'Testperson"],
])('the family name %s goes into the address without its marks', (familyName, sent) => {
  const person = { nhsNumber: '9990000018', birthDate: '1948-05-17', familyName };
  expect(practiceAddress(person)).toEqual({ ok: true, value: `GPPROVIDER_9990000018_17051948_${sent}` });
});

test('a family name of another script is refused here, and not as a header by MESH', () => {
  const person = { nhsNumber: '9990000018', birthDate: '1948-05-17', familyName: 'Ольга' };
  const address = practiceAddress(person);
  expect(JSON.stringify(address)).toMatch(/letters that no header carries/);
  expect(JSON.stringify(address)).not.toMatch(/9990000018|Ольга/);
});

test('copies by two ways answer to ids of their own, under one reference', async () => {
  const { bundle } = await documentOf(assembled(...CLOSED), CLOSED_REQUEST);
  const input = {
    ...{ document: bundle, senderReference: REFERENCE, names: NAMES, businessAcknowledgement: true },
    sender: { odsCode: 'X26', name: 'Example Link Workers' },
    source: { name: 'Hedgerow', endpoint: 'urn:nhs-uk:addressing:ods' },
  };
  const [first, second] = [sendDocumentMessage(input), sendDocumentMessage({ ...input, way: 1 })];
  expect(first.headerId).not.toBe(second.headerId);
  expect(JSON.stringify(second.message)).toContain(REFERENCE);
});

test('a reference to what is not carried along names nothing that is not there', async () => {
  const { bundle } = await documentOf(assembled(...CLOSED), CLOSED_REQUEST);
  const [composition, ...others] = bundle.entry!;
  const custodian = { reference: 'urn:uuid:nowhere', type: 'Organization', display: 'Example' };
  const document = {
    ...bundle,
    entry: [{ ...composition, resource: { ...composition!.resource, custodian } }, ...others],
  } as typeof bundle;
  const { message: made } = sendDocumentMessage({
    ...{ document, senderReference: REFERENCE, names: NAMES, businessAcknowledgement: true },
    sender: { odsCode: 'X26', name: 'Example Link Workers' },
    source: { name: 'Hedgerow', endpoint: 'urn:nhs-uk:addressing:ods' },
  });
  const text = JSON.stringify(made);
  expect(text).toContain('"custodian":{"display":"Example"}');
  for (const [, id] of text.matchAll(/"reference":"urn:uuid:([^"]+)"/g))
    expect(text).toContain(`"id":"${id}"`);
});

test('a subject is one line of its template, whatever the names hold', () => {
  const parts = {
    title: 'Summary',
    person: 'A\r\nMex-To: B {odsCode}',
    nhsNumber: '1',
    location: 'L',
    odsCode: 'X26',
    version: '3',
  };
  expect(subjectOf(SETTINGS.subject, parts)).toBe(
    'Summary for A Mex-To: B {odsCode}, NHS Number: 1, seen at L, ODS code: X26, version 3',
  );
  expect(subjectOf('{title}'.repeat(100), parts)).toHaveLength(500);
});

const ACCEPTED = {
  senderReference: REFERENCE,
  headerId: 'h-1',
  stage: 'infrastructure',
  verdict: 'accepted',
  code: '20013',
};
test.each(['xml', 'json'] as const)('an answer is read in %s', (format) => {
  const read = readAcknowledgement(
    answerOf({ reference: REFERENCE, headerId: 'h-1', code: '20013', response: 'ok', format }),
  );
  expect(read).toMatchObject({ ok: true, value: ACCEPTED });
  const filed = readAcknowledgement(
    answerOf({ reference: REFERENCE, code: '30001', response: 'ok', format }),
  );
  expect(filed).toMatchObject({ ok: true, value: { stage: 'business', verdict: 'accepted' } });
  const no = readAcknowledgement(
    answerOf({ reference: REFERENCE, code: '10001', response: 'fatal-error', format }),
  );
  expect(no).toMatchObject({ ok: true, value: { stage: 'infrastructure', verdict: 'rejected' } });
});

test.each([
  ['contradicts itself', answerOf({ reference: REFERENCE, code: '10001', response: 'ok' })],
  ['asks for an answer', answerOf({ reference: REFERENCE, code: '20013', response: 'ok', asksBack: true })],
  ['answers nothing', '<Bundle xmlns="http://hl7.org/fhir"><type value="message"/></Bundle>'],
])('an answer that %s is refused, for somebody to look at', (_what, text) => {
  const read = readAcknowledgement(text);
  expect(read.ok ? 'ok' : ruleOf(read.outcome.issue[0]!)).toBe('gp-connect-answer');
});

test.each([
  '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
  '<Bundle>',
  '{"resourceType":',
  `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
])('what cannot be read, or is an attack, is refused', (text) => {
  const read = readAcknowledgement(text);
  expect(read.ok ? 'ok' : ruleOf(read.outcome.issue[0]!)).toBe('gp-connect-unreadable');
});

test('a code that nobody knows goes by the response beside it', () => {
  const read = readAcknowledgement(
    answerOf({ reference: REFERENCE, code: '90909', response: 'transient-error' }),
  );
  expect(read).toMatchObject({ ok: true, value: { verdict: 'rejected', stage: 'infrastructure' } });
  const strange = readAcknowledgement(answerOf({ reference: REFERENCE, code: '90909' }));
  expect(strange.ok ? undefined : ruleOf(strange.outcome.issue[0]!)).toBe('gp-connect-answer');
});
