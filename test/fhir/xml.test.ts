/** XML of FHIR in both directions: what stands where, what is kept digit by digit, and what is refused at which place. */
import type { Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { jsonOfLongXml, jsonOfXml, resourceFromXml } from '../../src/fhir/xml/read.ts';
import { resourceToXml, xmlOfJson } from '../../src/fhir/xml/write.ts';

const definitions = loadBaseDefinitions();
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';
const NS = 'xmlns="http://hl7.org/fhir"';
const XHTML = 'xmlns="http://www.w3.org/1999/xhtml"';

function read(xml: string): unknown {
  const found = resourceFromXml(xml, definitions);
  if (!found.ok) expect.fail(found.outcome.issue[0]!.diagnostics);
  return found.value;
}

const write = (resource: object): string =>
  resourceToXml(resource as Resource, definitions).replace(DECLARATION, '');

/** As the specification shows each of them. @source hl7.org/fhir/R4/xml.html, json.html */
const PAIRS: Readonly<Record<string, readonly [xml: string, json: object]>> = {
  'elements in the order of the definitions': [
    `<Patient ${NS}><id value="x"/><active value="true"/><name><use value="official"/><family value="Example"/></name><birthDate value="1970-03-30"/></Patient>`,
    {
      birthDate: '1970-03-30',
      name: [{ family: 'Example', use: 'official' }],
      active: true,
      resourceType: 'Patient',
      id: 'x',
    },
  ],
  'id and extensions of a primitive': [
    `<Patient ${NS}><birthDate value="1970-03-30" id="314159"><extension url="http://example.org/x"><valueString value="Easter 1970"/></extension></birthDate></Patient>`,
    {
      resourceType: 'Patient',
      birthDate: '1970-03-30',
      _birthDate: { id: '314159', extension: [{ url: 'http://example.org/x', valueString: 'Easter 1970' }] },
    },
  ],
  'null where an item of an array has none': [
    `<Patient ${NS}><name><given value="A"/><given value="B" id="b"/><given><extension url="urn:x"><valueCode value="masked"/></extension></given></name></Patient>`,
    {
      resourceType: 'Patient',
      name: [
        {
          given: ['A', 'B', null],
          _given: [null, { id: 'b' }, { extension: [{ url: 'urn:x', valueCode: 'masked' }] }],
        },
      ],
    },
  ],
  'ids and urls as attributes': [
    `<Patient ${NS}><extension id="e" url="urn:a"><valueQuantity id="q"><value value="1.5"/></valueQuantity></extension><name id="n"><family value="X"/></name></Patient>`,
    {
      resourceType: 'Patient',
      extension: [{ id: 'e', url: 'urn:a', valueQuantity: { id: 'q', value: 1.5 } }],
      name: [{ id: 'n', family: 'X' }],
    },
  ],
  'contained resources and narratives': [
    `<Patient ${NS}><text><status value="generated"/><div ${XHTML}><p class="a">A &amp; B<br/></p></div></text><contained><Organization><id value="o"/></Organization></contained><contained><Practitioner><id value="p"/></Practitioner></contained><managingOrganization><reference value="#o"/></managingOrganization></Patient>`,
    {
      resourceType: 'Patient',
      text: { status: 'generated', div: `<div ${XHTML}><p class="a">A &amp; B<br/></p></div>` },
      contained: [
        { resourceType: 'Organization', id: 'o' },
        { resourceType: 'Practitioner', id: 'p' },
      ],
      managingOrganization: { reference: '#o' },
    },
  ],
  'resources in a Bundle': [
    `<Bundle ${NS}><type value="collection"/><entry><fullUrl value="urn:x"/><resource><Basic><id value="b"/></Basic></resource></entry></Bundle>`,
    {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ fullUrl: 'urn:x', resource: { resourceType: 'Basic', id: 'b' } }],
    },
  ],
  'an element that is called resourceType': [
    `<ExampleScenario ${NS}><instance><resourceId value="i"/><resourceType value="Patient"/></instance></ExampleScenario>`,
    { resourceType: 'ExampleScenario', instance: [{ resourceId: 'i', resourceType: 'Patient' }] },
  ],
  'signs that XML would change': [
    `<Basic ${NS}><id value="&lt;&amp;&quot;'&gt;&#9;&#10;&#13; é😀"/></Basic>`,
    { resourceType: 'Basic', id: '<&"\'>\t\n\r é😀' },
  ],
};

