/** Turns the table of referral states into docs/referral-states.md, for whoever sends referrals; a test holds the page against the table. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REQUEST_STATUSES } from '../src/referral/agreement.ts';
import {
  type Effects,
  REFERRAL_ACTORS,
  REFERRAL_EVENTS,
  REFERRAL_STATES,
  type ReferralActor,
  type ReferralEvent,
  type ReferralState,
  TRANSITIONS,
  transitionOf,
} from '../src/referral/states.ts';

export const PAGE = join(import.meta.dirname, '../docs/referral-states.md');

const LETTERS: Readonly<Record<ReferralActor, string>> = {
  referrer: 'R',
  service: 'S',
  'receiving-service': 'N',
};

const ACTORS: Readonly<Record<ReferralActor, string>> = {
  referrer:
    'who referred: Task.requester. The person in a self-referral, the first service in a hand-over, the link worker in an onward referral',
  service: 'who was asked: Task.owner',
  'receiving-service': 'Task.owner of the Task that takes over in a hand-over',
};

const STATES: Readonly<Record<ReferralState, string>> = {
  none: 'nothing is known of the referral',
  draft: 'offered to the person, who has not answered',
  requested: 'sent to the service',
  received: 'the service has it and has not decided',
  accepted: 'the service has taken the person on; the episode begins',
  rejected: 'the service did not take the person on',
  cancelled: 'ended before the service took the person on, or by the referrer before the first contact',
  'in-progress': 'the service is in contact, or tries to be: Task.businessStatus counts the attempts',
  'on-hold': 'paused',
  failed: 'ended after the service took the person on, without being completed',
  completed: 'the support is done, or another service has taken over',
  'entered-in-error': 'should never have been',
};

/** What each event means, and what a change of the Task is read as it. */
const EVENTS: Readonly<Record<ReferralEvent, readonly [meaning: string, change: string]>> = {
  offered: ['the person is offered a referral', 'status becomes `draft`'],
  referred: ['the referral is sent', 'status becomes `requested`'],
  'self-referred': [
    'the person asks for themselves',
    'status becomes `requested`, and the requester is the Patient',
  ],
  declined: [
    'the person says no to an offer',
    'status goes from `draft` to `cancelled`; reason `declined` (SNOMED CT 871711000000103)',
  ],
  withdrawn: [
    'the person no longer wishes it',
    'status becomes `cancelled` or `failed`; reason `withdrawn`, `declined` or `person-request`',
  ],
  died: ['the person has died', 'status becomes `cancelled` or `failed`; reason `died`'],
  moved: ['the person has moved away', 'status becomes `cancelled` or `failed`; reason `moved`'],
  received: ['the service has it', 'status becomes `received`'],
  accepted: ['the service takes the person on', 'status becomes `accepted`'],
  rejected: [
    'the service does not take the person on: not eligible, out of area, no capacity, a duplicate',
    'status becomes `rejected`; the reason says why',
  ],
  cancelled: ['the referrer takes it back', 'status becomes `cancelled`; any other reason'],
  'contact-attempted': [
    'the service tries to reach the person',
    'status goes from `accepted` to `in-progress`, or businessStatus changes',
  ],
  'put-on-hold': ['the support pauses', 'status becomes `on-hold`; the reason says why'],
  resumed: ['the support goes on', 'status goes from `on-hold` to `in-progress`'],
  'could-not-be-contacted': [
    'the person could not be reached',
    'status becomes `failed`; reason `no-contact` or `no-reply`',
  ],
  'hand-over-offered': [
    'another service is asked to take over',
    'a new ServiceRequest is basedOn this one, with a Task of its own',
  ],
  'hand-over-accepted': [
    'the other service has accepted',
    'status becomes `completed`, with an output `hand-over` that names the new ServiceRequest',
  ],
  'hand-over-refused': [
    'the other service did not accept: the first still holds the person',
    'the new Task becomes `rejected` or `cancelled`',
  ],
  completed: ['the support is done', 'status becomes `completed`'],
  'entered-in-error': ['it should never have been', 'status becomes `entered-in-error`'],
};

const EPISODES: Readonly<Record<NonNullable<Effects['episode']>, string>> = {
  begins: 'the episode begins',
  ends: 'the episode ends',
  finished: 'the episode is finished',
  'entered-in-error': 'the episode likewise',
};

