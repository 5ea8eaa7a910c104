/** Turns a CodeSystem into a table of its codes and displays, and says what keeps the table from being whole. */
import type { CodeSystem, CodeSystemConcept, CodeSystemConceptProperty } from '@medplum/fhirtypes';
import type { Match } from './code-set.ts';

/** What is kept of a CodeSystem; definitions, properties and designations are read again when a filter asks. */
export interface SystemTable {
  /** URL|version */
  readonly canonical: string;
  readonly match: Match;
  /** displays by code, abstract and inactive ones included */
  readonly codes: ReadonlyMap<string, string | undefined>;
  /** codes that group others and are not for use themselves */
  readonly abstract: ReadonlySet<string>;
  readonly inactive: ReadonlySet<string>;
  /** why there may be codes that are not in the table; undefined when it is whole */
  readonly gap: string | undefined;
}

const INACTIVE_STATUSES = new Set(['inactive', 'retired', 'withdrawn']);

/** @source hl7.org/fhir/R4/codesystem.html: content, caseSensitive, concept properties */
export function systemTable(codeSystem: CodeSystem): SystemTable {
  const codes = new Map<string, string | undefined>();
  const abstract = new Set<string>();
  const inactive = new Set<string>();
  for (const { code = '', display, property } of conceptsOf(codeSystem.concept)) {
    codes.set(code, display);
    if (property?.some(isAbstract)) abstract.add(code);
    if (property?.some(isInactive)) inactive.add(code);
  }
  const canonical = canonicalOf(codeSystem);
  const match = codeSystem.caseSensitive === true ? 'exact' : 'any-case';
  return { canonical, match, codes, abstract, inactive, gap: gapOf(codeSystem, codes.size) };
}

/** @returns every concept, parents before their children */
export function* conceptsOf(concepts: readonly CodeSystemConcept[] = []): Iterable<CodeSystemConcept> {
  const waiting = [...concepts].reverse();
  for (let concept = waiting.pop(); concept; concept = waiting.pop()) {
    yield concept;
    for (const child of (concept.concept ?? []).toReversed()) waiting.push(child);
  }
}

/** @returns `URL|version`, or the URL of a definition that has no version */
export function canonicalOf({
  url = '',
  version,
}: {
  readonly url?: string;
  readonly version?: string;
}): string {
  return version === undefined ? url : `${url}|${version}`;
}

/** @returns the value of a concept's property, as a filter writes it */
export function writtenValue(property: CodeSystemConceptProperty): string {
  if (property.valueCoding) return property.valueCoding.code ?? '';
  const { valueCode, valueString, valueBoolean, valueInteger, valueDecimal, valueDateTime } = property;
  return String(
    valueCode ?? valueString ?? valueBoolean ?? valueInteger ?? valueDecimal ?? valueDateTime ?? '',
  );
}

function isAbstract({ code, valueBoolean }: CodeSystemConceptProperty): boolean {
  return (code === 'notSelectable' || code === 'abstract') && valueBoolean === true;
}

function isInactive(property: CodeSystemConceptProperty): boolean {
  if (property.code === 'inactive') return property.valueBoolean === true;
  return property.code === 'status' && INACTIVE_STATUSES.has(writtenValue(property));
}

function gapOf(codeSystem: CodeSystem, size: number): string | undefined {
  const { content, count } = codeSystem;
  const name = `CodeSystem ${canonicalOf(codeSystem)}`;
  if (content !== 'complete') return `${name} is here as ${content}, not whole`;
  if (size === 0) return `${name} is here without its codes`;
  return count !== undefined && count > size
    ? `${name} is here with ${size} of its ${count} codes`
    : undefined;
}
