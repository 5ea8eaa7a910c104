/** Says which fields of a record take codes, and the ConceptMap that lists them, so that generated records speak in codes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConceptMap } from '@medplum/fhirtypes';
import { ROOT } from '../../src/cli/load.ts';

/** Names of ConceptMaps of the source, by dotted path of the field, or by its name where that is the same everywhere. */
const CODE_LISTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  spreadsheet: {
    'NHS No checked': 'nhs-number-status',
    'No NHS No because': 'nhs-number-unavailable',
    Gender: 'gender',
    Ethnicity: 'ethnicity',
    Language: 'language',
    'Contact by': 'contact-by',
    'Be aware': 'alert',
    'Referred by': 'referral-source',
    'Referrer is their': 'relationship',
    'Referred or recommended': 'intent',
    Urgency: 'urgency',
    Reasons: 'need',
    Status: 'status',
    'Status reason': 'status-reason',
    'OK to refer': 'consent',
    'OK to share with GP': 'consent',
    'OK for research': 'consent',
    How: 'contact-mode',
    Attended: 'attendance',
    'Why not': 'status-reason',
    Questionnaire: 'instrument',
    When: 'stage',
    'Filled in by': 'filled-in-by',
    What: 'support-kind',
    Outcome: 'support-status',
    'How it ended': 'ending',
    Why: 'status-reason',
    Work: 'change',
    Social: 'change',
    Learning: 'change',
    Crime: 'change',
    Housing: 'change',
    Legal: 'change',
    Money: 'change',
    Welfare: 'change',
    'What changed': 'outcome',
    'Goal reached': 'goal-reached',
  },
  platform: {
    type: 'organisation-type',
    jobRole: 'job-role',
    code: 'concern',
    domain: 'domain',
    progress: 'progress',
    category: 'category',
    stateReason: 'reason',
    topic: 'consent-topic',
    answer: 'consent-answer',
    state: 'state',
    'referral.type': 'referral-type',
    'referral.urgency': 'urgency',
    'referral.channel': 'channel',
    'referral.domains': 'domain',
    'client.nhsNumberTrace': 'trace',
    'client.noNhsNumberReason': 'no-number',
    'client.gender': 'gender',
    'client.preferences.method': 'contact-method',
    'client.alerts.type': 'alert-type',
    'referredBy.relative.relation': 'relation',
    'contact.channel': 'contact-channel',
    'contact.outcome': 'attendance',
    'contact.outcomeReason': 'reason',
    'form.tool': 'tool',
    'form.point': 'point',
    'form.filledInBy': 'filled-in-by',
    'support.state': 'support-state',
    'closure.results.outcome': 'result',
    'closure.results.change': 'change',
  },
  'open-referral-uk': { status: 'status', check: 'check', state: 'check-status' },
};

const tables = new Map<string, ReadonlyMap<string, string | undefined>>();

/** @returns the codes of a field's list, and what each means; undefined for a field of free text */
function tableOf(source: string, path: string): ReadonlyMap<string, string | undefined> | undefined {
  const lists = CODE_LISTS[source] ?? {};
  const name = lists[path] ?? lists[path.slice(path.lastIndexOf('.') + 1)];
  if (name === undefined) return undefined;
  const file = join(ROOT, `mappings/${source}/${name}.conceptmap.json`);
  const known = tables.get(file) ?? readTable(file);
  tables.set(file, known);
  return known;
}

function readTable(file: string): ReadonlyMap<string, string | undefined> {
  const { group = [] } = JSON.parse(readFileSync(file, 'utf8')) as ConceptMap;
  return new Map(
    group.flatMap(({ element }) => element.map(({ code, target }) => [code!, target?.[0]?.code] as const)),
  );
}

/** @returns the words that a field takes; undefined for a field of free text */
export function wordsOf(source: string, path: string): readonly string[] | undefined {
  const table = tableOf(source, path);
  return table && [...table.keys()];
}

/** @returns the code that a word of a field has; undefined for one that is on no list */
export function codeOf(source: string, path: string, word: unknown): string | undefined {
  return tableOf(source, path)?.get(`${word}`);
}
