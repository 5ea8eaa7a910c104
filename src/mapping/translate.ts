/** Writes `translate(value, map, output)`: a look-up in a ConceptMap's table, and the form in which the result is wanted. */
import { checkCodes } from './check-codes.ts';
import type { CodeMap } from './concept-map.ts';
import { nearest } from './finding.ts';
import type { Shape } from './shapes.ts';
import { codeOf, plain, type Site, type Value, variableOf } from './site.ts';
import { type Call, literalAt } from './transform-call.ts';

/** Output forms, the FHIR type of each, and the function that makes it of what was found; none for a bare code. */
const OUTPUTS: Readonly<Record<string, { readonly type: string; readonly runtime: string }>> = {
  code: { type: 'code', runtime: '' },
  system: { type: 'uri', runtime: 'asSystem' },
  display: { type: 'string', runtime: 'asDisplay' },
  Coding: { type: 'Coding', runtime: 'asCoding' },
  CodeableConcept: { type: 'CodeableConcept', runtime: 'asCodeableConcept' },
};

/** The third parameter may be left out: then the target element's type decides. */
export function translate(call: Call): Value | undefined {
  const { site, invocation, member } = call;
  const [given] = invocation.parameters;
  const source =
    given?.kind === 'path' && given.words.length === 1 ? variableOf(site, given.words[0]!) : undefined;
  const url = literalAt(call, 1, 'the URL of a ConceptMap');
  if (given?.kind !== 'path' || given.words.length !== 1) literalAt(call, 0, 'a variable');
  const wanted =
    invocation.parameters.length > 2 ? literalAt(call, 2, 'code, Coding or CodeableConcept') : undefined;
  if (!source || url === undefined) return undefined;
  const name = wanted ?? (member && !member.isChoice ? (member.types[0] ?? 'code') : 'code');
  const output = OUTPUTS[Object.hasOwn(OUTPUTS, name) ? name : 'code']!;
  if (wanted !== undefined && !Object.hasOwn(OUTPUTS, wanted)) {
    const message = `translate has no output ${wanted}${nearest(wanted, Object.keys(OUTPUTS))}`;
    site.unit.findings.add('map-parameters', invocation.parameters[2]!.at, message);
  }
  return lookUpCode(site, call, url, source, output);
}

function lookUpCode(
  site: Site,
  call: Call,
  url: string,
  source: Value,
  output: { type: string; runtime: string },
): Value | undefined {
  const { codeMaps } = site.unit.sources;
  const map =
    codeMaps.get(url.startsWith('#') ? site.file + url : url) ?? codeMaps.get(`${site.file}#${url}`);
  if (!map) {
    const own = [...codeMaps.keys()].map((key) =>
      key.startsWith(`${site.file}#`) ? key.slice(site.file.length) : key,
    );
    const message = `there is no ConceptMap ${url}${nearest(url, own)}`;
    site.unit.findings.add('map-unknown-concept-map', call.invocation.parameters[1]!.at, message);
    return undefined;
  }
  const { shapes } = site.unit;
  if (!shapes.primitive(source.shape)) {
    shapes.readNamed(source.shape, new Set(['code', 'system', 'coding']));
  }
  checkTranslated(site, call, map, source.shape);
  const table = site.unit.codeMap(map);
  const shape: Shape = { kind: 'type', name: output.type };
  const given = `(run, ${site.place}, ${table}, ${codeOf(site, source)})`;
  const { runtime } = output;
  const code = site.block.keep(runtime === '' ? `lookUpCode${given}` : `${runtime}(lookUp${given})`);
  return plain(code, shape, { definite: false, fresh: true });
}

/** What the schema lists for the field, and what the CodeSystem holds that the table starts from, should all be in the table. */
function checkTranslated(site: Site, call: Call, map: CodeMap, shape: Shape): void {
  const { findings, shapes, sources } = site.unit;
  const { at } = call.invocation.parameters[1]!;
  checkCodes(map, shapes.codes(shape), 'the schema', at, findings);
  for (const { system } of map.tables) {
    const known = system === undefined ? undefined : sources.codeSystems?.get(system);
    const meant = known?.filter((code) => !map.scope || map.scope.has(code));
    if (system !== undefined && meant) checkCodes(map, meant, system, at, findings);
  }
}
