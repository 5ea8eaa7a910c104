/** Reads what the way back through a source's maps loses: `loss.json` beside them, one list a kind. */
import { z } from 'zod';
import type { Findings } from './finding.ts';

/** A field of a record that may not come back as it went out. */
export interface Loss {
  /** dotted paths of the record, without indices: `client.alerts.detail`; `**.odsCode` is every field that ends so */
  readonly fields: readonly string[];
  /**
   * dropped: it is absent afterwards; added: it was absent before; reworded: another word of the same code;
   * changed: another value
   */
  readonly loss: 'dropped' | 'added' | 'reworded' | 'changed';
  /** FHIRPath on the record; `%value` is the field's, `%holder` the object that has it. The loss happens only where this is true; absent: anywhere */
  readonly when?: string;
  readonly why: string;
}

/** An item of the logical model for which the source has no field. */
export interface Unkept {
  /** dotted paths of the model, without indices; one that has items stands for all of them */
  readonly items: readonly string[];
  readonly why: string;
}

/** Everything that the way back of one kind of record loses. */
export interface KindLosses {
  readonly record: readonly Loss[];
  readonly model: readonly Unkept[];
}

/** By kind of record. */
export type Losses = Readonly<Record<string, KindLosses>>;

const texts = z.array(z.string().min(1)).min(1);

const schema = z.record(
  z.string(),
  z.strictObject({
    record: z.array(
      z.strictObject({
        fields: texts,
        loss: z.enum(['dropped', 'added', 'reworded', 'changed']),
        when: z.string().min(1).optional(),
        why: z.string().min(1),
      }),
    ),
    model: z.array(z.strictObject({ items: texts, why: z.string().min(1) })),
  }),
);

/**
 * @param value of the file, parsed
 * @param file its name, for findings
 * @param kinds that the source has
 * @returns what it declares; nothing, with a finding (`map-loss`), when it is not of that form
 */
export function readLosses(
  value: unknown,
  file: string,
  kinds: readonly string[],
  findings: Findings,
): Losses {
  const parsed = schema.safeParse(value);
  const wrong = parsed.success
    ? Object.keys(parsed.data)
        .filter((kind) => !kinds.includes(kind))
        .map((kind) => `${kind}: the source has no such kind`)
    : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`);
  for (const fault of wrong)
    findings.addFault({ rule: 'map-loss', diagnostics: `${file}: ${fault}; correct the entry` });
  return parsed.success ? (parsed.data as Losses) : {};
}

/** @returns true when the path is one of the items, or below one */
export function isUnkept(path: string, { model }: KindLosses): boolean {
  return model.some(({ items }) => items.some((item) => path === item || path.startsWith(`${item}.`)));
}
