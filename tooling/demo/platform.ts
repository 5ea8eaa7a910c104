/** Turns journeys into the JSON records that a case-management platform sends, one a line. */
import { addDays, addMinutes, londonTime } from './calendar.ts';
import type { Contact, Form, Need, Onward, Referral, Support } from './journey-types.ts';
import { NEEDS } from './menu.ts';
import { SERVICES } from './places.ts';
import { answersOf } from './platform-answers.ts';
import * as codes from './platform-codes.ts';
import { clientOf, type Json, placeOf, referredByOf, workerOf } from './platform-people.ts';
import { goalDay } from './support.ts';

/** The platform's records, by kind. */
export interface Records {
  readonly referral: Json[];
  readonly contact: Json[];
  readonly questionnaire: Json[];
  readonly support: Json[];
  readonly outcome: Json[];
}

const at = (date: string, clock: string): string => londonTime(`${date}T${clock}`);
const lower = (code: string): string => code.toLowerCase().replaceAll('_', '-');

/** Appends a referral and everything that happened in it to the records. */
export function addRecords(records: Records, referral: Referral): void {
  const ids = { clientId: clientOf(referral.person).id, referralId: referralId(referral) };
  const worker = referral.linkWorker && workerOf(referral.linkWorker);
  records.referral.push(referralRecord(referral));
  referral.contacts.forEach((contact, i) => {
    records.contact.push({
      updatedAt: at(contact.start.slice(0, 10), '17:30'),
      contact: { id: `con-${referral.number}-${i + 1}`, ...ids, ...contactPart(contact, i) },
      worker,
    });
  });
  referral.forms.forEach((form, i) => {
    records.questionnaire.push({
      updatedAt: at(form.on, '17:30'),
      form: { id: `frm-${referral.number}-${i + 1}`, ...ids, ...formPart(form) },
      worker,
    });
  });
  referral.support.forEach((support, i) => {
    records.support.push({
      updatedAt: at(support.on, '17:30'),
      support: { id: `sup-${referral.number}-${i + 1}`, ...ids, ...supportPart(referral, support) },
      worker,
    });
  });
  if (referral.closure)
    records.outcome.push({
      updatedAt: at(referral.closure.on, '17:05'),
      closure: { id: `clo-${referral.number}`, ...ids, ...closurePart(referral) },
      worker,
    });
}

function referralId(referral: Referral): string {
  return `ref-${String(referral.number).padStart(5, '0')}`;
}

function concern(need: Need, detail?: string): Json {
  return {
    id: need,
    code: codes.CONCERN[need],
    detail: detail ?? (codes.CONCERN[need] === 'OTHER' ? NEEDS[need].reason : undefined),
  };
}

function referralRecord(referral: Referral): Json {
  const { status, statusOn, acceptedOn, service } = referral;
  return {
    eventId: `evt-${referral.number}`,
    updatedAt: at(statusOn, '17:05'),
    referral: {
      id: referralId(referral),
      type: referral.intent === 'referred' ? 'REFERRED' : 'RECOMMENDED',
      state: codes.STATE[status],
      stateReason: codes.REASON[status],
      stateSince: at(statusOn, '16:45'),
      acceptedAt: acceptedOn && at(acceptedOn, '08:45'),
      createdAt: at(referral.referredOn, '09:10'),
      urgency: referral.urgent ? 'URGENT' : 'ROUTINE',
      channel: codes.CHANNEL[referral.referredBy],
      concerns: referral.needs.map((need, i) => concern(need, i === 0 ? referral.reason : undefined)),
      domains: [...new Set(referral.needs.map((need) => codes.DOMAIN[NEEDS[need].determinant]))],
      whatMatters: referral.whatMatters,
      handedOverFrom: referral.follows && referralId(referral.follows),
    },
    client: clientOf(referral.person),
    referredBy: referredByOf(referral),
    service: placeOf(SERVICES[service], codes.SERVICE_TYPE[service]),
    worker: referral.linkWorker && workerOf(referral.linkWorker),
    onward:
      referral.onward.length > 0
        ? referral.onward.map((onward, i) => onwardPart(referral, onward, i))
        : undefined,
    consents: consentsOf(referral),
  };
}

