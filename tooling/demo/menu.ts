/** The demo's menu: what people need, what is said about it, and the activities that answer it. */
import type { Determinant, Need, SupportType } from './journey-types.ts';

interface NeedFacts {
  readonly determinant: Determinant;
  /** how often it is met, as a weight */
  readonly weight: number;
  readonly reason: string;
  readonly activity: string;
  readonly provider: string;
  readonly support: SupportType;
}

const fact = (
  determinant: Determinant,
  weight: number,
  support: SupportType,
  reason: string,
  activity: string,
  provider: string,
): NeedFacts => ({ determinant, weight, support, reason, activity, provider });

export const NEEDS: Readonly<Record<Need, NeedFacts>> = {
  loneliness: fact(
    'social',
    20,
    'befriending',
    'On my own since retiring, days are long',
    'Tuesday lunch club',
    'Thornbank Village Hall',
  ),
  isolation: fact(
    'social',
    12,
    'coaching',
    'Does not go out; family live far away',
    'Walk and talk',
    'Hedgeways Walkers',
  ),
  caring: fact(
    'social',
    9,
    'practical-help',
    'Looks after her mother day and night',
    'Carers’ café',
    'Sallowfield Carers',
  ),
  bereavement: fact(
    'social',
    6,
    'befriending',
    'Lost his wife last winter',
    'Bereavement circle',
    'St Teasel’s',
  ),
  money: fact(
    'income',
    9,
    'benefits-advice',
    'Money does not last the month',
    'Money advice session',
    'Quickset Advice',
  ),
  debt: fact(
    'income',
    8,
    'benefits-advice',
    'Debt letters, "final demand", two lenders',
    'Debt clinic',
    'Quickset Advice',
  ),
  benefits: fact(
    'income',
    8,
    'benefits-advice',
    'Unsure what she may claim',
    'Benefits check',
    'Quickset Advice',
  ),
  housing: fact(
    'housing',
    7,
    'practical-help',
    'Damp flat, landlord does not answer',
    'Housing drop-in',
    'Sallowfield Tenants',
  ),
  homeless: fact(
    'housing',
    2,
    'practical-help',
    'Staying on friends’ sofas',
    'Night shelter link',
    'Open Gate',
  ),
  'fuel-poverty': fact(
    'housing',
    4,
    'practical-help',
    'Heats one room only',
    'Warm homes visit',
    'Ember Trust',
  ),
  unemployment: fact(
    'work',
    6,
    'coaching',
    'Out of work since the plant closed',
    'Job club',
    'Thornbank Works',
  ),
  volunteering: fact(
    'work',
    4,
    'coaching',
    'Wants to give something back',
    'Community garden volunteers',
    'Green Lanes',
  ),
  skills: fact(
    'education',
    5,
    'signposting',
    'Would like to read to the grandchildren',
    'Read easy',
    'Sallowfield Library',
  ),
  'fear-of-crime': fact(
    'crime',
    3,
    'signposting',
    'Afraid to go out after dark',
    'Safer streets talk',
    'Neighbour Watch Thornbank',
  ),
  'legal-advice': fact(
    'legal',
    3,
    'signposting',
    'Needs help with a will',
    'Law centre evening',
    'Sallowfield Law Centre',
  ),
  food: fact(
    'welfare',
    5,
    'practical-help',
    'Skips meals so that the children eat',
    'Community pantry',
    'Open Gate',
  ),
  transport: fact(
    'welfare',
    4,
    'practical-help',
    'No bus since the route was cut',
    'Community car scheme',
    'Hedgeways Wheels',
  ),
  stress: fact('social', 9, 'coaching', 'Cannot switch off, sleeps badly', 'Mindful making', 'Kiln Arts'),
  inactivity: fact(
    'welfare',
    6,
    'coaching',
    'Short of breath, wants to move more',
    'Gentle exercise, 6 weeks',
    'Sallowfield Leisure',
  ),
};

export const WHAT_MATTERS = [
  'Seeing my grandchildren more often',
  'Feeling safe in my own home',
  'Getting back into the garden, "even if only pots"',
  'Being useful to somebody',
  'Sleeping through the night',
  'Cooking for friends again;\nI used to love that',
  'To speak English better, so that I can talk at the school gate',
  'Peace and quiet, and one good cup of tea a day',
  'Playing music with other people',
  'Not opening letters with my heart in my mouth',
] as const;

export const GOALS = [
  'Go to one group a week for six weeks',
  'Have a plan for the debts and keep to it',
  'Walk to the shop and back on my own',
  'Talk to somebody every day',
  'Fill in the housing form with help',
  'Try two activities and choose one',
] as const;

export const STORIES = [
  'I have people to say good morning to now.',
  'The letters are in one folder, and somebody reads them with me.',
  'It took a while. The third group was the right one.',
  'I still have bad days, but I know whom to ring.',
  'My daughter says I laugh again.',
] as const;

export const NOTES = [
  'Talked about what matters; will think about the garden group.',
  'Form filled in together, copy kept.',
  'Came with her sister, who interpreted.',
  'Wants to try once more before deciding.',
  'Rang twice, left a message; "please ring after five".',
] as const;
