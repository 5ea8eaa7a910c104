/** Turns an ITK3 response into what a receiver says of a document: whose it is, that it came, that it is filed, or why not. */
import { type Checked, refuse } from '../../fhir/outcome.ts';
import { type Node, nodesAt, textAt, treeOf } from './xml-tree.ts';

/** infrastructure: a system has it. business: somebody decided about it. */
export type Stage = 'infrastructure' | 'business';
export type Verdict = 'accepted' | 'rejected';

/** What response codes mean; ranges are tried in order. */
export interface ResponseRange {
  readonly from: number;
  readonly to: number;
  readonly stage: Stage;
  readonly verdict: Verdict;
  /** what somebody here should do */
  readonly advice: string;
}

export interface Acknowledgement {
  /** SenderReference of the document's message, repeated */
  readonly senderReference: string | undefined;
  /** id of the MessageHeader that is answered */
  readonly headerId: string | undefined;
  readonly stage: Stage;
  readonly verdict: Verdict;
  /** as the receiver's system gave it */
  readonly code: string | undefined;
  readonly advice: string;
}

/** As they are usually given. The specification could not be read: they are configuration. */
export const RESPONSE_RANGES: readonly ResponseRange[] = [
  {
    from: 20013,
    to: 20013,
    stage: 'infrastructure',
    verdict: 'accepted',
    advice: 'It has reached the system of the practice, and waits there to be filed.',
  },
  {
    from: 10001,
    to: 20012,
    stage: 'infrastructure',
    verdict: 'rejected',
    advice: 'The system of the practice could not take the message: ask its supplier about the code.',
  },
  {
    from: 30001,
    to: 30001,
    stage: 'business',
    verdict: 'accepted',
    advice: 'The practice has taken it.',
  },
  {
    from: 30002,
    to: 39999,
    stage: 'business',
    verdict: 'rejected',
    advice: 'The practice did not take it: ask whether the person is registered there.',
  },
];

/**
 * @param text XML or JSON of an ITK message Bundle
 * @returns refused where it is no answer, asks for an answer itself, or its response and its code contradict each other
 * @source NHS Digital, ITK3 Message Distribution 2.5.0, response message
 */
export function readAcknowledgement(
  text: string,
  ranges: readonly ResponseRange[] = RESPONSE_RANGES,
): Checked<Acknowledgement> {
  const tree = treeOf(text);
  if (!tree.ok) return tree;
  const entries = nodesAt(tree.value, 'Bundle', 'entry', 'resource');
  const header = nodesAt(
    entries.find((one) => 'MessageHeader' in one),
    'MessageHeader',
  )[0];
  const response = nodesAt(header, 'response')[0];
  if (header === undefined || response === undefined)
    return refused('it has no MessageHeader.response: it answers nothing');
  const handling = nodesAt(header, 'extension').flatMap((one) => nodesAt(one, 'extension'));
  if (asksBack(handling)) return refused('it asks for an acknowledgement itself, which would never end');
  const code = codeIn(entries);
  const range = code === undefined ? undefined : rangeOf(ranges, Number(code));
  const said = textAt(response, 'code');
  const verdict = verdictOf(said, range);
  if (verdict === undefined)
    return refused(
      `its response "${safe(said)}" and its code ${safe(code)} do not say one thing: look at it, and set "responses" if the code is missing there`,
    );
  return {
    ok: true,
    value: {
      senderReference: partOf(handling, 'SenderReference', 'valueString'),
      headerId: textAt(response, 'identifier'),
      // a code that nobody knows says no more than that a system has it
      stage: range?.stage ?? 'infrastructure',
      verdict,
      code,
      advice: range?.advice ?? 'Its code is not known here: ask the supplier of the practice what it means.',
    },
  };
}

function verdictOf(said: string | undefined, range: ResponseRange | undefined): Verdict | undefined {
  const response = said === 'ok' ? 'accepted' : said === undefined ? undefined : 'rejected';
  if (range === undefined) return response;
  return response === undefined || response === range.verdict ? range.verdict : undefined;
}

function rangeOf(ranges: readonly ResponseRange[], code: number): ResponseRange | undefined {
  return ranges.find(({ from, to }) => code >= from && code <= to);
}

function codeIn(entries: readonly Node[]): string | undefined {
  const outcome = entries.find((one) => 'OperationOutcome' in one);
  return textAt(outcome, 'OperationOutcome', 'issue', 'details', 'coding', 'code');
}

function asksBack(handling: readonly Node[]): boolean {
  return ['BusAckRequested', 'InfAckRequested'].some(
    (name) => partOf(handling, name, 'valueBoolean') === 'true',
  );
}

function partOf(handling: readonly Node[], name: string, value: string): string | undefined {
  return textAt(
    handling.find((one) => textAt(one, 'url') === name),
    value,
  );
}

/** A code and no more: what stands there may be anything. */
function safe(text: string | undefined): string {
  return text === undefined ? 'none' : /^[\w.-]{1,40}$/.test(text) ? text : 'unreadable';
}

function refused(why: string): Checked<never> {
  return refuse({
    code: 'structure',
    rule: 'gp-connect-answer',
    diagnostics: `The message is no acknowledgement that can be gone by: ${why}.`,
    expression: 'MessageHeader.response',
  });
}
