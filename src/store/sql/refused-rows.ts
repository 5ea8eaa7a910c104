/** SQL that finds payloads of refused records by what they hold: such a record has no resources that lead to it. */
import { type Step, statement } from './statement.ts';

const withTexts = (position: (text: string, part: string) => string): string => `
  EXISTS (SELECT 1 FROM json_each(?) wanted WHERE ${position('payload', 'wanted.value ->> 0')} > 0)
    OR EXISTS (SELECT 1 FROM json_each(?) wanted
      WHERE ${position(`replace(replace(payload, ' ', ''), '-', '')`, 'wanted.value ->> 0')} > 0)`;
const WITH_TEXTS = {
  sqlite: withTexts((text, part) => `instr(${text}, ${part})`),
  postgres: withTexts((text, part) => `strpos(${text}, ${part})`),
};
const DELETE_PAYLOADS_WITH = statement({
  sqlite: `DELETE FROM refused_payload WHERE ${WITH_TEXTS.sqlite} RETURNING work_id`,
  postgres: `DELETE FROM refused_payload WHERE ${WITH_TEXTS.postgres} RETURNING work_id`,
});
/**
 * Deletes refused payloads that hold any of these texts. Reads every payload: for erasures only.
 * @param numbers found also where they are written with spaces or hyphens
 * @returns ids of their worklist items
 */
export function* deleteRefusedPayloadsWith(
  texts: readonly string[],
  numbers: readonly string[],
): Step<string[]> {
  const rows = yield* DELETE_PAYLOADS_WITH.all(inJson(texts), inJson(numbers));
  return (rows as { work_id: string }[]).map((row) => row.work_id);
}

const SELECT_PAYLOADS_WITH = statement({
  sqlite: `SELECT work_id AS id, payload FROM refused_payload WHERE ${WITH_TEXTS.sqlite}`,
  postgres: `SELECT work_id AS id, payload FROM refused_payload WHERE ${WITH_TEXTS.postgres}`,
});
/** Reads every payload: for restrictions only. @param numbers as `deleteRefusedPayloadsWith` */
export function* selectPayloadsWith(
  texts: readonly string[],
  numbers: readonly string[],
): Step<readonly { readonly id: string; readonly payload: string }[]> {
  const rows = yield* SELECT_PAYLOADS_WITH.all(inJson(texts), inJson(numbers));
  return rows as readonly { id: string; payload: string }[];
}

/** As each text stands within the JSON of a payload. */
function inJson(texts: readonly string[]): string {
  return JSON.stringify(texts.map((text) => [JSON.stringify(text).slice(1, -1)]));
}