test.each(Object.entries(PAIRS))('writes and reads %s', (_what, [xml, json]) => {
  expect(write(json)).toBe(xml);
  expect(read(xml)).toEqual(json);
});

const DECIMALS = ['1.0', '1.00e2', '0.010', '100', '-0.0', '1E+5', '3.14159265358979323846264338327950288'];

test.each(DECIMALS)('keeps the digits of %s from JSON text to XML and back', (digits) => {
  const json = `{"resourceType":"Observation","valueQuantity":{"value":${digits}}}`;
  const xml = xmlOfJson(json, definitions);
  expect(xml).toContain(`<value value="${digits}"/>`);
  expect(jsonOfXml(xml, definitions)).toEqual({ ok: true, value: json });
});

test('reads numbers into a resource as JSON.parse would', () => {
  for (const digits of DECIMALS) {
    const xml = `<Observation ${NS}><valueQuantity><value value="${digits}"/></valueQuantity></Observation>`;
    expect(read(xml)).toMatchObject({ valueQuantity: { value: JSON.parse(digits) as number } });
  }
});

test('passes over comments, instructions, order, prefixes and the place of a schema', () => {
  const xml = `\ufeff<?xml version="1.0"?><?style x?><!-- a --><f:Patient xmlns:f="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b">
    <f:birthDate value="1970-01-01"/><!-- b --><f:active value="true"></f:active></f:Patient>`;
  expect(read(xml)).toEqual({ resourceType: 'Patient', birthDate: '1970-01-01', active: true });
});

test('gives a narrative that leans on prefixes around it one that stands alone', () => {
  const xml = `<Patient ${NS} xmlns:h="http://www.w3.org/1999/xhtml"><text><h:div><h:b title="&lt;">a &amp; b</h:b></h:div></text></Patient>`;
  expect(read(xml)).toMatchObject({
    text: { div: `<div ${XHTML}><b title="&lt;">a &amp; b</b></div>` },
  });
});

test.each([
  ['<div>no namespace</div>', `<div ${XHTML}>no namespace</div>`],
  [`<div ${XHTML}>open<p></div>`, `<div ${XHTML}>&lt;div ${XHTML}&gt;open&lt;p&gt;&lt;/div&gt;</div>`],
  ['</text><id value="injected"/>', `<div ${XHTML}>&lt;/text&gt;&lt;id value="injected"/&gt;</div>`],
  [`<div ${XHTML}>a</div><id value="injected"/>`, null],
  [`<!DOCTYPE x [<!ENTITY e "boom">]><div ${XHTML}>&e;</div>`, null],
])('never lets the narrative %s break the document', (div, expected) => {
  const xml = write({ resourceType: 'Patient', text: { status: 'generated', div }, active: true });
  if (expected !== null) expect(xml).toContain(expected);
  const back = read(xml) as { active: boolean; id?: string };
  expect([back.active, back.id]).toEqual([true, undefined]);
});

