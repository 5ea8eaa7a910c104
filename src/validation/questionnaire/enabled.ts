/** Decides whether an item of a questionnaire is asked at all, from the answers around it. */
import { every, isMet, some, type Told } from './conditions.ts';
import type { Item } from './form.ts';
import type { Places, Spot } from './places.ts';

/** @returns undefined where that cannot be told: then neither that it is missing nor that it is there is a fault */
export function isEnabled({ conditions, behavior }: Item, places: Places, spot: Spot): Told {
  if (conditions.length === 0) return true;
  const met = conditions.map((condition) => {
    const answers = places.answersTo(condition.question, spot);
    return answers && isMet(condition, answers);
  });
  const [all, any] = [every(met), some(met)];
  if (behavior === 'all') return all;
  if (behavior === 'any') return any;
  return all === any ? all : undefined; // not said how they join
}
