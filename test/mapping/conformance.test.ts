/** The published cases of the mapping language: equal to their results, or refused by name. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { compileOne } from './one-hop.ts';

const FOLDER = '../shared/conformance/fml';
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8').replace(/^\ufeff/, '');

/** Published cases with types that are not known here or with a construct that is not supported: refused, and by which finding. */
const REFUSED: Readonly<Record<string, string>> = {
  'qr2cda.map': 'map-unknown-type',
  'qr2cdaxsi.map': 'map-unknown-type',
  'qr2cda-eval.map': 'map-unknown-type',
  'qr2pat-humannametwice.map': 'map-unsupported', // in a group that nothing calls
};

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
      expect(issues).toEqual([]);
      expect(hop!(JSON.parse(read(source)), faults)).toEqual(JSON.parse(read(output)));
      expect(faults).toEqual([]);
    });
  }

  test('qr2pat-humannametwice.map gives the published result without the group that nothing calls', () => {
    const text = read('qr2pat-humannametwice.map');
    const { hop, issues } = compileOne(text.slice(0, text.indexOf('group administrativeGender')));
    expect(issues).toEqual([]);
    expect(hop!(JSON.parse(read('qr.json')), [])).toEqual(JSON.parse(read('qr2pat-humannametwice-res.json')));
  });

  test('refuses by name what the published maps without a result hold', () => {
    const rules = (name: string): (string | undefined)[] =>
      [...new Set(compileOne(read(name)).issues.map(ruleOf))].sort();
    expect(rules('ActivityDefinition.map')).toContain('map-unknown-import');
    expect(rules('syntax.map')).toContain('map-unknown-element');
    expect(rules('syntaxshort.map')).toEqual([]);
    expect(rules('cast.map')).toEqual(['map-type']);
  });
} else {
  test('the published cases are not at hand here', () => {
    console.log(`published mapping cases not run: ${FOLDER} is missing`);
    expect(existsSync(FOLDER)).toBe(false);
  });
}
