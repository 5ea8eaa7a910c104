/** What the charity's people write in their workbook for each thing of a journey; where they write it in several ways, all are listed. */
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

type Words<T extends string> = Readonly<Record<T, readonly string[]>>;

export const GENDER: Words<Gender> = {
  female: ['Female', 'F'],
  male: ['Male', 'M'],
  other: ['Non-binary'],
  unknown: ['Not known'],
};
export const CONTACT_BY: Words<ContactBy> = {
  telephone: ['Phone', 'Tel'],
  email: ['Email'],
  letter: ['Letter', 'Post'],
  sms: ['Text'],
};
export const ETHNICITY: Readonly<Record<string, readonly string[]>> = {
  A: ['White British', 'British', 'A'],
  B: ['White Irish', 'Irish'],
  C: ['Other White', 'C'],
  D: ['White and Black Caribbean'],
  E: ['White and Black African'],
  F: ['White and Asian'],
  G: ['Mixed', 'Other mixed'],
  H: ['Indian', 'H'],
  J: ['Pakistani', 'J'],
  K: ['Bangladeshi'],
  L: ['Other Asian'],
  M: ['Black Caribbean', 'Caribbean'],
  N: ['Black African', 'African'],
  P: ['Other Black'],
  R: ['Chinese'],
  S: ['Arab', 'Other'],
  Z: ['Prefer not to say', 'Not stated'],
  '99': ['?'],
};
export const LANGUAGE: Readonly<Record<string, string>> = {
  en: 'English',
  ga: 'Irish',
  pl: 'Polish',
  ro: 'Romanian',
  tr: 'Turkish',
  gu: 'Gujarati',
  pa: 'Punjabi',
  hi: 'Hindi',
  ur: 'Urdu',
  bn: 'Bengali',
  syl: 'Sylheti',
  ar: 'Arabic',
  fa: 'Farsi',
  ta: 'Tamil',
  so: 'Somali',
  yo: 'Yoruba',
  fr: 'French',
  zh: 'Mandarin',
  yue: 'Cantonese',
};
export const REFERRED_BY: Words<ReferredBy> = {
  gp: ['GP', 'gp', 'Doctor'],
  nurse: ['Nurse', 'Practice nurse'],
  hospital: ['Hospital', 'Discharge team'],
  'social-worker': ['Social worker', 'Council'],
  school: ['School'],
  family: ['Family', 'Daughter', 'Son'],
  self: ['Self', 'self referral', 'Walk-in'],
  'link-worker': ['Hospital link worker'],
};
export const NEED: Words<Need> = {
  loneliness: ['Lonely', 'Loneliness', 'feels lonely'],
  isolation: ['Isolated', 'Housebound'],
  caring: ['Carer', 'Caring'],
  bereavement: ['Bereaved', 'Grief'],
  money: ['Money', 'Cost of living'],
  debt: ['Debt', 'Debts'],
  benefits: ['Benefits', 'PIP', 'Universal Credit'],
  housing: ['Housing', 'Damp', 'Repairs'],
  homeless: ['Sofa surfing', 'Homeless'],
  'fuel-poverty': ['Cold home', 'Heating'],
  unemployment: ['Out of work', 'Job'],
  volunteering: ['Volunteering'],
  skills: ['Courses', 'Reading', 'ESOL'],
  'fear-of-crime': ['Fear of crime'],
  'legal-advice': ['Will', 'Legal advice'],
  food: ['Food bank', 'Food'],
  transport: ['No bus', 'Lifts'],
  stress: ['Stress', 'Anxious', 'Worried'],
  inactivity: ['Exercise', 'Fitness'],
};
export const STATUS: Words<Status> = {
  offered: ['Offered', 'Thinking about it'],
  declined: ['Declined', 'Said no'],
  requested: ['New', 'Waiting', 'Referred'],
  rejected: ['Not accepted', 'Sent back'],
  accepted: ['Accepted', 'Allocated'],
  'in-progress': ['Open', 'Seeing', 'In progress'],
  'on-hold': ['On hold', 'Paused'],
  completed: ['Closed', 'Completed'],
  'handed-over': ['Handed over'],
  withdrawn: ['Withdrew', 'Dropped out'],
  'not-reached': ['No contact', 'Could not reach'],
  moved: ['Moved away'],
  died: ['Died'],
};
export const STATUS_REASON: Readonly<Partial<Record<Status, readonly string[]>>> = {
  declined: ['Did not want', 'Not now', 'Not for me'],
  rejected: ['Out of area', 'Full', 'Already known', 'Not eligible'],
  'on-hold': ['Poorly', 'In hospital'],
  withdrawn: ['Changed mind', 'Own choice'],
  'not-reached': ['No answer'],
  moved: ['Moved'],
  died: ['Died'],
};
export const MODE: Words<Contact['mode']> = {
  telephone: ['Tel', 'phone call', 'Phone', 'rang'],
  video: ['Video', 'Zoom'],
  home: ['Home visit', 'HV'],
  surgery: ['At surgery', 'surgery'],
  community: ['Cafe', 'Library', 'Community'],
  text: ['Text', 'WhatsApp'],
  email: ['Email'],
  group: ['Group', 'group session'],
  walk: ['Walk and talk', 'Walk'],
};
export const ATTENDED: Words<Contact['attended']> = {
  attended: ['Yes', 'Y', 'attended'],
  missed: ['DNA', 'No'],
  cancelled: ['Cancelled', 'Rearranged'],
};
export const MISSED_REASON: readonly string[] = ['Poorly', 'Forgot', 'No answer'];
export const CONSENT: Words<Consents['share']> = {
  given: ['Yes', 'Y', 'Verbal'],
  coded: ['Codes only'],
  refused: ['No', 'N'],
  withdrawn: ['Withdrawn'],
};
export const INSTRUMENT: Words<Instrument> = {
  swemwbs: ['SWEMWBS', 'Short WEMWBS'],
  wemwbs: ['WEMWBS'],
  ons4: ['ONS4', 'ONS wellbeing'],
  'ucla-3': ['UCLA', 'UCLA 3'],
  'loneliness-direct': ['How lonely'],
  'phq-9': ['PHQ9', 'PHQ-9'],
  'gad-7': ['GAD7', 'GAD-7'],
  pam: ['PAM'],
  'eq-5d-5l': ['EQ5D'],
  mycaw: ['MYCaW'],
  'dejong-gierveld-6': ['De Jong Gierveld'],
};
export const SUPPORT: Words<SupportType> = {
  signposting: ['Signposting', 'Leaflet'],
  coaching: ['Coaching', 'Listening'],
  'benefits-advice': ['Benefits check', 'PIP form'],
  befriending: ['Befriending'],
  'practical-help': ['Practical help', 'Form filling'],
  plan: ['Plan', 'Support plan'],
};
export const ONWARD: Words<Onward['status']> = {
  offered: ['Offered'],
  declined: ['Said no'],
  referred: ['Referred'],
  attending: ['Attending', 'Started'],
  completed: ['Finished'],
};
export const ENDING: Words<Closure['reason']> = {
  completed: ['Completed', 'Goals met', 'Planned end'],
  'handed-over': ['Handed over'],
  withdrawn: ['Withdrew', 'Dropped out'],
  'not-reached': ['No contact', 'Lost contact'],
  moved: ['Moved away'],
  died: ['Died'],
};
export const DETERMINANT: Readonly<Record<Determinant, string>> = {
  work: 'Work',
  social: 'Social',
  education: 'Learning',
  crime: 'Crime',
  housing: 'Housing',
  legal: 'Legal',
  income: 'Money',
  welfare: 'Welfare',
};
export const GOAL_MET: Words<NonNullable<Closure['goalMet']>> = {
  met: ['Yes', 'Met'],
  partly: ['Partly'],
  'not-met': ['No'],
};
