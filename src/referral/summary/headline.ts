/** Turns a summary into its title, and into the line or two that say the whole of it. */
import type { Closure, ScoreCourse, Summary, SummaryTrigger } from './content.ts';
import { counted, figure, inSentence, listed } from './words.ts';

/** @returns `Social prescribing: closing summary` */
export function titleOf(trigger: SummaryTrigger, closure: Closure | undefined): string {
  if (trigger === 'action') return 'Social prescribing: action asked of the practice';
  return closure === undefined
    ? 'Social prescribing: referral accepted'
    : 'Social prescribing: closing summary';
}

/** @returns one to five short sentences: where it stands, why, contact, support, change */
export function headlineOf(summary: Omit<Summary, 'headline'>): string {
  return [stateIn(summary), contactIn(summary), supportIn(summary), changeIn(summary.scores)]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function stateIn({ closure, accepted, referred, reasons }: Omit<Summary, 'headline'>): string {
  const because = reasons.length > 0 ? ` for ${listed(reasons.map(needOnly))}` : '';
  const since = referred === undefined ? '' : ` ${referred}`;
  const referral = since || because ? `Referred${since}${because}.` : '';
  if (closure === undefined) return accepted ? `${referral} Accepted ${accepted}.`.trim() : referral;
  const when = closure.date === undefined ? '' : ` ${closure.date}`;
  const why = closure.reason === undefined ? '' : `: ${inSentence(closure.reason)}`;
  return `${referral} ${closure.state}${when}${why}.`.trim();
}

/** `Loneliness: widowed last year` → `loneliness` */
function needOnly(reason: string): string {
  return inSentence(reason.split(': ')[0]!);
}

function contactIn({ contacts }: Omit<Summary, 'headline'>): string {
  const count = Math.max(contacts.attended, contacts.counted ?? 0);
  if (count + contacts.missed === 0) return '';
  const missed = contacts.missed > 0 ? `, ${contacts.missed} missed` : '';
  return `${counted(count, 'contact')}${missed}.`;
}

function supportIn({ support }: Omit<Summary, 'headline'>): string {
  if (support.length === 0) return '';
  const taken = support.filter(({ isTakenUp }) => isTakenUp).length;
  return `${taken} of ${counted(support.length, 'offer')} taken up.`;
}

/** Only what a published threshold calls a change stands here: the rest is in the table. */
function changeIn(scores: readonly ScoreCourse[]): string {
  return scores
    .filter(({ meaning }) => meaning?.startsWith('better') || meaning?.startsWith('worse'))
    .map(({ name, points, meaning }) => {
      const [first, last] = [points[0]!.value, points.at(-1)!.value];
      return `${name} ${figure(first)} to ${figure(last)}, ${meaning!.split(' (')[0]!}.`;
    })
    .join(' ');
}
