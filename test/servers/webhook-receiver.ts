/** A case system's webhook on this machine: keeps what it is sent as it came, and answers as a test tells it. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebhookEvent } from '../../src/target/webhook/event.ts';

/** One request as it came. */
export interface Call {
  readonly headers: IncomingMessage['headers'];
  /** byte for byte */
  readonly body: string;
  readonly event: WebhookEvent;
}

/** A status, with headers where it matters; `cut`: the event was read, and its answer is lost; `silent`: never answers. */
export type Reply =
  | number
  | 'cut'
  | 'silent'
  | { readonly status: number; readonly headers: Readonly<Record<string, string>> };

export interface Receiver {
  readonly url: string;
  readonly calls: Call[];
  /** replaces how it answers */
  answer(with_: (call: Call, at: number) => Reply): void;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const calls: Call[] = [];
  let reply: (call: Call, at: number) => Reply = () => 200;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      return; // the caller has gone in the middle of its request
    }
    const body = Buffer.concat(chunks).toString();
    const call = { headers: request.headers, body, event: JSON.parse(body) as WebhookEvent };
    calls.push(call);
    const said = reply(call, calls.length - 1);
    if (said === 'silent') return;
    if (said === 'cut') return void response.destroy();
    const { status, headers } = typeof said === 'number' ? { status: said, headers: {} } : said;
    response.writeHead(status, { 'content-type': 'text/plain', ...headers });
    response.end(status < 300 ? 'ok' : 'no');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    calls,
    answer: (with_) => {
      reply = with_;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
