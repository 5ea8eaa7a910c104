/** Turns a filled-in form into the answer cells of the Questionnaires sheet. */
import { ORDINALS } from './instruments.ts';
import type { Form } from './journey-types.ts';

/** @returns column heading to cell: Q1 … Q14, and the columns of EQ-5D-5L, MYCaW and PAM */
export function answerCells(form: Form): Record<string, string | number | undefined> {
  const { items, score, level, concerns } = form.answers;
  const cells: Record<string, string | number | undefined> = {};
  items.forEach((answer, i) => {
    if (answer !== undefined)
      cells[`Q${i + 1}`] = typeof answer === 'number' ? answer : (ORDINALS[answer] ?? answer);
  });
  if (form.instrument === 'pam') return { 'PAM score': score, 'PAM level': level };
  if (form.instrument === 'eq-5d-5l') return { ...cells, 'Health today': score };
  if (form.instrument === 'mycaw')
    return { ...cells, 'Concern 1': concerns?.[0], 'Concern 2': concerns?.[1] };
  return cells;
}
