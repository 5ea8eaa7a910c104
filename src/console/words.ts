/** Turns FHIR types and kinds of record into what the people at their source call them. */
import type { SourceManifest, Thing, Words } from '../source/kind.ts';

/** What a source calls its things. */
export interface Wording {
  word(thing: Thing): string;
  /** @returns a noun for a resource of this type: `referral` for a ServiceRequest */
  ofType(type: string): string;
  /** @returns the source's word for a kind of record; without one, the kind as its address has it */
  ofKind(kind: string): string;
}

/** @param source undefined where the source of what is shown is not known */
export type Wordings = (source: string | undefined) => Wording;

const OF_TYPE: Readonly<Record<string, Thing>> = {
  Patient: 'person',
  ServiceRequest: 'referral',
  Encounter: 'contact',
  QuestionnaireResponse: 'questionnaire',
};
const OF_KIND: Readonly<Record<string, Thing>> = {
  referral: 'referral',
  contact: 'contact',
  questionnaire: 'questionnaire',
  support: 'activity',
  outcome: 'outcome',
};
const NO_WORDS = wordingOf({});

export function wordings(manifests: readonly Pick<SourceManifest, 'name' | 'words'>[]): Wordings {
  const bySource = new Map(manifests.map(({ name, words = {} }) => [name, wordingOf(words)]));
  return (source) => (source === undefined ? undefined : bySource.get(source)) ?? NO_WORDS;
}

function wordingOf(words: Words): Wording {
  const word = (thing: Thing): string => words[thing] ?? thing;
  return {
    word,
    ofType(type) {
      const thing = OF_TYPE[type];
      return thing === undefined ? inWords(type) : word(thing);
    },
    ofKind(kind) {
      const thing = OF_KIND[kind];
      return (thing && words[thing]) ?? kind;
    },
  };
}

/** `EpisodeOfCare` is an episode of care. */
function inWords(type: string): string {
  return type.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}
