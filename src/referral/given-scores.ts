/** Turns scores given by a record and scores computed from its answers into one set, and says where they differ (hr-6). */
import type { CodeableConcept, Observation, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { SNOMED_SYSTEM } from '../fhir/identifiers.ts';
import { issueOf } from '../fhir/outcome.ts';
import { SCORE_SYSTEM, type ScoreDefinition } from './instrument.ts';
import { INSTRUMENTS } from './instruments.ts';

/** Published scores have at most two decimals: less than half a hundredth apart is the same score. */
const TOLERANCE = 0.005;

/** A score's code by each `system|code` that stands for it, earlier ids included. */
const CODE_BY_TOKEN: ReadonlyMap<string, string> = new Map(
  INSTRUMENTS.flatMap(({ scores }) => scores.flatMap(tokensOf)),
);

function tokensOf({ code, codings = [], rule }: ScoreDefinition): (readonly [token: string, code: string])[] {
  const own = rule.kind === 'converted-sum' ? [code, rule.raw.code] : [code];
  const published = codings.flatMap((one) =>
    [one.code, ...(one.earlier ?? [])].map((id) => `${one.system}|${id}`),
  );
  return [
    ...own.map((one) => [`${SCORE_SYSTEM}|${one}`, one] as const),
    ...published.map((token) => [token, code] as const),
  ];
}

/** The published coding that takes the place of an earlier id. */
const CURRENT_BY_EARLIER = new Map(
  INSTRUMENTS.flatMap(({ scores }) =>
    scores.flatMap(({ codings = [] }) =>
      codings.flatMap(({ system, code, display, earlier = [] }) =>
        earlier.map((id) => [`${system}|${id}`, { system, code, display }] as const),
      ),
    ),
  ),
);

interface Value {
  readonly value: number | string | undefined;
  readonly response: string | undefined;
}

/**
 * Keeps of every score the one that can be trusted most.
 * @param given scores as the record names them (`Observation:given-score:<key>|<code>`)
 * @param computed scores from the answers of the same record
 * @returns the computed ones and those given that were not computed, under current SNOMED ids; a warning hr-6 for each
 * that differs, naming the score but never a value
 */
export function reconcileGiven(
  given: readonly Observation[],
  computed: readonly Observation[],
): { keep: Observation[]; issues: OperationOutcomeIssue[] } {
  const known = new Map<string, Value[]>();
  for (const observation of computed) collectValues(observation, known);
  const keep: Observation[] = [...computed];
  const issues: OperationOutcomeIssue[] = [];
  for (const observation of given) {
    const code = scoreCodeOf(observation.code);
    const rival = code === undefined ? undefined : rivalOf(known.get(code) ?? [], observation);
    if (!rival) keep.push(withCurrentCodes(observation));
    else if (!same(rival.value, scoreIn(observation))) issues.push(differs(code!));
  }
  return { keep, issues };
}

/** @returns the code in CodeSystem score, whichever published or earlier id says it; undefined when none does */
export function scoreCodeOf(concept: CodeableConcept | undefined): string | undefined {
  for (const { system, code } of concept?.coding ?? []) {
    const known = CODE_BY_TOKEN.get(`${system}|${code}`);
    if (known !== undefined) return known;
  }
  return undefined;
}

function collectValues(observation: Observation, known: Map<string, Value[]>): void {
  const response = observation.derivedFrom?.[0]?.reference;
  for (const part of [observation, ...(observation.component ?? [])]) {
    const code = scoreCodeOf(part.code);
    if (code === undefined) continue;
    known.set(code, [...(known.get(code) ?? []), { value: scoreIn(part), response }]);
  }
}

/** A given score that names no response belongs to the only one there is. */
function rivalOf(candidates: readonly Value[], given: Observation): Value | undefined {
  const response = given.derivedFrom?.[0]?.reference;
  if (response !== undefined) return candidates.find((one) => one.response === response);
  return candidates.length === 1 ? candidates[0] : undefined;
}

function scoreIn(part: Pick<Observation, 'valueQuantity' | 'valueInteger' | 'valueString'>): Value['value'] {
  return part.valueQuantity?.value ?? part.valueInteger ?? part.valueString;
}

function same(left: Value['value'], right: Value['value']): boolean {
  return typeof left === 'number' && typeof right === 'number'
    ? Math.abs(left - right) < TOLERANCE
    : String(left) === String(right);
}

function withCurrentCodes(observation: Observation): Observation {
  const coding = observation.code.coding?.map(
    (one) => (one.system === SNOMED_SYSTEM && CURRENT_BY_EARLIER.get(`${one.system}|${one.code}`)) || one,
  );
  return coding ? { ...observation, code: { ...observation.code, coding } } : observation;
}

function differs(code: string): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'business-rule',
    rule: 'hr-6',
    diagnostics: `${code} in the record is not what the answers add up to. The computed score was kept: check the answers and the score in the source.`,
    expression: 'Observation.value',
  });
}
