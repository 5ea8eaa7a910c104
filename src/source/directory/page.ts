/** Turns a page of GET /services, as HSDS 3 and the UK's earlier version write it, into its services and the way to the next. */
import { type DirectoryTrouble, trouble } from './client.ts';

/** A service as the list has it: in full, or its direct members alone. */
export interface Listed {
  readonly id: string;
  readonly lastModified: string | undefined;
  readonly service: Readonly<Record<string, unknown>>;
}

export interface Page {
  readonly services: readonly Listed[];
  /** entries that have no id */
  readonly nameless: number;
  readonly isLast: boolean;
  /** address of the next page, where the page gives one */
  readonly next: string | undefined;
  readonly totalPages: number | undefined;
}

const LONGEST_ID = 200;

/**
 * @param number of the page that was asked for, from 1
 * @returns a refusal when it is no page, or another one than was asked for
 */
export function pageOf(name: string, body: unknown, number: number): Page | DirectoryTrouble {
  const page = objectOf(body);
  const contents = page?.contents ?? page?.content;
  if (!page || !Array.isArray(contents))
    return trouble(
      'directory-no-page',
      `${name} answered /services with no page of services: "contents" is missing. Check its address.`,
    );
  const own = numberOf(page.page_number) ?? numberOf(page.number);
  // some count from 0
  if (own !== undefined && own !== number && own !== number - 1)
    return trouble(
      'directory-other-page',
      `${name} was asked for page ${number} and gave another: it is asked again later.`,
    );
  const totalPages = numberOf(page.total_pages) ?? numberOf(page.totalPages);
  const listed = contents.map(listedOf);
  const services = listed.filter((one) => one !== undefined);
  const next = typeof page.next === 'string' && page.next !== '' ? page.next : undefined;
  const saysLast = page.last_page === true || page.last === true;
  // An empty page before the last tells only that what was on it has gone elsewhere.
  const isLast =
    saysLast ||
    (totalPages !== undefined
      ? number >= totalPages
      : next === undefined && ('next' in page || contents.length === 0));
  return { services, nameless: listed.length - services.length, isLast, next, totalPages };
}

function listedOf(value: unknown): Listed | undefined {
  const service = objectOf(value);
  const id = service?.id;
  const text = typeof id === 'number' ? `${id}` : id;
  if (!service || typeof text !== 'string' || text.trim() === '' || text.length > LONGEST_ID)
    return undefined;
  const { last_modified: modified } = service;
  return { id: text, lastModified: typeof modified === 'string' ? modified : undefined, service };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}
