/** The published cases of the mapping language: equal to their results, or refused by name. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { compileOne } from './one-hop.ts';

const FOLDER = '../shared/conformance/fml';
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8').replace(/^\ufeff/, '');

/** Published cases whose target is a CDA document, a model that is neither FHIR nor JSON: refused, and by which finding. */
const REFUSED: Readonly<Record<string, string>> = {
  'qr2cda.map': 'map-unknown-type',
  'qr2cdaxsi.map': 'map-unknown-type',
  'qr2cda-eval.map': 'map-unknown-type',
};

const isError = ({ severity }: OperationOutcomeIssue): boolean => severity === 'error';

/** The pairs that manifest.xml names. */
function* cases(): Generator<{ source: string; map: string; output: string }> {
  for (const [line] of read('manifest.xml').matchAll(/<test [^>]+>/g)) {
    const [source, map, output] = ['source', 'map', 'output'].map(
      (name) => new RegExp(`${name}="([^"]+)"`).exec(line)?.[1],
    );
    if (map!.endsWith('.map')) yield { source: source!, map: map!, output: output! };
  }
}

if (existsSync(FOLDER)) {
  for (const { source, map, output } of cases()) {
    const refused = REFUSED[map];
    test(`${map}: ${refused ? 'is refused by name' : 'gives the published result'}`, () => {
      const { hop, issues } = compileOne(read(map));
      if (refused) {
        expect(issues.map(ruleOf)).toContain(refused);
        return;
      }
      const faults: Parameters<NonNullable<typeof hop>>[1] = [];
      expect(issues.filter(isError)).toEqual([]);
      expect(hop!(JSON.parse(read(source)), faults)).toEqual(JSON.parse(read(output)));
      expect(faults).toEqual([]);
    });
  }

  test('cast.map keeps the type of a choice, and casts as it says', () => {
    const { hop } = compileOne(read('cast.map'));
    expect(hop!(JSON.parse(read('qrext.json')), [])).toEqual({
      resourceType: 'Observation',
      extension: [
        { url: 'urn:implicitstring', valueString: 'implicit' },
        { url: 'urn:explicitstring', valueString: 'explicit' },
        { url: 'urn:positiveInt', valuePositiveInt: '2147483647' }, // a text in the source, and copied as it is
        { url: 'urn:positiveIntString', valuePositiveInt: 2147483647 },
      ],
    });
  });

  test('refuses by name what the published maps without a result hold', () => {
    const rules = (name: string): (string | undefined)[] =>
      [...new Set(compileOne(read(name)).issues.filter(isError).map(ruleOf))].sort();
    expect(rules('ActivityDefinition.map')).toContain('map-unknown-import');
    expect(rules('syntax.map')).toContain('map-unknown-element');
    expect(rules('syntaxshort.map')).toEqual([]);
  });
} else {
  test('the published cases are not at hand here', () => {
    console.log(`published mapping cases not run: ${FOLDER} is missing`);
    expect(existsSync(FOLDER)).toBe(false);
  });
}
