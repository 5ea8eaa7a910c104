/** Turns a StructureMap's JSON, of R4 or R5, into the tree that its text parses to. */
import { type Checked, outcomeOf } from '../fhir/outcome.ts';
import { Findings } from './finding.ts';
import { readFhirPath } from './fragment.ts';
import { readConceptMap } from './structure-map-concepts.ts';
import { isObject, JsonElement, type Reading } from './structure-map-element.ts';
import { withoutMadeNames } from './structure-map-names.ts';
import { readRule } from './structure-map-read-rule.ts';
import type { Constant, Group, MapFile, Metadata, Parameter, Structure } from './tree.ts';

const MODES = ['source', 'queried', 'target', 'produced'] as const;
const TYPE_MODES = ['none', 'types', 'type-and-types'] as const;
const MOST_FINDINGS_SHOWN = 100;

/**
 * Reads a StructureMap, R4 or R5. What the language has no word for (ids, extensions, contacts) becomes metadata by
 * its path, `/// contact[0].name = "…"`, so that nothing is lost; simple copies in their long form become
 * `src.a -> tgt.a`, and contained ConceptMaps inline ones.
 * @param file name that findings are located in: `referral.json`
 * @returns the tree; or issues `map-json-structure`, each with `file#StructureMap.group[0].rule[3]…`
 * @source FHIR R4 structuremap.html, FHIR R5 structuremap.html
 */
export function readStructureMap(file: string, json: unknown): Checked<MapFile> {
  const findings = new Findings();
  const reading: Reading = { file, findings, metadata: [], elements: 0 };
  const root = new JsonElement(reading, isObject(json) ? json : {});
  if (root.value('resourceType') !== 'StructureMap')
    root.fault('is no StructureMap; give a resource of that type');
  else {
    const map = readMap(root, reading);
    if (!findings.failed) return { ok: true, value: map };
  }
  return { ok: false, outcome: outcomeOf(...findings.issues.slice(0, MOST_FINDINGS_SHOWN)) };
}

function readMap(root: JsonElement, reading: Reading): MapFile {
  const named = ['url', 'name'].flatMap((name): Metadata[] => {
    const value = root.text(name);
    return value === undefined ? [] : [{ name, at: root.at, value }];
  });
  const status = root.peek('status');
  const structural = {
    conceptMaps: containedIn(root).map((element) => readConceptMap(element, status)),
    structures: root.elements('structure').map(readStructure),
    imports: root.texts('import').map((text) => ({ text, at: root.at })),
    constants: root.elements('const').flatMap(readConstant),
    groups: root.elements('group').map(readGroup),
  };
  if (structural.groups.length === 0 && structural.conceptMaps.length === 0) root.fault('needs a group');
  // what stands beside the groups comes before what stands in them
  const inner = reading.metadata.splice(0);
  root.rest(() => true);
  const metadata = [...named, ...reading.metadata, ...inner];
  const [url = '', name = ''] = ['url', 'name'].map(
    (one) => `${named.find((it) => it.name === one)?.value ?? ''}`,
  );
  return { file: reading.file, url, name, metadata, ...structural };
}

/** ConceptMaps come first among the contained resources that are written; others are kept as metadata. */
function containedIn(root: JsonElement): JsonElement[] {
  const given = root.peek('contained');
  if (!Array.isArray(given)) return root.elements('contained');
  const isMap = (item: unknown): boolean => isObject(item) && item.resourceType === 'ConceptMap';
  const order = [...given.filter(isMap), ...given.filter((item) => !isMap(item))];
  const places = new Map(order.map((item, index) => [item, index]));
  const elements = root.elements('contained', (item) => places.get(item) ?? 0);
  for (const element of elements) if (element.peek('resourceType') !== 'ConceptMap') element.rest(() => true);
  return elements.filter((element) => element.peek('resourceType') === 'ConceptMap');
}

function readStructure(element: JsonElement): Structure {
  const structure = {
    url: { text: element.needed('url'), at: element.at },
    alias: element.text('alias'),
    mode: element.code('mode', MODES) ?? '',
    documentation: element.documentation(),
  };
  if (!element.has('mode')) element.fault('mode is missing; add it');
  element.rest();
  return structure;
}

function readConstant(element: JsonElement): Constant[] {
  const name = { text: element.needed('name'), at: element.at };
  const read = readFhirPath(element.needed('value'));
  element.rest();
  if ('text' in read) return [{ name, value: { kind: 'expression', at: element.at, text: read.text } }];
  element.fault(`is no FHIRPath: ${read.fault}`, 'value');
  return [];
}

function readGroup(element: JsonElement): Group {
  const parameters = element.elements('input').map(readInput);
  const typeMode = element.code('typeMode', TYPE_MODES) ?? 'none';
  const group: Group = {
    name: { text: element.needed('name'), at: element.at },
    parameters,
    parent: element.word('extends'),
    typeMode: typeMode === 'none' ? undefined : typeMode === 'types' ? 'types' : 'type+',
    documentation: element.documentation(),
    rules: withoutMadeNames(
      element.has('rule') ? element.elements('rule').map((rule) => readRule(rule)) : [],
    ),
  };
  element.rest();
  return group;
}

function readInput(element: JsonElement): Parameter {
  const mode = element.code('mode', ['source', 'target']);
  if (!element.has('mode')) element.fault('mode is missing; add it');
  const name = { text: element.needed('name'), at: element.at };
  const parameter: Parameter = { mode: mode ?? 'source', name, type: element.word('type') };
  element.rest();
  return parameter;
}
