/** Puts the examples of the shipped maps together into whole referrals of synthetic people, for the tests of documents. */
import { readFileSync } from 'node:fs';
import type { Bundle } from '@medplum/fhirtypes';
import { knownCanonicals, ROOT } from '../../../src/cli/load.ts';
import { type Definitions, loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import type { Summary, SummaryTrigger } from '../../../src/referral/summary/content.ts';
import { summaryOf } from '../../../src/referral/summary/summary-of.ts';
import { type Displays, displaysOf } from '../../../src/referral/summary/words.ts';
import type { Identified } from '../../../src/store/store.ts';
import { documentBundle } from '../../../src/target/document/bundle.ts';
import { documentHtml } from '../../../src/target/document/html.ts';
import type { DocumentFacts } from '../../../src/target/document/parts.ts';
import { documentPdf } from '../../../src/target/document/pdf.ts';

export const PLATFORM = 'mappings/platform/examples';

/** @returns the resources of examples, a later one adding to those of an earlier one */
export function assembled(...folders: readonly string[]): Identified[] {
  const found = new Map<string, Identified>();
  for (const folder of folders) {
    const bundle = JSON.parse(readFileSync(`${ROOT}/${folder}/expected.fhir.json`, 'utf8')) as Bundle;
    for (const { resource } of bundle.entry ?? []) {
      const key = `${resource!.resourceType}/${resource!.id}`;
      found.set(key, merged(found.get(key), resource as Identified));
    }
  }
  return [...found.values()];
}

function merged(old: Identified | undefined, fresh: Identified): Identified {
  if (old === undefined) return fresh;
  const period = { ...(old as { period?: object }).period, ...(fresh as { period?: object }).period };
  const joined = { ...old, ...fresh } as Identified;
  return Object.keys(period).length === 0 ? joined : ({ ...joined, period } as Identified);
}

const canonicals = knownCanonicals(ROOT);
export const definitions: Definitions = loadBaseDefinitions(canonicals);
export const displays: Displays = displaysOf((url) => canonicals.find('CodeSystem', url));

/** A woman who was referred for loneliness, supported for three months, and whose referral was closed. */
export const CLOSED = [
  'referral/adult-referred-by-gp',
  'contact/telephone-attended',
  'contact/missed-at-surgery',
  'contact/home-visit-known-by-date',
  'contact/group-session-person-1',
  'questionnaire/swemwbs-baseline',
  'questionnaire/swemwbs-follow-up-with-given-score',
  'questionnaire/ons4-with-a-refusal',
  'support/benefits-advice-given',
  'support/befriending-declined',
  'support/plan-with-goals',
  'outcome/completed-with-outcomes',
].map((name) => `${PLATFORM}/${name}`);
export const CLOSED_REQUEST = 'ServiceRequest/13a6dc61-b5f4-5ad3-9f40-d80b446921aa';

/** Somebody with three onward referrals, whose PHQ-9 calls for a look at their safety. */
export const AT_RISK = [
  'referral/onward-to-several-activities',
  'contact/group-session-person-2',
  'questionnaire/phq-9-item-9',
].map((name) => `${PLATFORM}/${name}`);
export const AT_RISK_REQUEST = 'ServiceRequest/d7af1b66-2f7f-58c0-bc4c-98ac8eb42a1c';

export const MADE_MS = Date.parse('2026-06-11T09:00:00Z');
export const FACTS: DocumentFacts & { madeMs: number } = {
  reference: '5b0a3f0e-6c0e-5d6c-9d3f-0c6f7a0b1c2d',
  made: '11 June 2026',
  madeMs: MADE_MS,
};
export const TYPE = { code: '371531000', display: 'Report of clinical encounter' };

/** @throws where the resources hold no referral */
export function summed(
  resources: readonly Identified[],
  requestKey: string,
  options: { readonly trigger?: SummaryTrigger; readonly isCodedOnly?: boolean } = {},
): Summary {
  const { trigger = 'closed', isCodedOnly = false } = options;
  return summaryOf({ requestKey, resources, trigger, isCodedOnly, displays, definitions })!;
}

/** A whole document, as it is kept. */
export async function documentOf(
  resources: readonly Identified[],
  requestKey: string,
  options: Parameters<typeof summed>[2] & { readonly replaces?: string } = {},
): Promise<{
  readonly summary: Summary;
  readonly bundle: Bundle;
  readonly html: string;
  readonly pdf: Buffer;
}> {
  const { replaces, ...rest } = options;
  const facts = { ...FACTS, ...(replaces === undefined ? {} : { replaces }) };
  const summary = summed(resources, requestKey, rest);
  const html = documentHtml(summary, facts);
  const pdf = await documentPdf(summary, facts);
  const bundle = documentBundle({
    summary,
    requestKey,
    resources,
    facts,
    madeMs: MADE_MS,
    type: TYPE,
    pdf,
    html,
  });
  return { summary, bundle, html, pdf };
}
