/** Turns what cannot be read as an HTTP request into an answer with an outcome, where the runtime would send no reason. */
import type { Duplex } from 'node:stream';
import { type Fault, issueOf, outcomeOf } from '../fhir/outcome.ts';

interface Refusal {
  /** status line, without the version */
  readonly status: string;
  readonly fault: Fault;
}

const UNREADABLE: Refusal = {
  status: '400 Bad Request',
  fault: {
    code: 'structure',
    rule: 'api-request',
    diagnostics: 'This is not an HTTP request that can be read: check how the client writes it.',
  },
};
const BY_CODE: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    fault: {
      code: 'too-long',
      rule: 'api-header-size',
      diagnostics: 'The address and headers are longer than 16 kB together: ask for less at once.',
    },
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    fault: {
      code: 'timeout',
      rule: 'api-request-time',
      diagnostics: 'The request did not arrive in time: send it again, in smaller parts.',
    },
  },
};

/** Listener for a server's `clientError`. */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const { status, fault } = BY_CODE[error.code ?? ''] ?? UNREADABLE;
  const body = JSON.stringify(outcomeOf(issueOf(fault)));
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/fhir+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
