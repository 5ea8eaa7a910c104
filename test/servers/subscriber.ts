/** A subscriber: takes notifications over HTTP, keeps them, and answers as it is told. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Bundle, Parameters } from '@medplum/fhirtypes';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface Subscriber {
  readonly url: string;
  /** in the order in which they came */
  readonly calls: readonly Call[];
  /** how the next calls are answered, one after the other; 200 when there is nothing left */
  answers: { status: number; headers?: Readonly<Record<string, string>> }[];
  /** resolves when something holds of the calls */
  until(holds: (calls: readonly Call[]) => boolean): Promise<void>;
  close(): Promise<void>;
}

const LONGEST_MS = 20_000;

export async function startSubscriber(port = 0): Promise<Subscriber> {
  const calls: Call[] = [];
  let told: () => void = () => {};
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      calls.push({ method: request.method!, path: request.url!, headers: request.headers, body });
      const { status, headers } = subscriber.answers.shift() ?? { status: 200, headers: {} };
      response.writeHead(status, headers).end();
      told();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const subscriber: Subscriber = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    calls,
    answers: [],
    async until(holds) {
      const end = Date.now() + LONGEST_MS;
      while (!holds(calls)) {
        if (Date.now() > end)
          throw new Error(`still not so, after calls ${JSON.stringify(calls.map(typeOf))}`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 100);
          told = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return subscriber;
}

/** @returns the status that a notification begins with, by name */
export function statusIn({ body }: Call): Readonly<Record<string, unknown>> {
  const parameters = (body as Bundle | undefined)?.entry?.[0]?.resource as Parameters | undefined;
  return Object.fromEntries(
    (parameters?.parameter ?? []).map(({ name, part, ...value }) => [name, part ?? Object.values(value)[0]]),
  );
}

export function typeOf(call: Call): string {
  return String(statusIn(call).type ?? call.method);
}

/** @returns numbers of the events that were told, in the order in which they came */
export function numbersIn(calls: readonly Call[]): number[] {
  return calls.flatMap(({ body }) => {
    const parameters = (body as Bundle | undefined)?.entry?.[0]?.resource as Parameters | undefined;
    return (parameters?.parameter ?? [])
      .filter(({ name }) => name === 'notification-event')
      .map(({ part }) => Number(part?.find(({ name }) => name === 'event-number')?.valueString));
  });
}
