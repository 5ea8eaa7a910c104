/** Turns a status code of MESH into a sentence for whoever has to do something about it. */

/** @source MESH API, error codes; GP Connect messaging for EPL */
const ADVICE: Readonly<Record<string, string>> = {
  '02': 'The data of the message was missing: send it again; where it happens again, tell whoever runs the adapter.',
  '06': 'A header was malformed: look at receiver, workflow and file name, then send it again.',
  '07': 'The sending mailbox was not taken for ours: have the mailbox of the configuration checked.',
  '08': 'No receiver was named: name one, then send it again.',
  '11': 'The type of the message was not known: tell whoever runs the adapter.',
  '12': 'The receiving mailbox is not registered: ask the receiver for its mailbox, or look it up, then send it again.',
  '14': 'It was not collected within five days: ring the receiver, who may have stopped reading the mailbox; then send it again, or another way.',
  '16': 'Our mailbox may not send this workflow to that one: ask the receiver, or the MESH team, to allow it.',
  '17': 'The receiving mailbox is not registered for this workflow: ask the receiver which mailbox takes it.',
  '18': 'The message was not well formed: tell whoever runs the adapter.',
  '19': 'The message could not be transferred: send it again; where it happens again, ask the MESH team.',
  '20': 'The message does not exist any more, or never did: ask the receiver whether it arrived before it is sent again.',
  'EPL-150': 'More than one mailbox takes it for this practice: find the right one, and name it as receiver.',
  'EPL-151': 'The practice of this person has no mailbox that takes it: send it another way.',
  'EPL-152': 'The NHS number in the address is not valid: correct it in the record, then send it again.',
  'EPL-153':
    'Nobody is known under the NHS number in the address: check the number with the person, correct the record, then send it again.',
  'EPL-154':
    'Birth date or surname in the address are not those of the NHS number: check them with the person, correct the record, then send it again.',
};

/** @returns what to do; one sentence for codes that are not known */
export function adviceOf(code: string | undefined): string {
  const known = code === undefined ? undefined : ADVICE[code.toUpperCase()];
  return (
    known ??
    'MESH did not deliver it and gave no reason that is known here: ask the receiver, then send it again or another way.'
  );
}

/** @returns the code as it may be shown: what is none is left out */
export function shownCode(code: string | undefined): string | undefined {
  return code !== undefined && /^[A-Za-z0-9-]{1,20}$/.test(code) ? code : undefined;
}

/** Not collected in time. */
export const NOT_COLLECTED = '14';
