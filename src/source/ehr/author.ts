/** Finds who made a change at an EHR: by the Provenance that came along, else by what the resource says of itself. */
import type { Provenance, ProvenanceAgent, Reference } from '@medplum/fhirtypes';
import { authorOf } from '../../fhir/provenance.ts';
import type { Identified } from '../../store/store.ts';

/** In order of weight; members of the types that EHRs change. */
const MEMBERS = [
  'author',
  'recorder',
  'requester',
  'asserter',
  'performer',
  'informant',
  'source',
  'sender',
] as const;

type Who = ProvenanceAgent['who'] | undefined;

/**
 * @param resource as translated
 * @param provenance of the change, as translated
 * @returns undefined where nobody is named: the EHR itself then stands for its author
 */
export function authorIn(resource: Identified, provenance: Provenance | undefined): Who {
  const agents = provenance?.agent ?? [];
  const isAuthor = ({ type }: ProvenanceAgent): boolean =>
    type?.coding?.some(({ code }) => code === 'author') === true;
  const agent = agents.find(isAuthor) ?? agents[0];
  return (
    known(agent?.onBehalfOf && !known(agent.who) ? agent.onBehalfOf : agent?.who) ??
    authorOf([resource]) ??
    namedIn(resource)
  );
}

function namedIn(resource: Identified): Who {
  const members = resource as unknown as Record<string, unknown>;
  for (const name of MEMBERS) {
    const value = Array.isArray(members[name]) ? members[name][0] : members[name];
    const reference = known(
      (value as { actor?: Reference } | undefined)?.actor ?? (value as Reference | undefined),
    );
    if (reference) return reference;
  }
  return undefined;
}

function known(who: Reference | undefined): Who {
  return typeof who?.reference === 'string' || typeof who?.identifier?.value === 'string'
    ? (who as Who)
    : undefined;
}
