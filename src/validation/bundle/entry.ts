/** Reads the entries of a Bundle into the parts that its rules ask for, whatever form they have. */
import { jsonOf, textOf } from '../json-parts.ts';
import type { Json } from '../run.ts';

export interface Entry {
  readonly index: number;
  readonly fullUrl: string | undefined;
  readonly resource: Json | undefined;
  /** of the resource */
  readonly type: string | undefined;
  readonly id: string | undefined;
  readonly request: Json | undefined;
  readonly response: Json | undefined;
  readonly search: Json | undefined;
}

/** A URL of a resource on a server. */
export interface RestfulUrl {
  /** with a slash at the end */
  readonly base: string;
  readonly type: string;
  readonly id: string;
}

const RESTFUL = /^(https?:\/\/\S+\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/;

/** @source hl7.org/fhir/R4/references.html#regex */
export function restfulOf(url: string): RestfulUrl | undefined {
  const found = RESTFUL.exec(url);
  return found ? { base: found[1]!, type: found[2]!, id: found[3]! } : undefined;
}

export function entriesOf({ entry }: Json): readonly Entry[] {
  if (!Array.isArray(entry)) return [];
  return Array.from(entry, (one: unknown, index) => {
    const { fullUrl, resource, request, response, search } = jsonOf(one) ?? {};
    const content = jsonOf(resource);
    return {
      index,
      fullUrl: textOf(fullUrl),
      resource: content,
      type: textOf(content?.resourceType),
      id: textOf(content?.id),
      request: jsonOf(request),
      response: jsonOf(response),
      search: jsonOf(search),
    };
  });
}