test.each([
  ['', 'xml-syntax', 1],
  ['text', 'xml-syntax', 1],
  [`<Patient ${NS}>\n<name>`, 'xml-syntax', 2],
  [`<Patient ${NS}>\n<name></nam></Patient>`, 'xml-syntax', 2],
  [`<Patient ${NS}>\n<id value="&nbsp;"/></Patient>`, 'xml-syntax', 2],
  [`<Patient ${NS}><id value="&#1;"/></Patient>`, 'xml-syntax', 1],
  [`<?xml version="1.0" encoding="ISO-8859-1"?><Patient ${NS}/>`, 'xml-encoding', 1],
  [`<!DOCTYPE Patient SYSTEM "file:///etc/passwd"><Patient ${NS}/>`, 'xml-doctype', 1],
  [
    `<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><Patient ${NS}><id value="&d;"/></Patient>`,
    'xml-doctype',
    1,
  ],
  ['<Patient/>', 'xml-namespace', 1],
  ['<Patient xmlns="urn:other"/>', 'xml-namespace', 1],
  [`<Nonsense ${NS}/>`, 'xml-root', 1],
  [`<HumanName ${NS}/>`, 'xml-root', 1],
  [`<Resource ${NS}/>`, 'xml-root', 1],
  [`<Patient ${NS}>\n\n<nme/></Patient>`, 'xml-element', 3],
  [`<Patient ${NS}><extension><url value="x"/></extension></Patient>`, 'xml-element', 1],
  [`<Patient ${NS} id="x"/>`, 'xml-attribute', 1],
  [`<Patient ${NS}><name value="x"/></Patient>`, 'xml-attribute', 1],
  [`<Patient ${NS}><birthDate value="x" xml:id="y"/></Patient>`, 'xml-attribute', 1],
  [`<Patient ${NS}><birthDate>1970-01-01</birthDate></Patient>`, 'xml-text', 1],
  [`<Patient ${NS}><![CDATA[x]]></Patient>`, 'xml-text', 1],
  [`<Patient ${NS}><birthDate/></Patient>`, 'xml-empty', 1],
  [`<Patient ${NS}><contained/></Patient>`, 'xml-empty', 1],
  [`<Patient ${NS}><contained><Basic/><Basic/></contained></Patient>`, 'xml-repeat', 1],
  [`<Patient ${NS}><birthDate value="1"/><birthDate value="2"/></Patient>`, 'xml-repeat', 1],
  [`<Patient ${NS}><maritalStatus/><maritalStatus/></Patient>`, 'xml-repeat', 1],
  [`<Patient ${NS}><active value="yes"/></Patient>`, 'xml-value', 1],
  [`<Patient ${NS}><multipleBirthInteger value="0x1"/></Patient>`, 'xml-value', 1],
  [`<Patient ${NS}><multipleBirthInteger value="9007199254740993"/></Patient>`, 'xml-value', 1],
  [`<Patient ${NS}><text><div>x</div></text></Patient>`, 'xml-namespace', 1],
  [`<Patient ${NS}><text><div ${XHTML}><p xmlns="urn:x"/></div></text></Patient>`, 'xml-namespace', 1],
])('refuses %s by the rule %s', (xml, rule, line) => {
  const found = resourceFromXml(xml, definitions);
  if (found.ok) expect.fail('it was read');
  const [issue] = found.outcome.issue;
  expect([ruleOf(issue!), issue!.diagnostics]).toEqual([
    rule,
    expect.stringMatching(new RegExp(`^line ${line}, column \\d+`)),
  ]);
});