function consentsOf({ consents }: Referral): Json[] {
  const list = (
    [
      ['REFERRAL', consents.refer],
      ['GP_RECORD', consents.share],
      ['RESEARCH', consents.research],
    ] as const
  ).map(
    ([topic, said]) =>
      said && {
        topic,
        answer: codes.ANSWER[said],
        at: at((said === 'withdrawn' ? consents.withdrawnOn : undefined) ?? consents.on, '09:15'),
        codesOnly: said === 'coded' ? true : undefined,
      },
  );
  return list.filter((consent) => consent !== undefined);
}

function onwardPart(referral: Referral, onward: Onward, i: number): Json {
  return {
    id: `onw-${referral.number}-${i + 1}`,
    state: codes.ONWARD_STATE[onward.status],
    madeAt: at(onward.on, '15:00'),
    activity: {
      id: lower(onward.activity).replaceAll(/[^a-z0-9]+/g, '-'),
      name: onward.activity,
      category: 'SOCIAL_GROUP',
      provider: {
        id: lower(onward.provider).replaceAll(/[^a-z0-9]+/g, '-'),
        name: onward.provider,
        type: 'VCSE',
      },
    },
    concerns: onward.need && [concern(onward.need)],
  };
}

function contactPart(contact: Contact, i: number): Json {
  const kept = contact.attended === 'attended';
  return {
    start: londonTime(contact.start),
    end: kept ? londonTime(addMinutes(contact.start, contact.minutes)) : undefined,
    minutes: kept ? contact.minutes : undefined,
    channel: codes.CONTACT_CHANNEL[contact.mode],
    kind: i === 0 ? 'First meeting' : undefined,
    outcome: codes.ATTENDED[contact.attended],
    outcomeReason: kept ? undefined : contact.attended === 'missed' ? 'NO_REPLY' : 'UNWELL',
    sessionId: contact.session,
    remarks: contact.note,
  };
}

function formPart(form: Form): Json {
  return {
    tool: codes.TOOL[form.instrument],
    completedAt: at(form.on, '12:00'),
    point: form.point === 'baseline' ? 'START' : 'REVIEW',
    filledInBy: 'CLIENT',
    ...answersOf(form),
  };
}

function goalId(referral: Referral): string {
  return `goal-${referral.number}`;
}

function supportPart(referral: Referral, support: Support): Json {
  const isPlan = support.type === 'plan';
  const goal = {
    id: goalId(referral),
    statement: referral.goal,
    agreedOn: support.on,
    targetOn: goalDay(support.on),
  };
  return {
    category: codes.CATEGORY[support.type],
    state: 'GIVEN',
    on: support.on,
    concerns: support.need && [concern(support.need)],
    whatMatters: isPlan ? referral.whatMatters : undefined,
    reviewOn: isPlan ? addDays(support.on, 42) : undefined,
    goals: isPlan && referral.goal ? [goal] : undefined,
  };
}

function closurePart(referral: Referral): Json {
  const closure = referral.closure!;
  const met = referral.contacts.filter((contact) => contact.attended === 'attended');
  return {
    state: codes.STATE[closure.reason],
    stateReason: codes.REASON[closure.reason],
    closedAt: at(closure.on, '16:45'),
    firstContactAt: met[0] && londonTime(met[0].start),
    lastContactAt: met.at(-1) && londonTime(met.at(-1)!.start),
    contacts: met.length,
    results: closure.changes.map(([determinant, change]) => ({
      id: determinant,
      domain: codes.DOMAIN[determinant],
      change: codes.CHANGE[change],
    })),
    goals: closure.goalMet
      ? [{ id: goalId(referral), progress: codes.PROGRESS[closure.goalMet], progressOn: closure.on }]
      : undefined,
    ownWords: closure.story,
    gpAction: closure.forGp,
    practiceId: closure.forGp ? referral.person.practice.ods : undefined,
  };
}
