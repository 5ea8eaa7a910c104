/** Turns the JSON of a rules file into checked rules, or into issues that say where it is wrong. */
import { z } from 'zod';
import { type Checked, issueOf, outcomeOf } from '../../fhir/outcome.ts';

/** What every rule says: of which elements, and why. */
const said = {
  path: z.string().min(1),
  reason: z.string().min(1),
};
const number = z.number();
const primitive = z.union([z.string(), z.number(), z.boolean()]);

const ruleSchema = z.discriminatedUnion('method', [
  z.strictObject({ ...said, method: z.literal('keep') }),
  z.strictObject({ ...said, method: z.literal('redact') }),
  z.strictObject({ ...said, method: z.literal('pseudonym') }),
  z.strictObject({ ...said, method: z.literal('hash') }),
  z.strictObject({ ...said, method: z.literal('encrypt') }),
  z.strictObject({ ...said, method: z.literal('substitute'), with: primitive }),
  z.strictObject({
    ...said,
    method: z.literal('dateShift'),
    timeOfDay: z.enum(['drop', 'keep']).default('drop'),
  }),
  z.strictObject({
    ...said,
    method: z.literal('perturb'),
    range: number.positive(),
    of: z.enum(['units', 'value']).default('units'),
    digits: z.int().min(0).max(6).default(0),
    lowest: number.optional(),
    highest: number.optional(),
  }),
  z
    .strictObject({
      ...said,
      method: z.literal('generalise'),
      to: z.enum(['year', 'month', 'outward']).optional(),
      years: z.int().min(1).max(50).optional(),
      oldest: z.int().min(50).max(120).optional(),
      bands: z.array(number).min(1).optional(),
      expression: z.string().min(1).optional(),
    })
    .refine(
      ({ to, bands, expression }) => [to, bands, expression].filter((one) => one !== undefined).length === 1,
      {
        message: 'say one of "to", "bands" and "expression"',
      },
    )
    .refine(({ to, years, oldest }) => to === 'year' || (years === undefined && oldest === undefined), {
      message: '"years" and "oldest" go with "to": "year"',
    })
    .refine(({ bands }) => bands?.every((band, at) => at === 0 || band > bands[at - 1]!) ?? true, {
      message: '"bands" are the lowest values of the bands, from low to high',
    }),
]);

const rulesSchema = z.strictObject({
  about: z.string().optional(),
  shiftDays: z.int().min(7).max(3_650),
  values: z.record(z.string().regex(/^[A-Za-z]\w*$/), z.union([z.string(), z.array(z.string())])).default({}),
  rules: z.array(ruleSchema).min(1),
});

/** One rule. What no rule speaks of does not leave. */
export type Rule = z.infer<typeof ruleSchema>;

/** A rules file. */
export type Rules = z.infer<typeof rulesSchema>;

/** @param json of a rules file @returns the rules; or every issue, rule `deidentify-rules`, with its place */
export function readRules(json: unknown): Checked<Rules> {
  const parsed = rulesSchema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issues = parsed.error.issues.map(({ path, message }) => {
    const at = path.length === 0 ? 'the rules file' : path.map(String).join('.');
    const diagnostics = `De-identification rules, ${at}: ${message}. Mend it there: docs/de-identification.md lists what a rule may say.`;
    return issueOf({ rule: 'deidentify-rules', code: 'structure', diagnostics });
  });
  return { ok: false, outcome: outcomeOf(...issues) };
}
