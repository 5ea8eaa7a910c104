/** Measures the validator: our profile of a referral against JSON.parse and @medplum/core, base types against ajv with FHIR's JSON schema. */
import type { Resource, StructureDefinition } from '@medplum/fhirtypes';
import { knownCanonicals, ROOT } from '../src/cli/load.ts';
import { loadBaseDefinitions, STORED_TYPES } from '../src/fhir/definitions.ts';
import { snapshotOf } from '../src/validation/snapshot/snapshot.ts';
import { createValidator, type Validator } from '../src/validation/validator.ts';
import { compare, compareBatches, median, type Result, type Rounds, rounded } from './measure.ts';
import { type Accepts, medplumValidator, schemaValidators } from './validation-peers.ts';
import {
  claimingReferrals,
  parsed,
  REFERRAL_PROFILE,
  storedResources,
  unclaimed,
} from './validation-samples.ts';

const GOALS = { jsonParse: 0.4, medplum: 150, schema: 0.4 };

/** Short rounds, many of them: a round that the machine interrupts is an outlier, and the median drops it. */
const ROUNDS: Rounds = { rounds: 151, calls: 400, warmUpMs: 3_000 };
/** `calls` are passes over the referrals, of ours to one of the other's. */
const MEDPLUM_ROUNDS: Rounds = { rounds: 31, calls: 50 };
const QUICK: Rounds = { rounds: 1, calls: 10 };
/** Characters of JSON a round: small resources take more turns than large ones. */
const SCHEMA_ROUND = 500_000;

/** @returns `validate.profile/jsonparse`, `validate.profile/medplum`, and `validate.base/ajv-schema` a type and for the type in the middle */
export async function benchValidation(smoke: boolean): Promise<readonly Result[]> {
  const canonicals = knownCanonicals(ROOT);
  const validator = createValidator({ canonicals, definitions: loadBaseDefinitions(canonicals) });
  const resources = storedResources();
  const referrals = claimingReferrals(resources, (one) => validator.accepts(one));
  const profile = canonicals.find('StructureDefinition', REFERRAL_PROFILE)!;
  const made = snapshotOf(profile, canonicals);
  if (!made.ok) throw new Error(JSON.stringify(made.outcome.issue));
  return [
    againstJsonParse(validator, referrals, smoke ? QUICK : ROUNDS),
    await againstMedplum(validator, made.value, referrals, smoke ? QUICK : MEDPLUM_ROUNDS),
    ...againstSchema(validator, resources.map(unclaimed), smoke),
  ];
}

/** All that the profile says, its invariants and those of base R4, against reading the same text. Referrals take turns. */
function againstJsonParse(validator: Validator, texts: readonly string[], rounds: Rounds): Result {
  const resources = parsed(texts);
  const result = compare(
    'validate.profile/jsonparse',
    inTurn(resources, (one) => validator.accepts(one)),
    inTurn(texts, (text) => JSON.parse(text)),
    rounds,
  );
  const bytes = median(texts.map((text) => text.length));
  return {
    ...result,
    goal: GOALS.jsonParse,
    note: `${texts.length} referrals, ${rounded(bytes, 0)} bytes in the median`,
  };
}

/** Ours makes many passes over the referrals to one of the other's: few would say nothing of a check that takes microseconds. */
async function againstMedplum(
  validator: Validator,
  profile: StructureDefinition,
  texts: readonly string[],
  { rounds, calls }: Rounds,
): Promise<Result> {
  const accepts = medplumValidator(profile);
  const resources = parsed(texts).filter(accepts);
  const name = 'validate.profile/medplum';
  if (resources.length === 0) throw new Error(`${name}: @medplum/core accepts none of the referrals`);
  const passes = async (check: Accepts, times: number): Promise<number> => {
    for (let pass = 0; pass < times; pass++) for (const resource of resources) check(resource);
    return times * resources.length;
  };
  const ours = (): Promise<number> => passes((one) => validator.accepts(one), calls);
  const other = (): Promise<number> => passes(accepts, 1);
  for (let warm = 0; warm < 3; warm++) await Promise.all([ours(), other()]);
  const result = await compareBatches(name, ours, other, rounds, 'operations/s');
  const note = `the same snapshot; ${resources.length} of ${texts.length} referrals, which both accept`;
  return { ...result, goal: GOALS.medplum, note };
}

/** The base type alone; resources of the type take turns. */
function againstSchema(validator: Validator, resources: readonly Resource[], smoke: boolean): Result[] {
  const name = 'validate.base/ajv-schema';
  const schemas = schemaValidators(STORED_TYPES);
  const measured = STORED_TYPES.flatMap((type): Result[] => {
    const accepts: Accepts = (one) => validator.accepts(one);
    const other = schemas.get(type)!;
    const texts = resources
      .filter((one) => one.resourceType === type && accepts(one) && other(one))
      .map((one) => JSON.stringify(one));
    const samples = parsed([...new Set(texts)]);
    if (samples.length === 0) return [];
    const bytes = rounded(median(texts.map((text) => text.length)), 0);
    const rounds = smoke ? QUICK : { rounds: 31, calls: Math.ceil(SCHEMA_ROUND / bytes), warmUpMs: 1_000 };
    return [
      {
        ...compare(`${name} ${type}`, inTurn(samples, accepts), inTurn(samples, other), rounds),
        note: `${samples.length} resources, ${bytes} bytes in the median`,
      },
    ];
  });
  return [...measured, middle(name, measured)];
}

/** The type in the middle stands for all; the note names the least. */
function middle(name: string, measured: readonly Result[]): Result {
  const sorted = [...measured].sort((a, b) => a.ratio - b.ratio);
  const result = sorted[Math.floor(sorted.length / 2)]!;
  const typeOf = (one: Result): string => one.name.slice(name.length + 1);
  const note = `the middle of ${sorted.length} types, ${typeOf(result)}; the least is ${typeOf(sorted[0]!)}, ${sorted[0]!.ratio}; the schema knows neither invariants nor bindings, and no reference's target`;
  return { ...result, name, goal: GOALS.schema, note };
}

/** @returns a function that takes the next of the items each time */
function inTurn<T>(items: readonly T[], work: (item: T) => unknown): () => unknown {
  let at = 0;
  return () => {
    if (at === items.length) at = 0;
    return work(items[at++]!);
  };
}
