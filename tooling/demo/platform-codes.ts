/** The code lists of the case-management platform for each thing of a journey. */
import type { Instrument } from './instruments.ts';
import type {
  Closure,
  Consents,
  Contact,
  Determinant,
  Need,
  Onward,
  ReferredBy,
  Status,
  SupportType,
} from './journey-types.ts';
import type { ContactBy, Gender } from './person.ts';
import type { Service } from './places.ts';

type Codes<T extends string> = Readonly<Record<T, string>>;

export const GENDER: Codes<Gender> = { female: 'F', male: 'M', other: 'X', unknown: 'U' };
export const METHOD: Codes<ContactBy> = { telephone: 'PHONE', email: 'EMAIL', letter: 'LETTER', sms: 'SMS' };
export const STATE: Codes<Status> = {
  offered: 'OFFERED',
  declined: 'DECLINED',
  requested: 'NEW',
  rejected: 'REJECTED',
  accepted: 'ACCEPTED',
  'in-progress': 'OPEN',
  'on-hold': 'PAUSED',
  completed: 'CLOSED',
  'handed-over': 'CLOSED',
  withdrawn: 'WITHDRAWN',
  'not-reached': 'UNREACHABLE',
  moved: 'MOVED',
  died: 'DIED',
};
export const REASON: Readonly<Partial<Record<Status, string>>> = {
  declined: 'CLIENT_WISH',
  rejected: 'OUT_OF_AREA',
  'on-hold': 'UNWELL',
  completed: 'NEEDS_MET',
  'handed-over': 'ELSEWHERE',
  withdrawn: 'CLIENT_WISH',
  'not-reached': 'NO_REPLY',
  moved: 'MOVED',
  died: 'DIED',
};
export const CHANNEL: Codes<ReferredBy> = {
  gp: 'GP',
  nurse: 'NURSE',
  hospital: 'HOSPITAL',
  'social-worker': 'SOCIAL_WORKER',
  school: 'SCHOOL',
  family: 'FAMILY',
  self: 'SELF',
  'link-worker': 'HOSPITAL',
};
export const REFERRER_ROLE: Readonly<Partial<Record<ReferredBy, string>>> = {
  gp: 'GP',
  nurse: 'NURSE',
  hospital: 'NURSE',
  'social-worker': 'SOCIAL_WORKER',
  school: 'TEACHER',
  'link-worker': 'SPLW_HOSPITAL',
};
export const WORKER_ROLE: Codes<Service> = {
  community: 'SPLW_COMMUNITY',
  hospital: 'SPLW_HOSPITAL',
  'young-people': 'SPLW_YOUTH',
};
export const SERVICE_TYPE: Codes<Service> = {
  community: 'COMMUNITY_SP',
  hospital: 'HOSPITAL_SP',
  'young-people': 'YOUTH_SP',
};
export const CONCERN: Codes<Need> = {
  loneliness: 'LONELY',
  isolation: 'ISOLATED',
  caring: 'CARER',
  bereavement: 'GRIEF',
  money: 'MONEY',
  debt: 'DEBT',
  benefits: 'BENEFITS',
  housing: 'HOUSING',
  homeless: 'HOMELESS',
  'fuel-poverty': 'HOUSING',
  unemployment: 'NO_WORK',
  volunteering: 'OTHER',
  skills: 'LEARNING',
  'fear-of-crime': 'OTHER',
  'legal-advice': 'LEGAL',
  food: 'FOOD',
  transport: 'TRAVEL_ACCESS',
  stress: 'STRESS',
  inactivity: 'INACTIVE',
};
export const DOMAIN: Codes<Determinant> = {
  work: 'WORK',
  social: 'SOCIAL',
  education: 'LEARNING',
  crime: 'CRIME',
  housing: 'HOUSING',
  legal: 'LEGAL',
  income: 'MONEY',
  welfare: 'WELFARE',
};
export const CONTACT_CHANNEL: Codes<Contact['mode']> = {
  telephone: 'PHONE',
  video: 'VIDEO',
  home: 'HOME',
  surgery: 'SURGERY',
  community: 'COMMUNITY',
  text: 'TEXT',
  email: 'EMAIL',
  group: 'COMMUNITY',
  walk: 'WALK',
};
export const ATTENDED: Codes<Contact['attended']> = {
  attended: 'ATTENDED',
  missed: 'DNA',
  cancelled: 'CANCELLED',
};
export const ANSWER: Codes<Consents['share']> = {
  given: 'YES',
  coded: 'YES',
  refused: 'NO',
  withdrawn: 'WITHDRAWN',
};
export const TOOL: Codes<Instrument> = {
  swemwbs: 'SWEMWBS',
  wemwbs: 'WEMWBS',
  ons4: 'ONS4',
  'ucla-3': 'UCLA3',
  'loneliness-direct': 'LONELY_DIRECT',
  'phq-9': 'PHQ9',
  'gad-7': 'GAD7',
  pam: 'PAM',
  'eq-5d-5l': 'EQ5D5L',
  mycaw: 'MYCAW',
  'dejong-gierveld-6': 'DJG6',
};
export const CATEGORY: Codes<SupportType> = {
  signposting: 'SIGNPOST',
  coaching: 'COACHING',
  'benefits-advice': 'BENEFITS',
  befriending: 'BEFRIEND',
  'practical-help': 'OTHER',
  plan: 'PLAN',
};
export const ONWARD_STATE: Codes<Onward['status']> = {
  offered: 'OFFERED',
  declined: 'DECLINED',
  referred: 'NEW',
  attending: 'OPEN',
  completed: 'CLOSED',
};
export const CHANGE = { better: 'BETTER', same: 'SAME', worse: 'WORSE' } as const;
export const PROGRESS: Codes<NonNullable<Closure['goalMet']>> = {
  met: 'DONE',
  partly: 'GETTING_THERE',
  'not-met': 'NOT_DONE',
};
