/** Every transform, by what it makes of a value. @see FHIR mapping-language.html, transforms */
import { expect, test } from 'vitest';
import { findingsOf, run, runRules } from './one-hop.ts';

/** @returns the id that the transform writes, and the rules of the issues */
function idOf(
  transform: string,
  record: unknown,
  source = 'src.name as n',
): { id: unknown; rules: string[] } {
  const { out, issues } = runRules(`${source} -> tgt.id = ${transform} "t";`, record);
  return { id: (out as { id?: unknown }).id, rules: issues.map((issue) => issue.split(' ')[0]!) };
}

test('truncates by a literal and by a value of the record', () => {
  expect(idOf('truncate(n, 3)', { name: 'abcdef' }).id).toBe('abc');
  expect(idOf('truncate(n, 9)', { name: 'abc' }).id).toBe('abc');
  expect(idOf('truncate(n, z)', { name: 'abcdef', size: 2 }, 'src.name as n, src.size as z').id).toBe('ab');
});

test('escapes for a notation, and from one to another', () => {
  expect(idOf("escape(n, 'xml')", { name: 'a<b & "c"' }).id).toBe('a&lt;b &amp; &quot;c&quot;');
  expect(idOf("escape(n, 'json')", { name: 'a"b\n' }).id).toBe('a\\"b\\n');
  expect(idOf("escape(n, 'html', 'plain')", { name: '&lt;a&gt; &#233;&#xe9; &unknown;' }).id).toBe(
    '<a> éé &unknown;',
  );
  expect(idOf("escape(n, 'json', 'xml')", { name: 'a\\u0026b' }).id).toBe('a&amp;b');
  expect(idOf("escape(n, 'json', 'plain')", { name: 'a"b' })).toEqual({ id: '', rules: ['map-escape'] });
});

test('casts texts to each primitive, and reports what cannot be cast', () => {
  const extension = (type: string, value: string): unknown => {
    const body = `src.name as n -> tgt.extension as e, e.url = 'u', e.value = cast(n, '${type}') "c";`;
    const { out, issues } = runRules(body, { name: value });
    return issues.length > 0 ? 'refused' : (out as { extension: Record<string, unknown>[] }).extension[0];
  };
  expect(extension('decimal', '-1.50')).toEqual({ url: 'u', valueDecimal: -1.5 });
  expect(extension('integer', '042')).toBe('refused');
  expect(extension('boolean', 'true')).toEqual({ url: 'u', valueBoolean: true });
  expect(extension('boolean', 'yes')).toBe('refused');
  expect(extension('positiveInt', '0')).toBe('refused');
  expect(extension('unsignedInt', '0')).toEqual({ url: 'u', valueUnsignedInt: 0 });
  expect(extension('date', '2025-02-28T10:00:00Z')).toEqual({ url: 'u', valueDate: '2025-02-28' });
  expect(extension('date', '2025-02-30')).toBe('refused');
  expect(extension('dateTime', '2025-02')).toEqual({ url: 'u', valueDateTime: '2025-02' });
  expect(extension('dateTime', '2025-02-01T10:00')).toBe('refused');
  expect(extension('instant', '2025-02-01T10:00:00+01:00')).toEqual({
    url: 'u',
    valueInstant: '2025-02-01T10:00:00+01:00',
  });
  expect(extension('time', '2025-02-01T10:20:30Z')).toEqual({ url: 'u', valueTime: '10:20:30' });
  expect(extension('time', '25:00:00')).toBe('refused');
  expect(extension('code', 'x')).toEqual({ url: 'u', valueCode: 'x' });
});

test('casts to the one type of the element where no type is named', () => {
  expect(runRules('src.name as n -> tgt.active = cast(n) "c";', { name: 'true' })).toEqual({
    out: { resourceType: 'Patient', active: true },
    issues: [],
  });
  expect(runRules('src.name as n -> tgt.birthDate = cast(n) "c";', { name: '2025-01-01' }).out).toMatchObject(
    { birthDate: '2025-01-01' },
  );
});

test('moves and cuts dates at the precision that they have', () => {
  const date = (operation: string, born: string): unknown =>
    idOf(`dateOp(b, ${operation})`, { born }, 'src.born as b').id;
  expect(date("'add', 1, 'months'", '2025-01-31')).toBe('2025-02-28');
  expect(date("'subtract', 2, 'weeks'", '2025-01-10')).toBe('2024-12-27');
  expect(date("'add', 1, 'years'", '2024')).toBe('2025');
  expect(date("'add', 36, 'hours'", '2025-01-01T00:00:00+01:00')).toBe('2025-01-02T12:00:00+01:00');
  expect(date("'truncate', 'month'", '2025-01-31T10:00:00Z')).toBe('2025-01');
  expect(idOf("dateOp(b, 'truncate', 'day')", { born: '2025' }, 'src.born as b')).toEqual({
    id: undefined,
    rules: ['map-date'],
  });
  expect(findingsOf(`src.born as b -> tgt.id = dateOp(b, 'add', 1, 'moons') "d";`)).toEqual([
    'map-parameters t.map:5:47: dateOp has no unit moons; known are years, months, weeks, days, hours, minutes, seconds',
  ]);
});

