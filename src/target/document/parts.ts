/** Turns a summary into the parts of a document in reading order: one list for HTML, PDF and the sections of a Composition. */
import type { Party, ScoreCourse, Summary } from '../../referral/summary/content.ts';
import { counted, figure } from '../../referral/summary/words.ts';
import { type Chart, chartsOf } from './chart.ts';

/** A piece of a section. */
export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  /** name and value, side by side */
  | { readonly kind: 'facts'; readonly facts: readonly (readonly [name: string, value: string])[] }
  | {
      readonly kind: 'table';
      readonly caption: string;
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
    }
  | { readonly kind: 'charts'; readonly charts: readonly Chart[] };

/** What a section speaks of: a Composition names the resources of each. */
export type Topic =
  | 'actions'
  | 'summary'
  | 'people'
  | 'reasons'
  | 'support'
  | 'contacts'
  | 'outcomes'
  | 'matters'
  | 'closure'
  | 'about';

export interface Section {
  readonly topic: Topic;
  readonly title: string;
  readonly blocks: readonly Block[];
  /** `safety` stands out, before all else */
  readonly tone?: 'safety' | 'action';
}

/** What the document says of itself. */
export interface DocumentFacts {
  /** the same for a document, whichever way it goes */
  readonly reference: string;
  /** in UK form */
  readonly made: string;
  /** it takes the place of an earlier one */
  readonly replaces?: string;
}

/** @returns sections with something in them, actions first */
export function partsOf(summary: Summary, facts: DocumentFacts): readonly Section[] {
  return [
    actionsIn(summary),
    section('summary', 'In short', text(summary.headline)),
    section('people', 'Who', { kind: 'facts', facts: peopleIn(summary) }),
    section('reasons', 'Why referred', list(summary.reasons)),
    supportIn(summary),
    section('contacts', 'Contact', ...contactsIn(summary)),
    // before the person's own words, so that as a rule the chart is on the first page
    section('outcomes', 'Outcomes', ...outcomesIn(summary)),
    section(
      'matters',
      'What matters to the person',
      list(summary.whatMatters),
      list(summary.ownWords, quoted),
    ),
    section(
      'closure',
      'How it ended',
      { kind: 'facts', facts: closureIn(summary) },
      list(summary.closure ? summary.plan : []),
    ),
    section('about', 'About this document', list(aboutIn(summary, facts))),
  ].filter(({ blocks }) => blocks.length > 0);
}

function section(topic: Topic, title: string, ...blocks: readonly Block[]): Section {
  return { topic, title, blocks: blocks.filter((block) => !isEmpty(block)) };
}

function isEmpty(block: Block): boolean {
  switch (block.kind) {
    case 'text':
      return block.text === '';
    case 'list':
      return block.items.length === 0;
    case 'facts':
      return block.facts.length === 0;
    case 'table':
      return block.rows.length === 0;
    case 'charts':
      return block.charts.length === 0;
  }
}

function text(words: string): Block {
  return { kind: 'text', text: words };
}

function list(items: readonly string[], as: (item: string) => string = (item) => item): Block {
  return { kind: 'list', items: items.map(as) };
}

function quoted(words: string): string {
  return `“${words}”`;
}

function actionsIn({ actions, notices }: Summary): Section {
  const safety = actions.some(({ isSafety }) => isSafety);
  const blocks: Block[] = [
    actions.length > 0
      ? list(actions.map(({ text, isSafety }) => (isSafety ? `Safety: ${text}` : text)))
      : text('Nothing is asked of the practice. This is for the record.'),
    list(notices, (notice) => `Please note: ${notice}`),
  ];
  return {
    ...section('actions', 'What the practice is asked to do', ...blocks),
    ...(safety ? { tone: 'safety' } : actions.length > 0 ? { tone: 'action' } : {}),
  } as Section;
}

type Fact = readonly [name: string, value: string];

function peopleIn({ person, linkWorker, referrer, practice, referred, accepted }: Summary): readonly Fact[] {
  const facts: (readonly [string, string | undefined])[] = [
    ['Person', personIn(person)],
    ['Link worker', named(linkWorker)],
    ['Referred by', named(referrer)],
    ['GP practice', named(practice)],
    [
      'Referred on',
      accepted === undefined ? referred : `${referred ?? 'a day not known'}, accepted ${accepted}`,
    ],
  ];
  return facts.filter((fact): fact is Fact => fact[1] !== undefined && fact[1] !== '');
}

