/** The modifiers that are served, by the kind of a parameter. @source FHIR R4, 3.1.1.4.4 */
import type { Fault } from '../../fhir/outcome.ts';
import type { ParameterKind } from '../../store/served-parameters.ts';
import type { ServedParameter } from './served.ts';

type Modified = Pick<ServedParameter, 'code' | 'kind'> &
  Partial<Pick<ServedParameter, 'holds' | 'isCanonical'>>;

/** Besides `:missing` and the type of a reference. */
const MODIFIERS: Readonly<Record<ParameterKind, readonly string[]>> = {
  token: ['not', 'in', 'not-in', 'above', 'below'],
  reference: ['identifier', 'text'],
  string: ['exact', 'contains'],
  uri: ['below', 'above'],
  date: [],
  number: [],
  quantity: [],
  composite: [],
};
/** Identifiers are in no code system: what they have is a type. */
const OF_IDENTIFIERS = ['not', 'text', 'of-type'] as const;

/** @returns those besides `:missing` and the type of a reference */
export function modifiersOf({ code, kind, holds, isCanonical }: Modified): readonly string[] {
  if (code === '_id') return ['not'];
  if (code === '_lastUpdated' || isCanonical) return [];
  if (holds === 'identifiers') return OF_IDENTIFIERS;
  return holds === 'concepts' ? [...MODIFIERS.token, 'text'] : MODIFIERS[kind];
}

/** A modifier narrows what it stands on, so to ignore one would answer with what was not asked for. */
export function unservedModifier(parameter: Modified): Fault {
  const { code, kind } = parameter;
  const isThere = code !== '_id' && code !== '_lastUpdated' && kind !== 'composite';
  const served = [...(isThere ? ['missing'] : []), ...modifiersOf(parameter)].map((one) => `:${one}`);
  const or = served.length === 0 ? '' : `, or with ${served.join(', ')}`;
  return {
    code: 'not-supported',
    rule: 'api-search-modifier',
    diagnostics: `${code}: this modifier is not served; use it as it is${or}.`,
    expression: `http.${code}`,
  };
}
