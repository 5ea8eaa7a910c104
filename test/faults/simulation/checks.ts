/** What must hold: while records go out, and once every fault is lifted. Each breach is said in a sentence. */
import type { Resource } from '@medplum/fhirtypes';
import { RESOURCE_ID_SYSTEM, saysTheSame } from '../../../src/target/fhir/outgoing.ts';
import { referencesOf } from '../../../src/target/references.ts';
import type { WireRequest } from '../../../src/wire/exchange.ts';
import { birthIn, editIn } from './clinic.ts';
import type { Database } from './disk.ts';
import { identifiersOf, type ModelEhr } from './ehr.ts';
import { type Version, versionIn } from './people.ts';

/** @returns our id of a resource as sent: its own, or the one that stands among its identifiers */
function ourId(key: string, resource: Resource | undefined): string {
  const own = identifiersOf(resource).find((one) => one.system === RESOURCE_ID_SYSTEM);
  return own?.value ?? key.slice(key.indexOf('/') + 1);
}

/** Watches the EHR's side from write to write, and what leaves for it. */
export class Watch {
  readonly breaches: string[] = [];
  /** by person: deliveries under way; true when the person may have consented at some moment since they began */
  readonly #groups = new Map<string, Set<{ allowed: boolean }>>();
  /** by person: what they last said, as far as it was acknowledged; undefined while a change is on its way */
  readonly #consents = new Map<string, boolean | undefined>();
  readonly #newest = new Map<string, number>();
  readonly #edits = new Map<string, number>();
  ehr: ModelEhr | undefined;

  breach(what: string): void {
    if (!this.breaches.includes(what)) this.breaches.push(what);
  }

