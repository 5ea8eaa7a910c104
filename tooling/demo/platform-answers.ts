/** Turns a filled-in form into the platform's answers, named by the linkIds of the questionnaires. */
import { type Answer, type Instrument, ORDINALS } from './instruments.ts';
import type { Form } from './journey-types.ts';

interface PlatformAnswer {
  readonly item: string;
  readonly value?: number;
  readonly amount?: number;
  readonly words?: string;
}

/** linkIds where they are not "1" to "n". */
const NAMES: Readonly<Partial<Record<Instrument, readonly string[]>>> = {
  'eq-5d-5l': ['mobility', 'self-care', 'usual-activities', 'pain-discomfort', 'anxiety-depression'],
  mycaw: ['concern-1', 'concern-2', 'wellbeing'],
};

/** @returns answers, the items that the person would not answer, and results where the platform was given them */
export function answersOf(form: Form): { answers: PlatformAnswer[]; skipped?: string[] } {
  const { items, score, level, concerns } = form.answers;
  const linkId = (i: number): string => NAMES[form.instrument]?.[i] ?? String(i + 1);
  const answers: PlatformAnswer[] = [];
  const skipped: string[] = [];
  items.forEach((answer, i) => {
    if (answer === 'refused') skipped.push(linkId(i));
    else if (answer !== undefined) answers.push({ item: linkId(i), value: ordinal(answer) });
  });
  if (form.instrument === 'pam')
    answers.push({ item: 'score', amount: score! }, { item: 'level', value: level! });
  if (form.instrument === 'eq-5d-5l') answers.push({ item: 'vas', value: score! });
  concerns?.forEach((words, i) => {
    answers.push({ item: `concern-${i + 1}-text`, words });
  });
  return skipped.length > 0 ? { answers, skipped } : { answers };
}

function ordinal(answer: Answer): number {
  return typeof answer === 'number' ? answer : ORDINALS[answer]!;
}