test('makes UUIDs only where the caller gives them', () => {
  const text = `uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
group main(source src, target tgt : Patient) { src -> tgt.id = uuid() "u"; }`;
  expect(run(text, {}, undefined, { uuid: () => '00000000-0000-4000-8000-000000000000' })).toEqual({
    out: { resourceType: 'Patient', id: '00000000-0000-4000-8000-000000000000' },
    issues: [],
  });
  const { out, issues } = run(text, {});
  expect(out).toEqual({ resourceType: 'Patient' });
  expect(issues).toEqual([
    expect.stringContaining('map-uuid t.map:2:48 (rule "u"): uuid() would make another resource'),
  ]);
});

test('points to resources of the source and of the target', () => {
  const text = `uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target
group main(source src : Patient, target tgt : Bundle) {
  src -> tgt.entry as e, e.resource = create('Observation') as o, o.subject as s, s.reference = reference(src), o.id = 'o1',
    o.hasMember as h, h.reference = pointer(o) "p";
}`;
  expect(run(text, { resourceType: 'Patient', id: 'p1' })).toEqual({
    out: {
      resourceType: 'Bundle',
      entry: [
        {
          resource: {
            resourceType: 'Observation',
            id: 'o1',
            subject: { reference: 'Patient/p1' },
            hasMember: [{ reference: 'Observation/o1' }],
          },
        },
      ],
    },
    issues: [],
  });
});

test('evaluates FHIRPath on a variable, and an element of a variable', () => {
  expect(idOf('evaluate(n, $this.upper())', { name: 'a' }).id).toBe('A');
  expect(idOf("evaluate(p, town + '!')", { place: { town: 'T' } }, 'src.place as p').id).toBe('T!');
  expect(idOf('p.town', { place: { town: 'T' } }, 'src.place as p').id).toBe('T');
});

test('makes quantities of numbers and of texts', () => {
  const value = (transform: string, record: unknown): unknown =>
    (
      runRules(`src.weight as w, src.name as n -> tgt.value = ${transform} "q";`, record, 'Observation')
        .out as { valueQuantity?: unknown }
    ).valueQuantity;
  expect(value("qty(w, 'kg', 'http://unitsofmeasure.org', 'kg')", { weight: 70.5, name: 'x' })).toEqual({
    value: 70.5,
    unit: 'kg',
    system: 'http://unitsofmeasure.org',
    code: 'kg',
  });
  expect(value('qty(n)', { weight: 1, name: '>= 5.5 mg' })).toEqual({
    comparator: '>=',
    value: 5.5,
    unit: 'mg',
  });
  expect(value('qty(n)', { weight: 1, name: '12' })).toEqual({ value: 12 });
  expect(value('qty(n)', { weight: 1, name: 'much' })).toBeUndefined();
});

test('names what is near when a transform does not exist', () => {
  expect(findingsOf('src.name as n -> tgt.id = truncat(n, 3) "t";')).toEqual([
    'map-unknown-transform t.map:5:27: there is no transform truncat; write truncate',
  ]);
});

test('reads dates and times in other forms, by their pattern and zone', () => {
  const read = (transform: string, name: string) => idOf(transform, { name });
  expect(read("toDate(n, 'dd/MM/yyyy')", '01/02/2025').id).toBe('2025-02-01');
  expect(read("dateOp(n, 'toDate', 'd.M.yyyy')", '1.2.2025').id).toBe('2025-02-01');
  expect(read("toDate(n, 'dd/MM/yyyy')", '31/02/2025')).toEqual({ id: undefined, rules: ['map-date'] });
  expect(read("toDateTime(n, 'dd/MM/yyyy HH:mm')", '01/07/2025 09:30').id).toBe('2025-07-01T09:30:00+01:00');
  expect(read("toDateTime(n, 'dd/MM/yyyy HH:mm', 'Asia/Kolkata')", '01/07/2025 09:30').id).toBe(
    '2025-07-01T09:30:00+05:30',
  );
  expect(read("toDateTime(n, 'dd/MM/yyyy HH:mm')", '30/03/2025 01:30')).toEqual({
    id: undefined,
    rules: ['map-date'],
  });
  expect(read("toDateTime(n, 'dd/MM/yyyy')", '01/07/2025').id).toBe('2025-07-01');
  expect(read("toTime(n, 'H:mm')", '9:05').id).toBe('09:05:00');
  expect(read("toTime(n, 'HH:mm:ss')", '25:00:00')).toEqual({ id: undefined, rules: ['map-date'] });
  expect(findingsOf(`src.name as n -> tgt.id = toDate(n, 'day/month') "d";`)).toEqual([
    'map-parameters t.map:5:37: day/month is no pattern of dd, d, MM, M, yyyy, HH, H, mm and ss',
  ]);
  expect(findingsOf(`src.name as n -> tgt.id = toDateTime(n, 'dd/MM/yyyy', 'Europe/Londn') "d";`)).toEqual([
    'map-parameters t.map:5:55: Europe/Londn is no time zone',
  ]);
});

test('infers the system of a contact point from its value', () => {
  const system = (name: string): unknown =>
    (runRules('src.name as n -> tgt.telecom = cp(n) "c";', { name }).out as { telecom: { system: string }[] })
      .telecom[0]!.system;
  expect(['https://a.example', 'a@b.example', '07700 900001'].map(system)).toEqual(['url', 'email', 'phone']);
});
