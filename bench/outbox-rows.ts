/** Fills an outbox by SQL alone: as many waiting deliveries as asked, ten a person, those of one person far apart. */
import type { Place } from './places.ts';

export const TARGET = 'ehr';
/** Deliveries that wait for one person. */
export const EACH = 10;
/** A number without factors of ours: scatters the persons, whose ids are random in life, over the index. */
const SCATTER = 2_654_435_761;

/** Makes the tables, and fills them; the store is closed before and after. */
export async function fillOutbox(place: Place, entries: number): Promise<void> {
  await (await place.open()).close();
  const people = entries / EACH;
  const person = `'person-' || ((i % ${people}) * ${SCATTER} % 4294967296)`;
  const series =
    place.engine === 'sqlite'
      ? `(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${entries}) SELECT i FROM n)`
      : `generate_series(1::bigint, ${entries}) AS n(i)`;
  await place.run(
    `INSERT INTO outbox (seq, target, delivery_key, owner_org, type, id, version, action, state, queued_ms)
     SELECT i, '${TARGET}', ${person}, 'local', 'Observation', 'observation-' || i, 1, 'put', 'waiting', i FROM ${series}`,
    `INSERT INTO outbox_key (target, delivery_key, first_seq, due_ms)
     SELECT target, delivery_key, min(seq), min(seq) FROM outbox GROUP BY target, delivery_key`,
    `UPDATE counter SET last = ${entries} WHERE name = 'outbox'`,
    place.engine === 'sqlite' ? 'ANALYZE' : 'VACUUM (ANALYZE)',
  );
}