test('repeats no word of the text in what it says of it', () => {
  for (const xml of [
    `<Patient ${NS}><Robin>Example</Robin></Patient>`,
    `<Patient ${NS}><active value="Robin"/></Patient>`,
    `<Patient ${NS}><name Robin="Example"/></Patient>`,
    `<Patient ${NS}>Robin Example</Patient>`,
    `<Patient ${NS}><name></Robin></Patient>`,
    `<Robin ${NS}/>`,
  ]) {
    const found = resourceFromXml(xml, definitions);
    expect(found.ok ? '' : JSON.stringify(found.outcome)).toMatch(/"xml-(?!.*(?:Robin|Example))/);
  }
});

test('says what is perhaps meant, and which attributes there are', () => {
  const says = (xml: string): string => {
    const found = resourceFromXml(xml, definitions);
    return found.ok ? '' : found.outcome.issue[0]!.diagnostics!;
  };
  expect(says(`<Patient ${NS}><contact><nmae/></contact></Patient>`)).toMatch(
    /Patient\.contact\[0\]: .*name is perhaps meant/,
  );
  expect(says(`<Patient ${NS}><birthDate when="x"/></Patient>`)).toMatch(
    /attributes of this element are value and id/,
  );
});

test('bounds size, depth and attributes', () => {
  const rules = (xml: string, limits = {}): unknown => {
    const found = resourceFromXml(xml, definitions, limits);
    return found.ok ? [] : found.outcome.issue.map(ruleOf);
  };
  const nested = (times: number): string =>
    `<Patient ${NS}>${'<extension url="u">'.repeat(times)}${'</extension>'.repeat(times)}</Patient>`;
  expect(rules(nested(20))).toEqual([]);
  expect(rules(nested(40))).toEqual(['xml-depth']);
  expect(rules(`<Patient ${NS}><text><div ${XHTML}>${'<b>'.repeat(200)}`)).toEqual(['xml-depth']);
  expect(rules(`<Patient ${NS}${Array.from({ length: 60 }, (_, at) => ` a${at}="1"`).join('')}/>`)).toEqual([
    'xml-attributes',
  ]);
  expect(rules(`<Patient ${NS}/>`, { maxLength: 10 })).toEqual(['xml-too-long']);
});

test('reads a long text in turns, with the same result and the same places of faults', async () => {
  const names = Array.from({ length: 9_000 }, (_, at) => `<name><given value="é${at}"/></name>\r\n`).join('');
  const div = `<text><div ${XHTML}>${'😀 '.repeat(40_000)}</div></text>`;
  const xml = `<Patient ${NS}>${div}${names}</Patient>`;
  let turns = 0;
  const turn = async (): Promise<void> => void turns++;
  expect(await jsonOfLongXml(xml, definitions, {}, turn)).toEqual(jsonOfXml(xml, definitions));
  expect(turns).toBeGreaterThan(3);
  const broken = `${xml.slice(0, -10)}<nothing/></Patient>`;
  expect(await jsonOfLongXml(broken, definitions, {}, turn)).toEqual(jsonOfXml(broken, definitions));
  expect(JSON.stringify(jsonOfXml(broken, definitions))).toContain('line 9001, ');
});

test('leaves nothing out of XML in silence', () => {
  for (const broken of [
    { resourceType: 'Patient', nonsense: 1 },
    { resourceType: 'Patient', name: { family: 'x' } },
    { resourceType: 'Patient', name: ['x'] },
    { resourceType: 'Patient', active: 'true' },
    { resourceType: 'Patient', _name: [{ id: 'x' }] },
    { resourceType: 'Nonsense' },
    {},
  ])
    expect(() => write(broken)).toThrow(/does not define/);
});

test('reads or refuses whatever text there is, and any part of a good one', () => {
  const words = [
    '<Patient',
    ` ${NS}`,
    '>',
    '/>',
    '</Patient>',
    '<name',
    '<div',
    ` ${XHTML}`,
    '</div>',
    ' value="',
    '"',
    '<extension url="a">',
    '<text>',
    '<contained>',
    '&amp;',
    '&x;',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?a ?>',
    '<!DOCTYPE a>',
    '\0',
    ' id="1"',
    'x:y',
    '\ud800',
  ];
  const noise = fc
    .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 20 })
    .map((parts) => parts.join(''));
  const rules = (text: string): (string | undefined)[] => {
    const found = resourceFromXml(text, definitions);
    return found.ok ? [] : found.outcome.issue.map(ruleOf);
  };
  fc.assert(
    fc.property(noise, (text) => {
      expect(rules(text).join()).toMatch(/^(?:xml-[a-z-]+)?$/);
    }),
    { numRuns: 500 },
  );
  const good = PAIRS['contained resources and narratives']![0];
  for (let end = 0; end < good.length; end++) expect(rules(good.slice(0, end))).not.toEqual([]);
});

test('writes a document that can be read, whatever the narrative', () => {
  const words = [
    '<div',
    ` ${XHTML}`,
    '>',
    '/>',
    '</div>',
    '<p>',
    '</p>',
    '&amp;',
    '&nbsp;',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?a ?>',
    '<!DOCTYPE a>',
    '\0',
    'x',
    ' xmlns="urn:x"',
    ' a:b="c"',
  ];
  const noise = fc.array(fc.constantFrom(...words), { maxLength: 15 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(noise, (div) => {
      const back = read(write({ resourceType: 'Patient', text: { status: 'generated', div }, active: true }));
      expect(Object.keys(back as object)).toEqual(['resourceType', 'text', 'active']);
    }),
    { numRuns: 500 },
  );
});