  /** @param consents undefined: on its way, so that either may hold */
  said(person: string, consents: boolean | undefined): void {
    this.#consents.set(person, consents);
    if (consents !== false) for (const group of this.#groups.get(person) ?? []) group.allowed = true;
  }

  groupBegins(person: string): () => void {
    const group = { allowed: (this.#consents.get(person) ?? !this.#neverSaid(person)) === true };
    const groups = this.#groups.get(person) ?? new Set();
    this.#groups.set(person, groups.add(group));
    return () => groups.delete(group);
  }

  /** Nothing was ever sent to the store that speaks of consent. */
  #neverSaid(person: string): boolean {
    return !this.#consents.has(person);
  }

  sent(request: WireRequest): void {
    for (const [key, resource] of resourcesIn(request)) {
      if (resource.resourceType === 'Consent') continue; // a withdrawal goes to whoever holds a copy
      const person = personOf(key, resource, this.ehr!);
      const groups = [...(this.#groups.get(person) ?? [])];
      if (!groups.some((group) => group.allowed)) this.breach(`${key} was sent without consent`);
    }
  }

  written(key: string, resource: Resource | undefined): void {
    if (!resource) return;
    const number = versionIn(resource);
    if (number < (this.#newest.get(key) ?? 0)) this.breach(`${key} went back to version ${number}`);
    this.#newest.set(key, number);
    const edit = editIn(resource);
    if (edit < (this.#edits.get(key) ?? 0)) this.breach(`what somebody at the EHR wrote into ${key} is gone`);
    this.#edits.set(key, edit);
    for (const reference of referencesOf(resource))
      if (!this.ehr?.current(reference)) this.breach(`${key} came before ${reference}`);
  }
}

function resourcesIn({ method, url, body }: WireRequest): [string, Resource][] {
  if (body === undefined || method === 'GET' || url.endsWith('/_search')) return [];
  const sent = JSON.parse(String(body)) as Resource;
  if (sent.resourceType !== 'Bundle') return [[ourKey(sent), sent]];
  return (sent.entry ?? []).flatMap(({ resource }) => (resource ? [[ourKey(resource), resource]] : []));
}

function ourKey(resource: Resource): string {
  return `${resource.resourceType}/${ourId(`/${resource.id ?? ''}`, resource)}`;
}

/** @returns our id of the person, whatever the EHR calls them */
function personOf(key: string, resource: Resource, ehr: ModelEhr): string {
  const { subject } = resource as { subject?: { reference?: string } };
  const reference = resource.resourceType === 'Patient' ? key : (subject?.reference ?? '');
  return ourId(reference, ehr.current(reference));
}

/** What a record's last acknowledged version is, by key. */
export type Acknowledged = ReadonlyMap<string, number>;

/** @returns what does not hold now that all is lifted and nothing is left to do */
export function breachesAtRest(
  database: Database,
  ehr: ModelEhr,
  acknowledged: Acknowledged,
  versions: readonly Version[],
): string[] {
  return [...lost(database, acknowledged), ...leftOver(database), ...atTheEhr(database, ehr, versions)];
}

function lost(database: Database, acknowledged: Acknowledged): string[] {
  const rows = database.rows<{ record_key: string; payload: string }>(
    `SELECT record_key, payload FROM source_record WHERE source = 'simulation'`,
  );
  const kept = new Map(
    rows.map((row) => [row.record_key, (JSON.parse(row.payload) as { number: number }).number]),
  );
  return [...acknowledged].flatMap(([key, number]) =>
    (kept.get(key) ?? 0) < number ? [`version ${number} of record ${key} was acknowledged and is lost`] : [],
  );
}

/** Nothing is on its way for ever, and what stands still is on the worklist. */
function leftOver(database: Database): string[] {
  const leases = database.rows<{ delivery_key: string }>(
    'SELECT delivery_key FROM outbox_key WHERE lease_until_ms IS NOT NULL',
  );
  return [
    ...leases.map(({ delivery_key: key }) => `the lease of ${key} is held for ever`),
    ...unlisted(database),
    ...database
      .rows<{ resource: string }>(
        `SELECT type || '/' || resource_id AS resource FROM work WHERE kind = 'conflict'`,
      )
      .map(({ resource }) => `${resource} is called a conflict, and nobody disagrees`),
  ];
}

/**
 * A parked delivery has an item of its own; what consent holds of one person has one together.
 * @returns one breach for each delivery that stands still and that no open item of the worklist stands for
 */
export function unlisted(database: Database): string[] {
  const rows = database.rows<{ type: string; id: string; state: string }>(
    `SELECT type, id, state FROM outbox o WHERE state IN ('parked', 'held') AND NOT EXISTS (
       SELECT 1 FROM work w WHERE w.target = o.target AND w.kind = o.state AND w.resolved_ms IS NULL
         AND CASE WHEN o.state = 'parked' THEN w.type = o.type AND w.resource_id = o.id
           ELSE w.resource_id = o.delivery_key OR w.resource_id LIKE o.delivery_key || '-%' END)`,
  );
  return rows.map(({ type, id, state }) => `${type}/${id} is ${state}, and no item names it`);
}

function atTheEhr(database: Database, ehr: ModelEhr, versions: readonly Version[]): string[] {
  const stored = database.rows<{ type: string; id: string; content: string }>(
    'SELECT type, id, content FROM resource WHERE content IS NOT NULL',
  );
  const holds = copiesById(ehr);
  // A machine that stands still in the middle of a create makes a second copy when it goes on: a person is told.
  const twins = database.rows<{ key: string }>(
    `SELECT type || '/' || resource_id AS key FROM work WHERE rule = 'delivery-twins' AND resolved_ms IS NULL`,
  );
  const told = new Set(twins.map(({ key }) => key));
  const ever = new Set(versions.filter((one) => one.consents).map((one) => one.person));
  const consents = new Map(
    stored
      .filter((row) => row.type === 'Consent')
      .map((row) => [
        row.id.replace(/-c$/, ''),
        (JSON.parse(row.content) as { status: string }).status === 'active',
      ]),
  );
  return stored.flatMap(({ type, id, content }) => {
    if (birthIn(JSON.parse(content) as Resource)) return []; // the clinic's own: it looks for these itself
    const copies = holds.get(`${type}/${id}`) ?? [];
    const person = id.slice(0, id.search(/-|$/));
    if (copies.length > 1)
      return told.has(`${type}/${id}`) ? [] : [`${type}/${id} is at the EHR ${copies.length} times`];
    if (!ever.has(person)) return copies.length > 0 ? [`${type}/${id} is at the EHR without consent`] : [];
    const isTold = consents.get(person) || (type === 'Consent' && holds.has(`Patient/${person}`));
    if (!isTold) return []; // withdrawn: what was sent before stays as it was
    const resource = JSON.parse(content) as Resource;
    const held = copies[0] ? versionIn(copies[0]) : 0;
    if (held !== versionIn(resource))
      return [`${type}/${id} is at the EHR in version ${held}, not ${versionIn(resource)}`];
    const isWhole = ehr.kind.ids === 'server' || saysTheSame({ ...resource, meta: undefined }, copies[0]!);
    return isWhole ? [] : [`${type}/${id} is at the EHR, but not as it is stored`];
  });
}

function copiesById(ehr: ModelEhr): Map<string, Resource[]> {
  const found = new Map<string, Resource[]>();
  for (const { key, versions } of ehr.kept.values()) {
    const resource = versions.at(-1);
    if (!resource) continue;
    const ours = `${resource.resourceType}/${ourId(key, resource)}`;
    found.set(ours, [...(found.get(ours) ?? []), resource]);
  }
  return found;
}
