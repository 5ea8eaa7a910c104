/** SQL of answers that are kept, and of rates that processes share. */
import type { AnswerStore, KeptAnswer } from '../kept-answers.ts';
import type { Runner } from './engine.ts';
import { type Step, statement } from './statement.ts';

const GET = statement(
  'SELECT answer, asked_ms, until_ms FROM kept_answer WHERE service = ? AND question = ?',
);
function* selectAnswer(service: string, question: string): Step<KeptAnswer | undefined> {
  const row = (yield* GET.get(service, question)) as
    | { answer: string; asked_ms: number; until_ms: number }
    | undefined;
  return row && { answer: row.answer, askedMs: row.asked_ms, untilMs: row.until_ms };
}

const KEEP = statement(`
  INSERT INTO kept_answer (service, question, answer, asked_ms, until_ms) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (service, question) DO UPDATE SET
    answer = excluded.answer, asked_ms = excluded.asked_ms, until_ms = excluded.until_ms`);
const KEEP_ONCE = statement(`
  INSERT INTO kept_answer (service, question, answer, asked_ms, until_ms) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (service, question) DO UPDATE SET
    answer = excluded.answer, asked_ms = excluded.asked_ms, until_ms = excluded.until_ms
  WHERE kept_answer.until_ms < excluded.asked_ms`);
/** What is kept of a person goes with the person, and not by its age: it may be why little is told of them. */
const PRUNE = statement(`
  DELETE FROM kept_answer WHERE (service, question) IN (
    SELECT k.service, k.question FROM kept_answer k
    WHERE k.until_ms < ? AND NOT EXISTS (SELECT 1 FROM resource r WHERE r.type = 'Patient' AND r.id = k.question)
    ORDER BY k.until_ms LIMIT ?)`);
/** Takes out what has been out of date since before a time. @returns how many */
export function* pruneAnswers(beforeMs: number, count: number): Step<number> {
  return yield* PRUNE.run(beforeMs, count);
}

const ERASE = statement(
  'DELETE FROM kept_answer WHERE question IN (SELECT wanted.value ->> 0 FROM json_each(?) wanted)',
);
/** Takes out what services said of a person. @param people ids of the person, and of their Patients */
export function* eraseAnswers(people: readonly string[]): Step<void> {
  yield* ERASE.run(JSON.stringify(people.map((id) => [id])));
}

const FORGET = statement('DELETE FROM kept_answer WHERE service = ? AND until_ms < ?');

/** No rate makes anybody wait so long: a slot beyond it was given by a clock that was wrong. */
const FURTHEST_SLOT_MS = 3_600_000;
const PACE = statement(`
  INSERT INTO pace (name, next_ms) SELECT ?1, moment(?2) + ?3 WHERE ?3 > 0
  ON CONFLICT (name) DO UPDATE SET next_ms = ?3 +
    CASE WHEN pace.next_ms BETWEEN moment(?2) AND moment(?2) + ${FURTHEST_SLOT_MS} THEN pace.next_ms ELSE moment(?2) END
  RETURNING next_ms - ?3 - moment(?2) AS wait_ms`);
/** Takes the next slot. @returns milliseconds until it begins */
export function* takeSlot(name: string, everyMs: number, nowMs: number): Step<number> {
  const row = (yield* PACE.get(name, nowMs, everyMs)) as { wait_ms: number } | undefined;
  return row?.wait_ms ?? 0;
}

export function answerStore(runner: Runner): AnswerStore {
  return {
    get: (service, question) => runner.read(() => selectAnswer(service, question)),
    keep: (service, question, { answer, untilMs }, nowMs) =>
      runner.write(function* () {
        yield* KEEP.run(service, question, answer, nowMs, untilMs);
      }),
    keepOnce: (service, question, { answer, untilMs }, nowMs) =>
      runner.write(function* () {
        return (yield* KEEP_ONCE.run(service, question, answer, nowMs, untilMs)) === 1;
      }),
    forget: (service, untilBeforeMs) => runner.write(() => FORGET.run(service, untilBeforeMs)),
  };
}
