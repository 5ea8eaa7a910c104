/** SQL that takes out what messages say of a person; that they went, and under which ids, stays. */
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { type Step, statement } from './statement.ts';

const OF_PEOPLE = 'person_id IN (SELECT wanted.value ->> 0 FROM json_each(?) wanted)';
/** That one was begun outlasts what was said of it: it may have left, and a person may have to be told. */
const BEGUN = JSON.stringify(
  outcomeOf(
    issueOf({
      severity: 'information',
      code: 'informational',
      rule: 'message-emptied',
      diagnostics: 'What it says was taken out after its sending had begun: it may have left.',
    }),
  ),
);
/** What was prepared and is looked for at no time would be waited for for ever: it goes no more. */
const SAY_NOTHING = `
  body = NULL, digest = NULL,
  outcome = CASE WHEN direction = 'out' AND state = 'prepared' AND outcome IS NOT NULL THEN ? ELSE NULL END,
  state = CASE WHEN direction = 'out' AND state = 'prepared' AND due_ms IS NULL THEN 'replaced' ELSE state END`;
const ERASE = statement(`UPDATE message SET ${SAY_NOTHING}, reply_to = NULL WHERE ${OF_PEOPLE}`);
/** Who is about to have one of them sent again has read what it says. */
const END = statement(`
  UPDATE message SET state = 'replaced'
  WHERE ${OF_PEOPLE} AND direction = 'out' AND state IN ('silent', 'rejected') AND body IS NOT NULL`);
/** Takes out what messages say; that they went stays. @param people ids of the person, and of their Patients */
export function* eraseMessages(people: readonly string[]): Step<void> {
  yield* END.run(listOf(people));
  yield* ERASE.run(BEGUN, listOf(people));
}

const UNCLAIMED = statement('SELECT message_no FROM message WHERE person_id IS NULL AND body IS NOT NULL');
const BODY = statement('SELECT body FROM message WHERE message_no = ?');
const EMPTY = statement(
  'UPDATE message SET body = NULL, digest = NULL, outcome = NULL, reply_to = NULL WHERE message_no = ?',
);
/** Empties messages of nobody whose content holds any of these texts. @param numbers found also with spaces or hyphens */
export function* eraseMessagesWith(texts: readonly string[], numbers: readonly string[]): Step<void> {
  for (const { message_no: place } of (yield* UNCLAIMED.all()) as { message_no: number }[]) {
    const { body } = (yield* BODY.get(place)) as { body: string };
    if (saysAny(body, texts, numbers)) yield* EMPTY.run(place);
  }
}

/** Content of another format is kept in base64. */
const ENCODED = /"([A-Za-z0-9+/]{12,}={0,2})\\*"/g;
function saysAny(body: string, texts: readonly string[], numbers: readonly string[]): boolean {
  const decoded = [...body.matchAll(ENCODED)].map(([, text]) => Buffer.from(text!, 'base64').toString());
  return [body, ...decoded].some((said) => {
    const close = said.replaceAll(/[ -]/g, '');
    const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
    return (
      texts.some((text) => said.includes(text) || said.includes(inJson(text))) ||
      numbers.some((number) => close.includes(number))
    );
  });
}

const HIDE = statement(`UPDATE message SET ${SAY_NOTHING} WHERE ${OF_PEOPLE} AND state <> 'received'`);
/** Takes out what messages say of somebody whose record goes on: whom to answer stays, and so does what is still to be worked. */
export function* hideMessages(people: readonly string[]): Step<void> {
  yield* HIDE.run(BEGUN, listOf(people));
}

function listOf(people: readonly string[]): string {
  return JSON.stringify([...new Set(people)].map((id) => [id]));
}
