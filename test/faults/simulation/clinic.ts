/** People at the EHR: they add to what they were sent, and make referrals of their own, whatever is on its way meanwhile. */
import type { Encounter, Resource, ServiceRequest } from '@medplum/fhirtypes';
import type { Database } from './disk.ts';
import { identifiersOf, type ModelEhr } from './ehr.ts';
import { type Timeline, WORLD } from './timeline.ts';

/** Names referrals that were made at the EHR. */
const CLINIC = 'https://clinic.example/fhir/Id/referral';
/** What changes there are looked for. */
export const RECEIVED_TYPES = ['ServiceRequest', 'Encounter'] as const;

/** @returns the number of the last edit of a resource at the EHR, 0 when nobody there touched it; no source says such a thing */
export function editIn(resource: Resource): number {
  const said =
    resource.resourceType === 'ServiceRequest'
      ? resource.patientInstruction
      : (resource as Encounter).priority?.text;
  return Number(said?.slice(1) ?? 0);
}

function edited(resource: Resource, number: number): Resource {
  if (resource.resourceType === 'ServiceRequest') return { ...resource, patientInstruction: `e${number}` };
  return { ...resource, priority: { text: `e${number}` } } as Resource;
}

/** @returns the name of a referral that was made at the EHR */
export function birthIn(resource: Resource): string | undefined {
  return identifiersOf(resource).find(({ system }) => system === CLINIC)?.value;
}

export class Clinic {
  readonly #ehr: ModelEhr;
  readonly #timeline: Timeline;
  readonly #random: () => number;
  #edits = 0;
  #births = 0;

  constructor(ehr: ModelEhr, timeline: Timeline, random: () => number) {
    this.#ehr = ehr;
    this.#timeline = timeline;
    this.#random = random;
  }

  /** @param times that somebody there does something @param withinMs by when */
  open(times: number, withinMs: number): void {
    for (let nth = 0; nth < times; nth++)
      this.#timeline.after(this.#random() * withinMs, () => this.#act(), WORLD);
  }

  #act(): void {
    const here = [...this.#ehr.kept.values()].flatMap(({ key, versions }) => {
      const resource = versions.at(-1);
      return resource ? [{ key, resource }] : [];
    });
    const patients = here.filter(({ resource }) => resource.resourceType === 'Patient');
    const others = here.filter(({ resource }) =>
      (RECEIVED_TYPES as readonly string[]).includes(resource.resourceType),
    );
    const among = this.#random() < 0.2 ? patients : others;
    const one = among[Math.floor(this.#random() * among.length)];
    if (!one) return;
    if (one.resource.resourceType === 'Patient') return this.#refer(one.key);
    this.#edits += 1;
    this.#ehr.write(one.key, edited(one.resource, this.#edits));
  }

  #refer(patient: string): void {
    this.#births += 1;
    const referral: ServiceRequest = {
      resourceType: 'ServiceRequest',
      language: 'x-1',
      status: 'active',
      intent: 'order',
      subject: { reference: patient },
      identifier: [{ system: CLINIC, value: `b${this.#births}` }],
    };
    this.#ehr.write(`ServiceRequest/clinic-${this.#births}`, referral);
  }

  /** @returns what was done there and is not known here, or is known twice */
  unknown(database: Database): string[] {
    const rows = database.rows<{ content: string }>(
      `SELECT content FROM resource WHERE type IN ('ServiceRequest', 'Encounter') AND content IS NOT NULL`,
    );
    const stored = rows.map(({ content }) => JSON.parse(content) as Resource);
    const known = new Set(stored.map(editIn));
    const current = [...this.#ehr.kept.values()].flatMap(({ versions }) => versions.at(-1) ?? []);
    const lost = current.map(editIn).filter((number) => number > 0 && !known.has(number));
    const births = Array.from({ length: this.#births }, (_, nth) => `b${nth + 1}`);
    const wrong = births.filter((name) =>
      [stored, current].some((all) => all.filter((one) => birthIn(one) === name).length !== 1),
    );
    return [
      ...lost.map((number) => `edit ${number} at the EHR is not known here`),
      ...wrong.map((name) => `referral ${name} of the EHR is not there once, and here once`),
    ];
  }
}
