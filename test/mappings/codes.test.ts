/** Holds the ConceptMaps of the platform and of the logical models against the CodeSystems they speak of. */
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { CodeSystem, ConceptMap } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { SNOMED_SYSTEM, snomedFault } from '../../src/fhir/identifiers.ts';

const LOCAL = 'https://hedgerow.example/fhir/CodeSystem/';

function readAll<T>(pattern: string): { file: string; value: T }[] {
  return globSync(pattern)
    .sort()
    .map((file) => ({ file, value: JSON.parse(readFileSync(file, 'utf8')) as T }));
}

const systems = new Map(
  readAll<CodeSystem>('profiles/CodeSystem-*.json').map(({ value }) => [
    value.url!,
    new Map((value.concept ?? []).map(({ code, display }) => [code!, display])),
  ]),
);
const all = readAll<ConceptMap>('mappings/{prsb,platform}/*.conceptmap.json');
/** The way back starts from what the way out leads to; back-codes.test.ts holds one against the other. */
const maps = all.filter(({ file }) => !basename(file).startsWith('back-'));

test('a CodeSystem lists each code once, with a display, under the url of its file', () => {
  for (const { file, value } of readAll<CodeSystem>('profiles/CodeSystem-*.json')) {
    expect(value.url, file).toBe(LOCAL + basename(file, '.json').replace('CodeSystem-', ''));
    const codes = (value.concept ?? []).map(({ code }) => code);
    expect(new Set(codes).size, file).toBe(codes.length);
    expect(
      value.concept?.every(({ display }) => display),
      file,
    ).toBe(true);
  }
});

test('a ConceptMap has the url of its file and lists each code once', () => {
  for (const { file, value } of all) {
    const prefix = file.includes('/platform/') ? 'platform-' : '';
    expect(value.url).toBe(
      `https://hedgerow.example/fhir/ConceptMap/${prefix}${basename(file, '.conceptmap.json')}`,
    );
    for (const { element = [] } of value.group ?? [])
      expect(new Set(element.map(({ code }) => code)).size, file).toBe(element.length);
  }
});

test('the maps of the logical models know every code of the CodeSystem they start from', () => {
  for (const { file, value } of maps.filter(({ file }) => file.includes('/prsb/'))) {
    if (file.includes('closure-status')) continue; // a closure has only the statuses that end a referral
    for (const { source = '', element = [] } of value.group ?? []) {
      const system = systems.get(source);
      expect(!source.startsWith(LOCAL) || system !== undefined, `${file} starts from ${source}`).toBe(true);
      if (system) expect(element.map(({ code }) => code).sort(), file).toEqual([...system.keys()].sort());
    }
  }
});

test('a target in a CodeSystem of ours is one of its codes, and where it has a display it is that of the CodeSystem', () => {
  for (const { file, value } of maps) {
    for (const { target: url = '', element = [] } of value.group ?? []) {
      const system = systems.get(url);
      expect(!url.startsWith(LOCAL) || system !== undefined, `${file} leads to ${url}`).toBe(true);
      for (const { code, display } of system ? element.flatMap(({ target = [] }) => target) : []) {
        expect(code !== undefined && system!.has(code), `${file}: ${code}`).toBe(true);
        if (display) expect(display, file).toBe(system!.get(code!));
      }
    }
  }
});

test('every SNOMED CT id that a map writes is a concept of the international or UK edition', () => {
  const ids = maps.flatMap(({ value }) =>
    (value.group ?? [])
      .filter(({ target }) => target === SNOMED_SYSTEM)
      .flatMap(({ element = [] }) =>
        element.flatMap(({ target = [] }) => target.flatMap(({ code }) => code ?? [])),
      ),
  );
  const texts = readAllTexts('mappings/prsb/*.map');
  const constants = [...texts.matchAll(/'http:\/\/snomed\.info\/sct', '(\d+)'/g)].map((match) => match[1]!);
  expect(ids.length).toBeGreaterThan(30);
  expect([...new Set(constants)].sort()).toEqual(['871711000000103', '871731000000106']);
  for (const id of [...ids, ...constants]) expect(snomedFault(id), id).toBeUndefined();
});

test('a code without a target says why', () => {
  for (const { file, value } of maps) {
    const targets = (value.group ?? []).flatMap(({ element = [] }) =>
      element.flatMap(({ target = [] }) => target),
    );
    for (const { code, equivalence, comment } of targets)
      if (code === undefined) expect([equivalence, comment !== undefined], file).toEqual(['unmatched', true]);
  }
});

function readAllTexts(pattern: string): string {
  return globSync(pattern)
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
}
