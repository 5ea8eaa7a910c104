/** Turns the tree of a map into a StructureMap's JSON, of R4 or R5. */
import type { Resource, StructureMap, StructureMapGroup, StructureMapStructure } from '@medplum/fhirtypes';
import { writeConceptMap } from './structure-map-concepts.ts';
import { applyMetadata, isStructural } from './structure-map-metadata.ts';
import { ruleNames } from './structure-map-names.ts';
import { writeRule } from './structure-map-write-rule.ts';
import type { Constant, Group, MapFile } from './tree.ts';

/** `let` of the text, which R4 has no element for. */
interface MapConstant {
  readonly name: string;
  readonly value: string;
}

/** R4's StructureMap, with the element that R5 has for constants. */
export type WrittenStructureMap = StructureMap & { const?: MapConstant[] };

/**
 * Writes a map as a StructureMap. What R4 has no element for stands under R5's name: `const`, `dependent.parameter`
 * where a parameter is no variable, dates in parameters; a text that FHIR has no element for FHIRPath at bears the
 * extension `map-expression`. Rules without a name get one; a map without a status is a draft.
 * @returns JSON that `readStructureMap` reads as the same map
 * @source FHIR R4 structuremap.html, FHIR R5 structuremap.html
 */
export function writeStructureMap(map: MapFile, { version }: { version: 'R4' | 'R5' }): WrittenStructureMap {
  const written = { resourceType: 'StructureMap' } as WrittenStructureMap;
  applyMetadata(
    written,
    map.metadata.filter((one) => !isStructural(one)),
  );
  written.name ??= nameOf(map.file);
  written.status ??= 'draft';
  const contained = map.conceptMaps.map((one): Resource => writeConceptMap(one, version, written.status));
  if (contained.length > 0) written.contained = contained;
  if (map.structures.length > 0) written.structure = map.structures.map(writeStructure);
  if (map.imports.length > 0) written.import = map.imports.map(({ text }) => text);
  if (map.constants.length > 0) written.const = map.constants.map(writeConstant);
  if (map.groups.length > 0) written.group = map.groups.map((group) => writeGroup(group, version));
  applyMetadata(written, map.metadata.filter(isStructural));
  return written;
}

/** A name that FHIR takes, from that of the file. */
function nameOf(file: string): string {
  const base = file
    .split('/')
    .at(-1)!
    .replace(/\.\w+$/, '');
  return `${base.slice(0, 1).toUpperCase()}${base.slice(1)}`.replaceAll(/\W/g, '_') || 'Map';
}

function writeStructure({
  url,
  mode,
  alias,
  documentation,
}: MapFile['structures'][number]): StructureMapStructure {
  return {
    url: url.text,
    mode: mode as StructureMapStructure['mode'],
    ...(alias === undefined ? {} : { alias }),
    ...(documentation === undefined ? {} : { documentation }),
  };
}

function writeConstant({ name, value }: Constant): MapConstant {
  return { name: name.text, value: value.text };
}

function writeGroup(group: Group, version: 'R4' | 'R5'): StructureMapGroup {
  const names = ruleNames(group.rules);
  const typeMode =
    group.typeMode === undefined ? 'none' : group.typeMode === 'types' ? 'types' : 'type-and-types';
  const input = group.parameters.map(({ name, type, mode }) => {
    return { name: name.text, ...(type ? { type: type.text } : {}), mode };
  });
  const written = {
    name: group.name.text,
    ...(group.parent ? { extends: group.parent.text } : {}),
    ...(version === 'R4' || typeMode !== 'none' ? { typeMode } : {}),
    ...(group.documentation === undefined ? {} : { documentation: group.documentation }),
    ...(input.length > 0 ? { input } : {}),
    ...(group.rules.length > 0 ? { rule: group.rules.map((rule) => writeRule(rule, names, version)) } : {}),
  };
  return written as StructureMapGroup; // R5 has no typeMode none; published groups have no inputs or no rules
}
