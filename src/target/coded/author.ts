/** Turns references to whoever made something into the author that a coded entry names; never the software that carried it. */
import type { Organization, Practitioner, PractitionerRole, Reference, Resource } from '@medplum/fhirtypes';
import type { CodedAuthor } from '../../referral/coded/entry.ts';
import type { ResourceKey } from '../../store/store.ts';
import { odsOf } from './person.ts';

const OF_STAFF = /^(Practitioner|PractitionerRole|Organization)\//;

/** @returns those of the references that can be an author, without versions */
export function staffKeys(references: readonly Reference[]): readonly ResourceKey[] {
  return references.flatMap(({ reference = '' }) =>
    OF_STAFF.test(reference) ? [reference.replace(/\/_history\/.*$/, '') as ResourceKey] : [],
  );
}

/** @returns what roles and practitioners lead to, and must be read too */
export function furtherKeys(read: readonly Resource[]): readonly ResourceKey[] {
  return staffKeys(
    read.flatMap((one) =>
      one.resourceType === 'PractitionerRole' ? [one.practitioner ?? {}, one.organization ?? {}] : [],
    ),
  );
}

/** @param read by key @returns the first of the references that names somebody; undefined where none does */
export function authorOf(
  references: readonly Reference[],
  read: ReadonlyMap<string, Resource>,
): CodedAuthor | undefined {
  for (const key of staffKeys(references)) {
    const author = authorIn(read.get(key), read);
    if (author) return author;
  }
  return undefined;
}

function authorIn(found: Resource | undefined, read: ReadonlyMap<string, Resource>): CodedAuthor | undefined {
  if (found?.resourceType === 'Practitioner') return named({ name: practitionerName(found) });
  if (found?.resourceType === 'Organization') {
    const name = found.name ?? '';
    return named({ name, organisation: name, ods: odsOf({ reference: `Organization/${found.id}` }, read) });
  }
  return found?.resourceType === 'PractitionerRole' ? ofRole(found, read) : undefined;
}

function ofRole(role: PractitionerRole, read: ReadonlyMap<string, Resource>): CodedAuthor | undefined {
  const practitioner = read.get(role.practitioner?.reference ?? '') as Practitioner | undefined;
  const organization = read.get(role.organization?.reference ?? '') as Organization | undefined;
  const organisation = organization?.name ?? role.organization?.display;
  const ods = odsOf(role.organization, read);
  const name = (practitioner && practitionerName(practitioner)) || role.practitioner?.display;
  return named({ name: name ?? organisation ?? '', role: roleName(role), ods, organisation });
}

function named({ name, role, ods, organisation }: CodedAuthor): CodedAuthor | undefined {
  if (name === '' && ods === undefined) return undefined;
  return {
    name,
    ...(role === undefined ? {} : { role }),
    ...(ods === undefined ? {} : { ods }),
    ...(organisation ? { organisation } : {}),
  };
}

function roleName({ code = [] }: PractitionerRole): string | undefined {
  const [first] = code;
  return first?.text ?? first?.coding?.find(({ display }) => display)?.display;
}

function practitionerName({ name = [] }: Practitioner): string {
  const found = name.find(({ use }) => use === 'official') ?? name.find(({ use }) => use !== 'old');
  if (!found) return '';
  const { text, prefix = [], given = [], family = '' } = found;
  return text ?? [...prefix, ...given, family].filter((part) => part !== '').join(' ');
}
