/** Turns what holds of a person now, and what is kept of it, into the changes that bring the entries in step. Pure. */
import { canonicalJson } from '../../fhir/digest.ts';
import {
  type Blocked,
  type CodedContent,
  type EntryState,
  entryIdOf,
  factOf,
  factUnder,
  type KeptEntry,
  type PlannedEntry,
} from './entry.ts';

/** An event with its author, for whom and where it would be filed now. */
export interface Standing {
  readonly content: CodedContent;
  readonly practice: string | undefined;
  readonly blocked: Blocked | undefined;
}

export interface Planning {
  readonly now: readonly Standing[];
  readonly kept: readonly KeptEntry[];
  /** NHS numbers that are, or were, the person's; undefined where nobody is known under the person's id any more */
  readonly numbers: ReadonlySet<string> | undefined;
  /**
   * What a kept entry is now, whatever the resource says of its day: of a lasting rule, as long as that is there and not in
   * error; of one that keeps the first day, as long as it still happened and was not taken out of the record.
   */
  readonly standingOf: (content: CodedContent, isTakenOut: boolean) => Standing | undefined;
  /** who does the work of a practice now: what is taken out of a closed one's records, its successor takes out */
  readonly workedBy?: ((practice: string) => string) | undefined;
  /** false of what no rule asks for as configured today: what is in a list of it stays in the record */
  readonly governs: (content: CodedContent) => boolean;
}

/** An entry to be written; `from` is the state that it must still be in. */
export type EntryChange =
  | { readonly kind: 'put'; readonly entry: PlannedEntry; readonly from: 'none' | 'due' | 'withdrawn' }
  | {
      readonly kind: 'mark';
      readonly entry: PlannedEntry;
      readonly from: EntryState;
      readonly state: EntryState;
      readonly blocked: Blocked | undefined;
    };

/** Planned twice, the second time changes nothing. */
export function planEntries(planning: Planning): readonly EntryChange[] {
  const rows = new Map(planning.kept.map((one) => [`${one.fact} ${one.action}`, one]));
  const additions = planning.kept.filter(({ action }) => action === 'add');
  const now = currentFacts(planning, additions);
  const changes = [...now].flatMap(([fact, standing]) => held(fact, standing, rows));
  const gone = additions.filter(({ fact }) => !now.has(fact));
  return [...changes, ...gone.flatMap((addition) => takenBack(addition, rows, planning))];
}

/** What holds now by its fact: of lasting rules as it was first known, for another NHS number under a fact of its own. */
function currentFacts(
  { now, numbers, kept, standingOf }: Planning,
  additions: readonly KeptEntry[],
): ReadonlyMap<string, Standing> {
  const facts = new Map<string, Standing>();
  const lasting = new Set<string>();
  const put = (fact: string, standing: Standing): void => {
    const before = additions.find((one) => one.fact === fact);
    const wrong =
      before && isOfAnother(before, numbers)
        ? factUnder(fact, standing.content.person?.nhsNumber ?? '')
        : fact;
    facts.set(wrong, standing);
  };
  const takenOut = new Set(
    kept.flatMap(({ action, batch, fact }) => (action === 'remove' && batch !== undefined ? [fact] : [])),
  );
  for (const { content, state, fact } of [...additions].sort(byDay)) {
    const standing = state === 'withdrawn' ? undefined : standingOf(content, takenOut.has(fact));
    if (!standing || lasting.has(happeningOf(content))) continue;
    lasting.add(happeningOf(content));
    put(factOf(content), standing);
  }
  for (const standing of now)
    if (!lasting.has(happeningOf(standing.content))) put(factOf(standing.content), standing);
  return facts;
}

/** What names no day comes last. */
function byDay({ content: a }: KeptEntry, { content: b }: KeptEntry): number {
  return (a.day ?? '~') < (b.day ?? '~') ? -1 : Number((a.day ?? '~') > (b.day ?? '~'));
}

function happeningOf({ rule, source, subject }: CodedContent): string {
  return JSON.stringify([rule, source.type, source.id, subject]);
}

/** It is in a list under a number that is none of the person's. */
function isOfAnother({ batch, content }: KeptEntry, numbers: ReadonlySet<string> | undefined): boolean {
  const number = content.person?.nhsNumber;
  return batch !== undefined && number !== undefined && numbers !== undefined && !numbers.has(number);
}

type Rows = ReadonlyMap<string, KeptEntry>;

function held(fact: string, { content, practice, blocked }: Standing, rows: Rows): EntryChange[] {
  const addition = rows.get(`${fact} add`);
  const removal = rows.get(`${fact} remove`);
  const id = entryIdOf(fact, practice);
  const entry: PlannedEntry = { fact, action: 'add', id, state: 'due', blocked, practice, content };
  if (!addition) return [{ kind: 'put', entry, from: 'none' }];
  if (addition.state === 'due') return isSame(addition, entry) ? [] : [{ kind: 'put', entry, from: 'due' }];
  if (addition.state === 'withdrawn')
    return addition.batch === undefined ? [{ kind: 'put', entry, from: 'withdrawn' }] : [];
  if (removal?.state === 'due')
    return [{ kind: 'mark', entry: removal, from: 'due', state: 'withdrawn', blocked: undefined }];
  const isBack = removal !== undefined && removal.batch !== undefined;
  return isBack && addition.blocked !== 'again' ? [marked(addition, addition.state, 'again')] : [];
}

function takenBack(addition: KeptEntry, rows: Rows, { numbers, governs, workedBy }: Planning): EntryChange[] {
  const removal = rows.get(`${addition.fact} remove`);
  if (addition.state === 'withdrawn') return [];
  if (addition.state === 'due') return [marked(addition, 'withdrawn', undefined)];
  // nobody is known any more: what was filed of them is theirs and the practice's
  if (numbers === undefined || !governs(addition.content)) return [];
  const entry = removalOf(addition, workedBy);
  if (removal && removal.state !== 'withdrawn')
    return [
      ...(addition.blocked === undefined ? [] : [marked(addition, addition.state, undefined)]),
      ...(removal.state === 'due' && removal.practice !== entry.practice
        ? [{ kind: 'put', entry, from: 'due' } as const]
        : []),
    ];
  if (addition.state === 'rejected') return removal ? [] : [marked(addition, 'withdrawn', undefined)];
  if (!removal) return [{ kind: 'put', entry, from: 'none' }];
  return removal.batch === undefined ? [{ kind: 'put', entry, from: 'withdrawn' }] : [];
}

/** Under the id of the addition, whoever takes it out. */
function removalOf({ fact, id, practice, content }: KeptEntry, workedBy: Planning['workedBy']): PlannedEntry {
  const at = practice === undefined ? undefined : (workedBy?.(practice) ?? practice);
  return { fact, action: 'remove', id, state: 'due', blocked: undefined, practice: at, content };
}

function marked(entry: KeptEntry, state: EntryState, blocked: Blocked | undefined): EntryChange {
  return { kind: 'mark', entry, from: entry.state, state, blocked };
}

function isSame(kept: KeptEntry, entry: PlannedEntry): boolean {
  const said = ({ id, blocked, practice, content }: PlannedEntry): string =>
    canonicalJson({ id, blocked, practice, content });
  return said(kept) === said(entry);
}