function personIn({ name, nhsNumber, born, died }: Summary['person']): string {
  return [
    name,
    nhsNumber === undefined ? 'NHS number not verified' : `NHS number ${nhsNumber}`,
    born && `born ${born}`,
    died && `died ${died}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** `Test Linkworker, community link worker, Riverside Link Workers (Y99002); 01632 960001` */
function named({ name, role, organisation, odsCode, phone, email }: Party): string {
  const place = organisation && odsCode ? `${organisation} (${odsCode})` : organisation;
  const who = [name, role, place].filter((part) => part !== undefined).join(', ');
  return [who, phone, email].filter((part) => part !== undefined && part !== '').join('; ');
}

function supportIn({ support }: Summary): Section {
  const rows = support.map(({ date = '', what, where, state, note }) => {
    const place = where !== undefined && where !== what ? `: ${where}` : '';
    return [date, `${what}${place}${note === undefined ? '' : ` (${note})`}`, state];
  });
  const caption = 'What was offered, and what became of it';
  return section('support', 'Support', { kind: 'table', caption, head: ['Date', 'Support', 'State'], rows });
}

function contactsIn({ contacts }: Summary): readonly Block[] {
  const { attended, missed, first, last, ways, counted: said } = contacts;
  const count = Math.max(attended, said ?? 0);
  if (count + missed === 0) return [];
  const when = first === undefined ? '' : first === last ? `, on ${first}` : `, from ${first} to ${last}`;
  const more = said !== undefined && said > attended ? ` ${attended} of these are recorded one by one.` : '';
  const how = ways.length > 0 ? ` ${ways.join(', ')}.` : '';
  return [text(`${counted(count, 'contact')} kept, ${missed} missed${when}.${more}${how}`)];
}

function outcomesIn({ scores, outcomes, goals }: Summary): readonly Block[] {
  return [
    { kind: 'charts', charts: chartsOf(scores) },
    {
      kind: 'table',
      caption: 'Scores, first and last',
      head: ['Score', 'First', 'Last', 'Change'],
      rows: scores.map(scoreRow),
    },
    list(outcomes),
    {
      kind: 'table',
      caption: 'Goals of the person',
      head: ['Goal', 'How far'],
      rows: goals.map((goal) => [goal.text, goal.achievement]),
    },
  ];
}

function scoreRow({ name, points, change, meaning, reading }: ScoreCourse): readonly string[] {
  const told = ({ value, date, band }: ScoreCourse['points'][number]): string =>
    `${figure(value)}${band === undefined ? '' : ` ${band.toLowerCase()}`} (${date})`;
  const sign = change !== undefined && change > 0 ? '+' : '';
  const changed =
    change === undefined ? 'taken once' : `${sign}${figure(change)}${meaning ? `, ${meaning}` : ''}`;
  return [
    reading === undefined ? name : `${name} (${reading})`,
    told(points[0]!),
    points.length > 1 ? told(points.at(-1)!) : '–',
    changed,
  ];
}

function closureIn({ closure }: Summary): readonly Fact[] {
  if (closure === undefined) return [];
  const facts: (readonly [string, string | undefined])[] = [
    ['State', closure.state],
    ['Reason', closure.reason],
    ['Date', closure.date],
  ];
  return facts.filter((fact): fact is Fact => fact[1] !== undefined);
}

function aboutIn({ isCodedOnly, isRestricted }: Summary, facts: DocumentFacts): readonly string[] {
  const { reference, made, replaces } = facts;
  return [
    `Made ${made}. Reference ${reference}. File it once, whichever way it arrives.`,
    ...(replaces === undefined ? [] : [`It replaces the document with the reference ${replaces}.`]),
    ...(isCodedOnly
      ? ['The person agreed to codes, numbers and dates only: nothing written about them is in it.']
      : []),
    ...(isRestricted ? ['The record of this person is restricted: take care with whom it is shared.'] : []),
  ];
}