function alsoOf({ reasonRequired, request, episode, attempt, worklist }: Effects): string {
  const parts = [
    reasonRequired && 'Task.statusReason is required',
    request && `ServiceRequest ${request}`,
    episode && EPISODES[episode],
    attempt && (attempt === 'first' ? 'attempt 1' : 'attempt n + 1'),
    worklist && 'an item on the worklist',
  ];
  return parts.filter(Boolean).join('; ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function cellOf(state: ReferralState, event: ReferralEvent): string {
  const row = transitionOf(state, event);
  if (!row) return '';
  return `${REFERRAL_ACTORS.filter((one) => row.by.includes(one))
    .map((one) => LETTERS[one])
    .join(' ')} → ${row.effects.state}`;
}

function transitionRows(): string[][] {
  return TRANSITIONS.map(({ from, event, by, effects }) => [
    from.length > 6 ? 'any but entered-in-error' : from.join(', '),
    event,
    by.join(', '),
    effects.state,
    alsoOf(effects),
  ]);
}

const RULES: readonly (readonly [rule: string, meaning: string])[] = [
  [
    'referral-transition',
    'error: the state cannot follow the one that is stored. The text lists what can, by whom, and what to send instead',
  ],
  ['referral-actor', 'error: the step is one of the table, and this sender may not tell it'],
  ['referral-status', 'error: Task.status is no state of a referral (`ready`)'],
  [
    'referral-reason',
    'Task.statusReason is missing: an error of what is asked by the API, a warning of what a source reports',
  ],
  [
    'referral-agreement',
    'ServiceRequest.status and Task.status do not go together: an error where one record holds both; where the other is stored, an item on the worklist that settles itself when the other follows',
  ],
  [
    'referral-hand-over',
    'error: the first Task is completed before the second is accepted. Warnings: a hand-over was not taken; it was offered of a referral that has ended; Task.owner changed while a service held the person',
  ],
  ['referral-after-death', 'warning: the record says that the person has died, and the referral is open'],
];

/** @returns the page */
export function referralPage(): string {
  const states = REFERRAL_STATES.map((state) => [
    `\`${state}\``,
    STATES[state],
    state === 'none' ? '' : REQUEST_STATUSES[state].join(', '),
  ]);
  return `# The states of a referral

This page is written by \`node tooling/referral-states.ts\` from the table in \`src/referral/states.ts\`, which is what the adapter goes by.

A referral is a ServiceRequest and the Task that fulfils it (Task.code \`fulfill\`, Task.focus the ServiceRequest). Task.status says how far it has come. An onward referral to an activity is one as well: its Task is part of the referral's Task, and has a course of its own; neither ends the other.

## States

${table(['Task.status', 'Means', 'ServiceRequest.status with it'], states)}

## Who says it

${table(
  ['', 'Party', 'Is'],
  REFERRAL_ACTORS.map((actor) => [LETTERS[actor], actor, ACTORS[actor]]),
)}

A case-management system records what every party did, and so may tell every step; \`speaksFor\` of a source or target in hedgerow.config.json narrows that.

## Events

${table(
  ['Event', 'Means', 'How it shows in the Task'],
  REFERRAL_EVENTS.map((event) => [event, ...EVENTS[event]]),
)}

Reasons are codes of the CodeSystems referral-status and status-reason in Task.statusReason; a code of referral-status, which names the event, goes before one of status-reason, which implies it.

## What may follow what

${table(['From', 'Event', 'By', 'To', 'Also'], transitionRows())}

The same by state. A cell says who may tell the event (R, S, N as above) and what the referral becomes; an empty one is refused.

${table(
  ['State', ...REFERRAL_EVENTS],
  REFERRAL_STATES.map((state) => [state, ...REFERRAL_EVENTS.map((event) => cellOf(state, event))]),
)}

## What comes from a source

- The first record of a referral may stand in any state: it tells of what was before the adapter.
- A source whose records say how a referral stands, and not each step, declares \`"backload": true\` in its source.json. Then \`requested\`, followed by \`completed\`, is taken: the states between (\`accepted\`, \`in-progress\`) are written to the Task's history in order, and only the last version is sent. Without it the missing step refuses the record.
- What is older, by the time that the source itself names, takes nothing back: completed, and then a late accepted, stays completed.
- \`cancelled\` with \`withdrawn\`, \`declined\`, \`died\` or \`moved\` is read as \`failed\` once the service has accepted.
- A record that is refused is kept whole on the worklist, with the reason; sent again, mended, it settles the item. A change of the Task that leaves its state alone is never refused for the state.
- A change that comes back from an EHR is held to the same table.

## Rules

${table(
  ['Rule', 'Says'],
  RULES.map(([rule, meaning]) => [`\`${rule}\``, meaning]),
)}
`;
}

if (import.meta.main) writeFileSync(PAGE, referralPage());
